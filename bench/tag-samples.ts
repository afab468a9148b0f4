import { createCipheriv } from 'node:crypto';
import { atc } from '../drivers/atc/driver.ts';
import { bthome } from '../drivers/bthome/driver.ts';
import { eddystoneTlm } from '../drivers/eddystone-tlm/driver.ts';
import { elaPuck } from '../drivers/ela-puck/driver.ts';
import { ibeacon } from '../drivers/ibeacon/driver.ts';
import { ruuvi } from '../drivers/ruuvi/driver.ts';
import { teltonikaEye } from '../drivers/teltonika-eye/driver.ts';
import type { AdvertisingDriver } from '../src/driver-kit/define-driver.ts';

/** One kind of tag, and the structures of its advertisements. */
export interface TagSample {
  readonly name: string;
  readonly driver: AdvertisingDriver;
  readonly options: object;
  /** The structures of one advertisement; another index is other news. */
  readonly bytes: (index: number) => Uint8Array;
  /** Every advertisement is news, or none but the first, or it is to be refused. */
  readonly is: 'news' | 'identity' | 'forged';
}

export const TAG_ADDRESS = 'C0:DE:C0:DE:00:01';
const KEY = '00112233445566778899AABBCCDDEEFF';
const FLAGS = [2, 1, 6];

/** One of each format, with counters, sequence numbers or values that follow the index. */
export const TAG_SAMPLES: readonly TagSample[] = [
  sample('BTHome, a count', bthome, (index) => [...FLAGS, ...service(0xfcd2, [0x40, 0, index & 0xff, 0x3e, ...low(index, 4)])]),
  sample('BTHome, six objects', bthome, (index) => [...FLAGS, ...service(0xfcd2, [0x40, 0, index & 0xff, 1, 97, 2, ...low(index, 2), 3, 0xbf, 0x13, 0x0c, 0x02, 0x0c, 0x3e, ...low(index, 4)])]),
  { ...sample('BTHome, encrypted', bthome, (index) => [...FLAGS, ...service(0xfcd2, bthomeSealed(index + 1))]), options: { keyFile: KEY } },
  { ...sample('BTHome, forged', bthome, (index) => [...FLAGS, ...service(0xfcd2, [...bthomeSealed(42).slice(0, -4), ...low(index, 4)])]), options: { keyFile: KEY }, is: 'forged' },
  sample('Ruuvi 5', ruuvi, (index) => [...FLAGS, ...company(0x0499, [...hex('0512FC5394C37C0004FFFC040CAC3642'), ...high(index, 2), ...hex('C0DEC0DE0001')])]),
  sample('Ruuvi 6', ruuvi, (index) => [...FLAGS, ...company(0x0499, [...hex('06170C5668'), ...high(index % 0xffff, 2), ...hex('007000C90501D9FF'), index & 0xff, ...hex('CDDE0001')])]),
  sample('Ruuvi E1', ruuvi, (index) => company(0x0499, [...hex('E1170C5668C79E0065007004BD11CA00C90A0213E0AC000000'), ...high(index, 3), ...hex('000000000000C0DEC0DE0001')])),
  sample('ELA, pulses', elaPuck, (index) => company(0x0757, [0x62, ...low(index, 2)])),
  sample('ELA, climate and battery', elaPuck, (index) => [...company(0x0757, [0x21, 45, 0x12, ...low(index, 2)]), ...company(0x0757, [0xf2, ...low(index >> 2, 2)])]),
  sample('Teltonika EYE', teltonikaEye, (index) => company(0x089a, [0x01, 0xb7, ...high(index, 2), 0x12, ...high(index, 2), 0x0b, 0xff, 0xc7, 0x67])),
  sample('Eddystone TLM', eddystoneTlm, (index) => [...FLAGS, ...service(0xfeaa, [0x20, 0, 0x0b, 0xb8, 0x15, 0, ...high(index, 4), ...high(index, 4)])]),
  sample('ATC1441', atc, (index) => service(0x181a, [...hex('C0DEC0DE0001'), ...high(index, 2), 45, 95, 0x0b, 0xb8, index & 0xff])),
  sample('PVVX', atc, (index) => service(0x181a, [...hex('0100DEC0DEC0'), ...low(index, 2), 0xc4, 0x11, 0xb8, 0x0b, 95, index & 0xff, 5])),
  { ...sample('PVVX, encrypted', atc, (index) => service(0x181a, pvvxSealed(index))), options: { keyFile: KEY } },
  { ...sample('iBeacon', ibeacon, () => [...FLAGS, ...company(0x004c, hex('021500112233445566778899AABBCCDDEEFF01234567FC'))]), is: 'identity' },
];

function sample(name: string, driver: AdvertisingDriver, bytes: (index: number) => readonly number[]): TagSample {
  return { name, driver, options: {}, bytes: (index) => Uint8Array.from(bytes(index)), is: 'news' };
}

/** A count of 123,456 and more under the counter (bthome.io/encryption). */
function bthomeSealed(counter: number): readonly number[] {
  const nonce = [...hex('C0DEC0DE0001'), 0xd2, 0xfc, 0x41, ...low(counter, 4)];
  const { ciphertext, tag } = sealed(nonce, [0x3e, ...low(123_456 + counter, 4)]);
  return [0x41, ...ciphertext, ...low(counter, 4), ...tag];
}

/** Temperature, humidity, battery and flags (ble_monitor, ble_parser/atc.py). */
function pvvxSealed(index: number): readonly number[] {
  const counter = index & 0xff;
  const { ciphertext, tag } = sealed([...hex('0100DEC0DEC0'), 14, 0x16, 0x1a, 0x18, counter], [...low(index, 2), 0xc4, 0x11, 95, 5], [0x11]);
  return [counter, ...ciphertext, ...tag];
}

function sealed(nonce: readonly number[], plain: readonly number[], additional: readonly number[] = []): { readonly ciphertext: readonly number[]; readonly tag: readonly number[] } {
  const cipher = createCipheriv('aes-128-ccm', Buffer.from(KEY, 'hex'), Uint8Array.from(nonce), { authTagLength: 4 });
  if (additional.length > 0) cipher.setAAD(Uint8Array.from(additional), { plaintextLength: plain.length });
  const ciphertext = [...cipher.update(Uint8Array.from(plain)), ...cipher.final()];
  return { ciphertext, tag: [...cipher.getAuthTag()] };
}

function service(uuid: number, bytes: readonly number[]): readonly number[] {
  return [bytes.length + 3, 0x16, ...low(uuid, 2), ...bytes];
}

function company(id: number, bytes: readonly number[]): readonly number[] {
  return [bytes.length + 3, 0xff, ...low(id, 2), ...bytes];
}

function low(value: number, bytes: number): readonly number[] {
  return Array.from({ length: bytes }, (_, index) => (value >>> (8 * index)) & 0xff);
}

function high(value: number, bytes: number): readonly number[] {
  return low(value, bytes).toReversed();
}

function hex(digits: string): readonly number[] {
  return [...Buffer.from(digits, 'hex')];
}

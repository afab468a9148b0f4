import { addressBytes, type Advertisement, spokenAddress } from '../../src/driver-kit/advertisement.ts';
import { openedCcm } from '../../src/driver-kit/aes-ccm.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { BATTERY_LEVEL, fieldObservation, type ScaledField, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { keyBytes, notUnderstood, refuseOtherSender } from '../../src/driver-kit/codecs/tag-trust.ts';
import { type MeterObservation, ProtocolError } from '../../src/driver-kit/vocabulary.ts';

/*
 * Service data 181A in four forms, told by their lengths (ble_monitor, ble_parser/atc.py):
 *
 *   ATC1441, 13 bytes, high byte first    A4C1388D18B2  00E7  2D  5F  0BB8  10
 *                                         address       |     |   |   mV    counter
 *                                                       |     |   battery in %
 *                                                       |     humidity in %
 *                                                       temperature x 0.1 degC
 *   PVVX, 15 bytes, low byte first        B2188D38C1A4  0709  C411  B80B  5F  10  05
 *                                         reversed      |     |     mV    %   |   flags
 *                                                       |     humidity x 0.01 %
 *                                                       temperature x 0.01
 *   encrypted, 11 (PVVX) or 8 bytes       counter, ciphertext of 6 or 3, tag of 4
 */

/** What a payload says; its counter is the packet id. */
export interface AtcPayload {
  readonly kind: 'atc' | 'pvvx' | 'sealed';
  readonly observations: readonly MeterObservation[];
  readonly counter: number;
}

/** Reads service data. Throws a ProtocolError: another length, another sender's address, in clear though there is a key, a wrong key. */
export function decodedAtc(payload: Uint8Array, advertisement: Advertisement, key: string | undefined): AtcPayload {
  const isPlain = payload.length === ATC_BYTES || payload.length === PVVX_BYTES;
  if (!isPlain && payload.length !== 8 && payload.length !== 11) throw notUnderstood(WHERE, `${payload.length} bytes are none of the four forms`);
  if (!isPlain) return sealed(payload, advertisement, key);
  if (key !== undefined) throw new ProtocolError({ where: WHERE, what: 'it sends in clear although there is a key for it', remedy: 'Someone sends in its name, or its encryption was switched off', fault: 'unexpected' });
  const isAtc = payload.length === ATC_BYTES;
  refuseOtherSender(WHERE, spokenAddress(payload, 0, 6, isAtc ? 'high first' : 'low first'), advertisement);
  const observations = isAtc ? valuesOf(ATC, payload, 'high first') : valuesOf(PVVX, payload, 'low first');
  return { kind: isAtc ? 'atc' : 'pvvx', observations, counter: payload[isAtc ? 12 : 13] ?? 0 };
}

function sealed(payload: Uint8Array, advertisement: Advertisement, key: string | undefined): AtcPayload {
  if (key === undefined) throw new ProtocolError({ where: WHERE, what: 'it sends encrypted', remedy: 'Write its key into a file and name that in "keyFile"', fault: 'unexpected' });
  const counter = payload[0] ?? 0;
  const nonce = new Uint8Array(11);
  nonce.set(addressBytes(advertisement.address)?.toReversed() ?? []);
  // Length, type, UUID and counter as they stand in the advertisement; the length counts the three bytes before the payload.
  nonce.set([payload.length + 3, 0x16, 0x1a, 0x18, counter], 6);
  const end = payload.length - TAG_BYTES;
  const plain = openedCcm({ key: keyBytes(WHERE, key), nonce, ciphertext: payload.subarray(1, end), tag: payload.subarray(end), additional: ADDITIONAL });
  if (plain === undefined) throw new ProtocolError({ where: WHERE, what: 'its tag does not fit: another key, damage or forgery', remedy: 'Compare the key with the one in the tag', fault: 'corrupt' });
  return { kind: 'sealed', observations: plain.length === 6 ? valuesOf(PVVX_SEALED, plain, 'low first') : atcSealed(plain), counter };
}

/** Battery in seven bits; the eighth says that a threshold is crossed. */
function atcSealed(plain: Uint8Array): readonly MeterObservation[] {
  const level = fieldObservation(BATTERY_LEVEL, Uint8Array.of((plain[2] ?? 0) & 0x7f), 0, 'low first');
  return [...valuesOf(ATC_SEALED, plain, 'low first'), { ...level, raw: hexOf(plain.subarray(2, 3)) }];
}

type Layout = readonly (readonly [at: number, field: ScaledField])[];

function valuesOf(layout: Layout, payload: Uint8Array, order: 'low first' | 'high first'): readonly MeterObservation[] {
  return layout.map(([at, field]) => fieldObservation(field, payload, at, order));
}

const MILLIVOLTS = scaledField('battery-voltage', 'voltage', 'u16', '0.001');
const HUNDREDTHS = scaledField('temperature', 'temperature', 's16', '0.01');
const FINE_HUMIDITY = scaledField('humidity', 'humidity', 'u16', '0.01');

const ATC: Layout = [
  [6, scaledField('temperature', 'temperature', 's16', '0.1')],
  [8, scaledField('humidity', 'humidity', 'u8', '1')],
  [9, BATTERY_LEVEL],
  [10, MILLIVOLTS],
];
const PVVX: Layout = [
  [6, HUNDREDTHS],
  [8, FINE_HUMIDITY],
  [10, MILLIVOLTS],
  [12, BATTERY_LEVEL],
];
const PVVX_SEALED: Layout = [
  [0, HUNDREDTHS],
  [2, FINE_HUMIDITY],
  [4, BATTERY_LEVEL],
];
const ATC_SEALED: Layout = [
  [0, scaledField('temperature', 'temperature', 'u8', '0.5', { offset: '-40' })],
  [1, scaledField('humidity', 'humidity', 'u8', '0.5')],
];

const WHERE = 'atc';
const ADDITIONAL = Uint8Array.of(0x11);
const ATC_BYTES = 13;
const PVVX_BYTES = 15;
const TAG_BYTES = 4;

import { bthome } from '../drivers/bthome/driver.ts';
import { elaPuck } from '../drivers/ela-puck/driver.ts';
import { ruuvi } from '../drivers/ruuvi/driver.ts';
import { readStructures } from '../src/driver-kit/codecs/advertising-structures.ts';
import type { AdvertisingDriver } from '../src/driver-kit/define-driver.ts';

/** One figure: advertisements a second that one core decodes, from the bytes of their structures to observations. */
export interface TagFigure {
  readonly name: string;
  readonly perSecond: number;
}

/** Measures the decoders of tags on this core: every advertisement news, or a hundred repeats of each, as tags send them. */
export function measureTags(advertisements = 200_000): readonly TagFigure[] {
  const key = '00112233445566778899AABBCCDDEEFF';
  const count = (index: number): readonly number[] => [index & 0xff, (index >> 8) & 0xff, (index >> 16) & 0xff, 0];
  const counting = (index: number): Buffer => Buffer.from([2, 1, 6, 11, 0x16, 0xd2, 0xfc, 0x40, 0, index & 0xff, 0x3e, ...count(index)]);
  const climate = (index: number): Buffer => Buffer.concat([Buffer.from('0201061BFF99040512FC5394C37C0004FFFC040CAC3642', 'hex'), Buffer.from([(index >> 8) & 0xff, index & 0xff]), Buffer.from('C0DEC0DE0001', 'hex')]);
  const pulses = (index: number): Buffer => Buffer.from([6, 0xff, 0x57, 0x07, 0x62, index & 0xff, (index >> 8) & 0xff]);
  const sealed = Buffer.from('02010611 16D2FC 41DDCC7B71D42A00000080AB434F'.replaceAll(' ', ''), 'hex');
  return [
    figure('BTHome count, all news', bthome, {}, advertisements, counting),
    figure('BTHome count, each 100 times', bthome, {}, advertisements, (index) => counting(Math.floor(index / 100))),
    figure('BTHome encrypted, repeats', bthome, { keyFile: key }, advertisements, () => sealed),
    figure('BTHome encrypted, forged', bthome, { keyFile: key }, advertisements / 4, (index) => Buffer.concat([sealed.subarray(0, -1), Buffer.from([index & 0x3f])])),
    figure('Ruuvi 5, all news', ruuvi, {}, advertisements, climate),
    figure('Ruuvi 5, each 100 times', ruuvi, {}, advertisements, (index) => climate(Math.floor(index / 100))),
    figure('ELA pulses, all news', elaPuck, {}, advertisements, pulses),
  ];
}

function figure(name: string, driver: AdvertisingDriver, given: object, total: number, bytesOf: (index: number) => Uint8Array): TagFigure {
  const options = { ...driver.options.parse({}), ...given };
  const heading = { address: 'C0:DE:C0:DE:00:01', addressType: 'random', connectable: false, rssi: -60 } as const;
  const all = Array.from({ length: total }, (_, index) => bytesOf(index));
  let state: unknown;
  let heard = 0;
  const before = process.cpuUsage();
  for (const bytes of all) {
    const { advertisement } = readStructures(bytes, heading);
    if (!driver.matches(advertisement)) throw new Error(`${name}: it does not match`);
    try {
      const decoded = driver.decode(advertisement, options, state, 1);
      state = decoded.state;
      heard += decoded.observations.length;
    } catch {
      continue; // a forged one, as it should be
    }
  }
  const { user, system } = process.cpuUsage(before); // of this process alone: others may want the core too
  const perSecond = total / ((user + system) / 1e6);
  if (heard === 0 && !name.endsWith('forged')) throw new Error(`${name}: nothing was heard`);
  return { name, perSecond };
}

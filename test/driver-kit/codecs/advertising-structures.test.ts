import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfHex, hexOf } from '../../../src/driver-kit/bytes.ts';
import { readStructures } from '../../../src/driver-kit/codecs/advertising-structures.ts';

const HEADING = { address: 'C0:DE:C0:DE:00:01', addressType: 'random', connectable: true, rssi: -70 } as const;
const read = (hex: string) => readStructures(bytesOfHex(hex), HEADING);

describe('the structures of an advertisement', () => {
  it('are read with their scan response behind them', () => {
    const { advertisement, cutShortBytes } = read('02 01 06 05 03 AA FE 0F 18 06 16 D2 FC 40 01 5D 05 FF 99 04 05 12 05 FF 57 07 F1 45 05 09 54 61 67 31');
    expect(cutShortBytes).toBe(0);
    expect(advertisement).toMatchObject({ ...HEADING, name: 'Tag1', serviceUuids: ['feaa', '180f'] });
    expect(advertisement.services.map(({ uuid, bytes }) => [uuid, hexOf(bytes)])).toEqual([['fcd2', '40015D']]);
    expect(advertisement.manufacturer.map(({ company, bytes }) => [company, hexOf(bytes)])).toEqual([[0x0499, '0512'], [0x0757, 'F145']]);
  });

  it('keep what came before a structure that ends beyond the data', () => {
    const { advertisement, cutShortBytes } = read('06 16 D2 FC 40 01 5D 0B 16 D2 FC 40 00');
    expect(cutShortBytes).toBe(6);
    expect(advertisement.services).toHaveLength(1);
  });

  it('end at a length of zero', () => {
    expect(read('06 16 D2 FC 40 01 5D 00 00 06 16 D2 FC 40 01 5E')).toMatchObject({ cutShortBytes: 0, advertisement: { services: [{ uuid: 'fcd2' }] } });
  });

  it('may be too short for their own id, and are passed over', () => {
    const { advertisement, cutShortBytes } = read('02 16 D2 02 FF 99 01 09 06 16 D2 FC 40 01 5D');
    expect(cutShortBytes).toBe(0);
    expect(advertisement).toMatchObject({ name: '', manufacturer: [], services: [{ uuid: 'fcd2' }] });
  });

  it('shorten long UUIDs that are the Bluetooth SIG\'s and leave others whole', () => {
    const { advertisement } = read('11 07 FB 34 9B 5F 80 00 00 80 00 10 00 00 0F 18 00 00 11 06 9E CA DC 24 0E E5 A9 E0 93 F3 A3 B5 01 00 40 6E');
    expect(advertisement.serviceUuids).toEqual(['180f', '6e400001b5a3f393e0a9e50e24dcca9e']);
  });

  it('are not read beyond what extended advertising has room for', () => {
    const { advertisement, cutShortBytes } = readStructures(new Uint8Array(Buffer.concat(Array.from({ length: 300 }, () => Buffer.from('0616D2FC40015D', 'hex')))), HEADING);
    expect(cutShortBytes).toBe(2100 - 1645);
    expect(advertisement.services).toHaveLength(Math.floor(1650 / 7));
  });

  it('never throw, and never give bytes that are not there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { advertisement } = readStructures(bytes, HEADING);
        const total = [...advertisement.manufacturer, ...advertisement.services].reduce((sum, { bytes: part }) => sum + part.length, 0);
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { bytesOfHex } from '../../src/driver-kit/bytes.ts';
import { gen2Crc } from '../../src/driver-kit/checksum.ts';

describe('the CRC-16 of Gen2 tags', () => {
  it('has the check value of its kind', () => {
    expect(gen2Crc(Buffer.from('123456789'))).toBe(0xd64e);
  });

  it('is that of a control word and an EPC as a tag sent them', () => {
    expect(gen2Crc(bytesOfHex('3400 30751FEB705C5904E3D50D70'))).toBe(0x3a76);
  });

  it('can be taken over a part of a frame', () => {
    const frame = bytesOfHex('BB 02 22 00 11 C9 3400 30751FEB705C5904E3D50D70 3A76 EF 7E');
    expect(gen2Crc(frame, 6, 20)).toBe(0x3a76);
  });

  it('notices any single bit that is turned over', () => {
    const good = bytesOfHex('3400 30751FEB705C5904E3D50D70');
    const unnoticed = Array.from({ length: good.length * 8 }, (_, bit) => bit).filter((bit) => {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return gen2Crc(bad) === 0x3a76;
    });
    expect(unnoticed).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { bytesOfHex } from '../../src/driver-kit/bytes.ts';
import { crc16Chafon, crc16Mercury, gen2Crc } from '../../src/driver-kit/checksum.ts';

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

describe('the CRC-16 of UHFReader18', () => {
  it('has the check value of its kind', () => {
    expect(crc16Chafon(Buffer.from('123456789'))).toBe(0x6f91);
  });

  it('is that of the question for tags, low byte first', () => {
    expect(crc16Chafon(bytesOfHex('04 00 01'))).toBe(0x4bdb);
  });

  it('can be taken over a part of a frame', () => {
    expect(crc16Chafon(bytesOfHex('FF 04 00 01 DB 4B'), 1, 4)).toBe(0x4bdb);
  });
});

describe('the CRC-16 of Mercury', () => {
  it('has the check value of its kind', () => {
    expect(crc16Mercury(Buffer.from('123456789'))).toBe(0xa69d);
  });

  it('is that of the question for the version, FF left out', () => {
    expect(crc16Mercury(bytesOfHex('FF 00 03 1D 0C'), 1, 3)).toBe(0x1d0c);
  });

  it('is that of a tag report as a module sent it', () => {
    const report = bytesOfHex('FF 28 22 0000 10 001B 01FF 01 01 C4 11 0E1640 00000127 0000 05 0000 0F 0080 3000 000000000000000000001545 E94A 561D');
    expect(crc16Mercury(report, 1, report.length - 2)).toBe(0x561d);
  });
});

import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/driver-kit/vocabulary.ts';
import { bytesOfHex } from '../../../src/driver-kit/bytes.ts';
import { medicalFloat } from '../../../src/driver-kit/codecs/medical-float.ts';

const said = (hex: string): string => {
  const bytes = bytesOfHex(hex);
  const value = medicalFloat(bytes, 0, bytes.length === 2 ? 2 : 4);
  return value instanceof Decimal ? value.toString() : value.missing;
};

describe('FLOAT and SFLOAT of IEEE 11073', () => {
  it.each([
    ['6C 01 00 FF', '36.4'],
    ['94 FE FF FF', '-36.4'],
    ['01 00 00 02', '100'],
    ['72 00', '114'],
    ['72 F0', '11.4'],
    ['8E FF', '-11.4'],
    ['FD 07', '2045'],
    ['FE 17', '20460'],
  ])('reads %s as %s', (hex, text) => {
    expect(said(hex)).toBe(text);
  });

  it.each([
    ['FF FF 7F 00', 'not a number'],
    ['00 00 80 00', 'not at this resolution'],
    ['01 00 80 00', 'reserved'],
    ['FE FF 7F 00', 'above what can be measured'],
    ['02 00 80 00', 'below what can be measured'],
    ['FF 07', 'not a number'],
    ['00 08', 'not at this resolution'],
    ['FE 07', 'above what can be measured'],
    ['02 08', 'below what can be measured'],
  ])('gives no number for %s: %s', (hex, why) => {
    expect(said(hex)).toBe(why);
  });
});

import { describe, expect, it } from 'vitest';
import {
  type CheckMethod,
  code39CheckCharacter,
  endsWithCheck,
  gs1CheckDigit,
  gs1CheckPair,
  iso7064Mod11Character,
  luhnDigit,
  weightedMod11To10,
  weightedMod11To7,
} from '../../src/identification/checks.ts';

/** Each with an example that its standard or many public descriptions print. */
const EXAMPLES: readonly (readonly [string, CheckMethod, string, string])[] = [
  ['GTIN-13', gs1CheckDigit, '629104150021', '3'],
  ['GTIN-8', gs1CheckDigit, '9638507', '4'],
  ['GTIN-12', gs1CheckDigit, '03600029145', '2'],
  ['GTIN-14', gs1CheckDigit, '1061414100041', '5'],
  ['SSCC', gs1CheckDigit, '37610425002123456', '9'],
  ['GLN', gs1CheckDigit, '952012345678', '8'],
  ['SSCC of an EPC', gs1CheckDigit, '10614141234567890', '8'],
  ['nothing but zeros', gs1CheckDigit, '0000000000000', '0'],
  ['GMN', gs1CheckPair, '1987654Ad4X4bL5ttr2310c', '2K'],
  ['Luhn', luhnDigit, '7992739871', '3'],
  ['Luhn of an IMEI', luhnDigit, '49015420323751', '8'],
  ['ISO/IEC 7064 MOD 11-2', iso7064Mod11Character, '0794', '0'],
  ['ISO/IEC 7064 MOD 11-2 with X', iso7064Mod11Character, '000000021694233', 'X'],
  ['ISBN-10', weightedMod11To10, '030640615', '2'],
  ['ISBN-10 with X', weightedMod11To10, '080442957', 'X'],
  ['mod 11 with weights 2 to 7', weightedMod11To7, '943457842', '3'],
  ['Code 39', code39CheckCharacter, 'CODE39', 'W'],
];

describe('checks', () => {
  it.each(EXAMPLES)('gives the check of %s', (_, method, body, check) => {
    expect(method(body)).toBe(check);
    expect(endsWithCheck(body + check, method)).toBe(true);
  });

  it.each(EXAMPLES)('of %s finds every single wrong character', (_, method, body, check) => {
    const alphabet = /^\d*$/.test(body) ? '0123456789' : '0123456789ABCDEF';
    for (let at = 0; at < body.length; at += 1) {
      for (const other of alphabet) {
        if (other === body[at]) continue;
        expect(endsWithCheck(body.slice(0, at) + other + body.slice(at + 1) + check, method)).toBe(false);
      }
    }
  });

  it('of GS1 does not change with leading zeros', () => {
    expect(gs1CheckDigit('0000036000291452'.slice(0, -1))).toBe('2');
  });

  it('starts the weights of mod 11 again after the seventh', () => {
    expect(weightedMod11To7('1000000')).toBe('9'); // the seventh from the right weighs 2
    expect(weightedMod11To10('1000000')).toBe('3'); // there it weighs 8
  });

  it('are undefined for an empty text and for characters that the method does not know', () => {
    for (const [, method] of EXAMPLES) {
      expect(method('')).toBeUndefined();
      expect(method('12^4')).toBeUndefined();
    }
    expect(code39CheckCharacter('abc')).toBeUndefined();
    expect(gs1CheckPair('1'.repeat(98))).toBeUndefined();
    expect(gs1CheckPair('1'.repeat(97))).toHaveLength(2);
    expect(endsWithCheck('7', gs1CheckDigit)).toBe(false);
  });
});

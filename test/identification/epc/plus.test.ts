import { describe, expect, it } from 'vitest';
import { decodeEpc, type EpcReading } from '../../../src/identification/epc/decode-epc.ts';
import { gs1CheckDigit } from '../../../src/identification/checks.ts';
import { binary, GS1_CHARACTERS, paddedBytes, sevenBits } from '../../support/epc-encoder.ts';
import { SeededRandom } from '../../support/random.ts';

function ofBits(bits: string): EpcReading {
  return decodeEpc({ epc: paddedBytes(bits) });
}

function problem(bits: string): string {
  const epc = ofBits(bits);
  if (epc.kind !== 'invalid') throw new Error(`not invalid: ${JSON.stringify(epc)}`);
  return epc.problem;
}

/** Header, no further elements, filter 3. */
function head(header: number): string {
  return `${binary(header, 8)}0011`;
}

function nibbles(hexadecimal: string): string {
  return Array.from(hexadecimal, (digit) => binary(Number.parseInt(digit, 16), 4)).join('');
}

/** Text behind its encoding indicator and its length (TDS 2.3, section 14.5.6). */
function alphanumeric(indicator: number, text: string): string {
  return binary(indicator, 3) + binary(text.length, 5) + ENCODED[indicator]!(text);
}

const BASE_64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CODE_40 = ' ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789';
const ALPHABETS = ['0123456789', '0123456789ABCDEF', '0123456789abcdef', BASE_64, GS1_CHARACTERS, CODE_40.slice(1)];

/** Bits of so many digits as one number (TDS 2.3, table B). */
const NUMBER_BITS = [0, 4, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40, 44, 47, 50, 54, 57, 60, 64, 67];

const ENCODED: readonly ((text: string) => string)[] = [
  (text) => binary(text, NUMBER_BITS[text.length]!),
  nibbles,
  nibbles,
  (text) => Array.from(text, (character) => binary(BASE_64.indexOf(character), 6)).join(''),
  (text) => sevenBits(text, 0),
  (text) => (text.match(/.{1,3}/g) ?? []).map((three) => code40(three.padEnd(3, ' '))).join(''),
];

function code40(three: string): string {
  const [first = 0, second = 0, third = 0] = Array.from(three, (character) => CODE_40.indexOf(character));
  return binary(1600 * first + 40 * second + third + 1, 16);
}

const SGTIN = head(0xf7) + nibbles('79521141123453');

describe('a "+" EPC of TDS 2.3, appendix E.3', () => {
  it.each([
    ['F73795211411234538566CB0AFC4', 'SGTIN+', 3, { '01': '79521141123453', '21': '32a/b' }],
    ['F900952012345678912350', 'SSCC+', 0, { '00': '095201234567891235' }],
    ['F2395211411234548566CB0AFC40', 'SGLN+', 3, { '414': '9521141123454', '254': '32a/b' }],
    ['F13095211411234548566CB0AFC4', 'GRAI+', 3, { '8003': '0952114112345432a/b' }],
    ['FA3952114132E83C2BF100', 'GIAI+', 3, { '8004': '952114132a/b' }],
  ])('%s is %s', (hex, scheme, filter, elements) => {
    const epc = decodeEpc({ epc: Buffer.from(hex, 'hex') });
    expect(epc).toMatchObject({ kind: 'decoded-plus', scheme, filter, hex, moreFollows: false });
    expect(epc.kind === 'decoded-plus' && Object.fromEntries(epc.elements.map(({ ai, value }) => [ai, value]))).toEqual(elements);
  });
});

describe('a text that says how it is encoded', () => {
  it.each([0, 1, 2, 3, 4, 5])('is the same again in encoding %i, at every length', (indicator) => {
    const random = new SeededRandom(indicator + 1);
    const wrong = Array.from({ length: 2_000 }, (_, round) => random.text(1 + (round % 20), ALPHABETS[indicator]!)).filter((serial) => {
      const epc = ofBits(SGTIN + alphanumeric(indicator, serial));
      return epc.kind !== 'decoded-plus' || epc.moreFollows || epc.elements.find(({ ai }) => ai === '21')?.value !== serial;
    });
    expect(wrong).toEqual([]);
  });

  it('keeps leading zeros', () => {
    expect(ofBits(SGTIN + alphanumeric(0, '00000000000000000007'))).toMatchObject({ elements: [{ ai: '01' }, { ai: '21', value: '00000000000000000007' }] });
  });

  it.each([6, 7])('is not in encoding %i', (indicator) => {
    expect(problem(`${SGTIN}${binary(indicator, 3)}00001${'0'.repeat(40)}`)).toBe(`the serial has encoding ${indicator}, which is reserved`);
  });

  it('is neither empty, nor longer than its element, nor than the bytes', () => {
    expect(problem(`${SGTIN}00000000${'0'.repeat(40)}`)).toBe('the serial is empty');
    expect(problem(SGTIN + alphanumeric(1, 'A'.repeat(21)))).toBe('the serial has 21 characters where at most 20 may stand');
    expect(problem(head(0xf1) + nibbles('09521141123454') + alphanumeric(1, 'A'.repeat(17)))).toBe('the serial has 17 characters where at most 16 may stand');
    expect(problem(`${SGTIN}001${binary(20, 5)}${'0'.repeat(20)}`)).toBe('the bytes end inside the serial: 20 bits are left of 80');
    expect(problem(SGTIN.slice(0, -20))).toBe('the bytes end inside the gtin: 36 bits are left of 56');
    expect(decodeEpc({ epc: paddedBytes(SGTIN).subarray(0, 9) })).toMatchObject({ kind: 'invalid', scheme: 'SGTIN+', problem: 'the bytes end inside the serial: 4 bits are left of 8' });
  });

  it('has no code without a character', () => {
    expect(problem(`${SGTIN}00000001${binary(10, 4)}`)).toBe('the serial is not 1 characters in encoding 0');
    expect(problem(`${SGTIN}10000010${sevenBits('A ', 14)}`)).toBe('the serial is not 2 characters in encoding 4');
    expect(problem(`${SGTIN}10100011${binary(0, 16)}`)).toBe('the serial is not 3 characters in encoding 5');
    expect(problem(`${SGTIN}10100011${binary(64_001, 16)}`)).toBe('the serial is not 3 characters in encoding 5');
    expect(problem(`${SGTIN}10100011${code40('AB ')}`)).toBe('the serial is not 3 characters in encoding 5');
    expect(problem(`${SGTIN}10100010${code40('ABC')}`)).toBe('the serial is not 2 characters in encoding 5');
    expect(problem(`${SGTIN}10100100${code40('A B')}${code40('CD ')}`)).toBe('the serial is not 4 characters in encoding 5');
  });
});

describe('a key in digits', () => {
  it('has digits, and the check digit of its other digits', () => {
    expect(problem(head(0xf7) + nibbles('7952114112345A') + alphanumeric(0, '1'))).toBe('the gtin is 7952114112345A, which is not a number');
    expect(problem(head(0xf7) + nibbles('79521141123454') + alphanumeric(0, '1'))).toBe('the gtin is 79521141123454, whose check digit would be 3');
    expect(problem(head(0xf9) + nibbles('095201234567891236'))).toBe('the sscc is 095201234567891236, whose check digit would be 5');
    expect(problem(head(0xf2) + nibbles('9521141123455') + alphanumeric(0, '0'))).toBe('the gln is 9521141123455, whose check digit would be 4');
  });

  it('of a GRAI begins with a zero that pads', () => {
    const digits = '1952114112345';
    const wrong = digits + gs1CheckDigit(digits);
    expect(problem(head(0xf1) + nibbles(wrong) + alphanumeric(0, '1'))).toBe(`the grai is ${wrong}, and does not begin with 0`);
  });

  it('of a location has no extension where it is 0', () => {
    expect(ofBits(head(0xf2) + nibbles('9521141123454') + alphanumeric(0, '0'))).toMatchObject({ elements: [{ ai: '414', value: '9521141123454' }] });
    expect(ofBits(head(0xf2) + nibbles('9521141123454') + alphanumeric(0, '00'))).toMatchObject({ elements: [{ ai: '414' }, { ai: '254', value: '00' }] });
  });
});

describe('GIAI+', () => {
  const value = (bits: string): unknown => {
    const epc = ofBits(head(0xfa) + bits);
    return epc.kind === 'decoded-plus' ? epc.elements : epc;
  };

  it('is digits to the end, or digits and a text, wherever the digits are ended', () => {
    expect(value(nibbles('0952114112345F'))).toEqual([{ ai: '8004', value: '0952114112345' }]);
    expect(value(`${nibbles('9521141E')}${alphanumeric(5, '32A')}`)).toEqual([{ ai: '8004', value: '952114132A' }]);
    expect(value(`${nibbles('952114132E')}${alphanumeric(5, 'A')}`)).toEqual([{ ai: '8004', value: '952114132A' }]);
    expect(value(nibbles(`${'1'.repeat(30)}F`))).toEqual([{ ai: '8004', value: '1'.repeat(30) }]);
  });

  it('has a first digit, digits that are some, an end, and 30 characters at most', () => {
    expect(problem(head(0xfa) + nibbles('E') + alphanumeric(5, 'A'))).toBe('the giai does not begin with a digit');
    expect(problem(head(0xfa) + nibbles('F'))).toBe('the giai does not begin with a digit');
    expect(problem(head(0xfa) + nibbles('9521B'))).toBe('digit 5 of the giai has code B, which is not allowed');
    expect(problem(head(0xfa) + nibbles('9521141'.padEnd(21, '0')))).toBe('the bytes end inside the giai: 0 bits are left of 4');
    expect(problem(head(0xfa) + nibbles(`${'1'.repeat(31)}F`))).toBe('the giai has more than 30 characters');
    expect(problem(head(0xfa) + nibbles(`${'1'.repeat(28)}E`) + alphanumeric(1, 'ABC'))).toBe('the giai has 3 characters where at most 2 may stand');
  });
});

describe('what follows a "+" EPC', () => {
  const bits = SGTIN + alphanumeric(0, '7');

  it('is said to be there, and is not read', () => {
    expect(ofBits(bits)).toMatchObject({ kind: 'decoded-plus', moreFollows: false });
    expect(ofBits(bits.replace(/^(.{8})0/, '$11'))).toMatchObject({ kind: 'decoded-plus', moreFollows: true });
    expect(ofBits(bits + nibbles('1726063'))).toMatchObject({ kind: 'decoded-plus', moreFollows: true, elements: [{ ai: '01' }, { ai: '21', value: '7' }] });
  });
});

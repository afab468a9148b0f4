import { gs1CheckDigit } from '../checks.ts';
import type { BitReader } from './bits.ts';
import { sevenBitCharacter } from './characters.ts';
import { ended, type Part } from './parts.ts';

/** A GS1 key of so many digits in 4 bits each, check digit included (TDS 2.3, section 14.5.4). */
export function key(name: string, digits: number): Part {
  return {
    names: [name],
    read: (bits, values) => {
      if (bits.left < digits * 4) return ended(name, bits, digits * 4);
      const text = Array.from({ length: digits }, () => bits.take(4).toString(16).toUpperCase()).join('');
      if (!/^\d+$/.test(text)) return `the ${name} is ${text}, which is not a number`;
      const check = gs1CheckDigit(text.slice(0, -1)) ?? '';
      if (!text.endsWith(check)) return `the ${name} is ${text}, whose check digit would be ${check}`;
      values.push(text);
      return undefined;
    },
  };
}

/** A text that says how its characters are encoded, and how many there are (TDS 2.3, section 14.5.6 and table E). */
export function alphanumeric(name: string, charactersMax: number): Part {
  return { names: [name], read: (bits, values) => readAlphanumeric(bits, values, name, charactersMax) };
}

/**
 * Digits in 4 bits each up to 1111, or up to 1110 and then more as `alphanumeric` (TDS 2.3, section 14.5.5). Some end
 * the digits with the company prefix, others go on; the value is the same.
 */
export function digitsThenAlphanumeric(name: string, charactersMax: number): Part {
  return { names: [name], read: (bits, values) => readDigitsThenAlphanumeric(bits, values, name, charactersMax) };
}

/** Bits that say how many characters follow; the same for all elements here (TDS 2.3, table F, column g). */
const LENGTH_BITS = 5;

const TERMINATOR = 0xf;
const DELIMITER = 0xe;

/** How so many characters stand in so many bits; no text where a code stands for none. */
interface Encoding {
  readonly bitsOf: (length: number) => number;
  readonly read: (bits: BitReader, length: number) => string | undefined;
}

const DIGITS = '0123456789';
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ALL_CODES = Array.from({ length: 128 }, (_, code) => sevenBitCharacter(code));

/** The index is the encoding indicator; 6 and 7 are reserved (TDS 2.3, table E). */
const ENCODINGS: readonly Encoding[] = [
  { bitsOf: (length) => Math.ceil(length * Math.log2(10)), read: readNumber },
  lookedUp(4, Array.from(`${DIGITS}ABCDEF`)),
  lookedUp(4, Array.from(`${DIGITS}abcdef`)),
  lookedUp(6, Array.from(`${CAPITALS}${CAPITALS.toLowerCase()}${DIGITS}-_`)),
  lookedUp(7, ALL_CODES),
  { bitsOf: (length) => Math.ceil(length / 3) * 16, read: readCode40 },
];

/** URN Code 40, whose index 0 fills up the last three characters (TDS 2.3, table 14-8). */
const CODE_40 = Array.from(`\0${CAPITALS}-.:${DIGITS}`);

function lookedUp(bitsEach: number, characters: readonly (string | undefined)[]): Encoding {
  return {
    bitsOf: (length) => length * bitsEach,
    read: (bits, length) => {
      const text = Array.from({ length }, () => characters[bits.take(bitsEach)]);
      return text.includes(undefined) ? undefined : text.join('');
    },
  };
}

function readNumber(bits: BitReader, length: number): string | undefined {
  const digits = bits.takeNumeral(Math.ceil(length * Math.log2(10)));
  return digits.length > length ? undefined : digits.padStart(length, '0');
}

function readCode40(bits: BitReader, length: number): string | undefined {
  const groups = Array.from({ length: Math.ceil(length / 3) }, () => {
    const three = bits.take(16) - 1;
    return [CODE_40[Math.floor(three / 1600)], CODE_40[Math.floor(three / 40) % 40], CODE_40[three % 40]];
  });
  const text = groups.flat().map((character) => character ?? '').join('');
  return /^[^\0]+\0*$/.test(text) && text.replace(/\0+$/, '').length === length ? text.slice(0, length) : undefined;
}

function readAlphanumeric(bits: BitReader, values: string[], name: string, charactersMax: number): string | undefined {
  if (bits.left < 3 + LENGTH_BITS) return ended(name, bits, 3 + LENGTH_BITS);
  const indicator = bits.take(3);
  const length = bits.take(LENGTH_BITS);
  const encoding = ENCODINGS[indicator];
  if (encoding === undefined) return `the ${name} has encoding ${indicator}, which is reserved`;
  if (length === 0) return `the ${name} is empty`;
  if (length > charactersMax) return `the ${name} has ${length} characters where at most ${charactersMax} may stand`;
  if (bits.left < encoding.bitsOf(length)) return ended(name, bits, encoding.bitsOf(length));
  const text = encoding.read(bits, length);
  if (text === undefined) return `the ${name} is not ${length} characters in encoding ${indicator}`;
  values.push(text);
  return undefined;
}

function readDigitsThenAlphanumeric(bits: BitReader, values: string[], name: string, charactersMax: number): string | undefined {
  let digits = '';
  for (;;) {
    if (bits.left < 4) return ended(name, bits, 4);
    const code = bits.take(4);
    if (code === TERMINATOR || code === DELIMITER) {
      if (digits === '') return `the ${name} does not begin with a digit`;
      const problem = code === DELIMITER ? readAlphanumeric(bits, values, name, charactersMax - digits.length) : undefined;
      if (problem !== undefined) return problem;
      values.push(digits + (code === DELIMITER ? (values.pop() ?? '') : ''));
      return undefined;
    }
    if (code > 9) return `digit ${digits.length + 1} of the ${name} has code ${code.toString(16).toUpperCase()}, which is not allowed`;
    if (digits.length === charactersMax) return `the ${name} has more than ${charactersMax} characters`;
    digits += String(code);
  }
}

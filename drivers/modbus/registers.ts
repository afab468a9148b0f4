import { hexOf, latin1Of } from '../../src/driver-kit/bytes.ts';
import { Decimal, type NoValue } from '../../src/driver-kit/vocabulary.ts';

/** How the bits of one or several registers make a value. */
export type RegisterType = keyof typeof REGISTERS_OF;

/** How many registers each type takes; a string says so itself. "L" and "H" are the lower and higher byte of a register. */
export const REGISTERS_OF = {
  bit: 1,
  int8L: 1,
  int8H: 1,
  uint8L: 1,
  uint8H: 1,
  int16: 1,
  uint16: 1,
  bcd16: 1,
  float16: 1,
  int32: 2,
  uint32: 2,
  bcd32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
  string: 0,
} as const;

/**
 * The order in which a value's bytes come over the wire, A being the highest. Two swaps make them all: of the bytes in
 * each register, and of the registers.
 */
export const ORDERS = {
  AB: { bytes: false, words: false },
  BA: { bytes: true, words: false },
  ABCD: { bytes: false, words: false },
  CDAB: { bytes: false, words: true },
  BADC: { bytes: true, words: false },
  DCBA: { bytes: true, words: true },
  ABCDEFGH: { bytes: false, words: false },
  GHEFCDAB: { bytes: false, words: true },
  BADCFEHG: { bytes: true, words: false },
  HGFEDCBA: { bytes: true, words: true },
} as const;

/** The name of a byte order. */
export type Order = keyof typeof ORDERS;

/** Codes that mean "no value": the bits from one to another, and what they say. */
export interface NoValueCode {
  readonly from: bigint;
  readonly to: bigint;
  readonly means: string;
}

/** How to read one value out of its registers. */
export interface Coding {
  readonly type: RegisterType;
  readonly order: Order;
  /** Which bits of the integer count; they are moved down to bit 0. */
  readonly mask?: bigint | undefined;
  readonly noValue: readonly NoValueCode[];
}

/** How many bits of its registers a type looks at. */
export function bitsOf(type: RegisterType): number {
  return BYTES.has(type) ? 8 : 16 * REGISTERS_OF[type];
}

/** Whether values of the type are whole numbers in binary, whose bits can be masked. */
export function isInteger(type: RegisterType): boolean {
  return SIGNED.has(type) || UNSIGNED.has(type);
}

/**
 * A value with the device's own digits; texts, floats and decimal digits that are none stand in `raw` as the bytes of
 * the wire in hexadecimal.
 */
export interface Decoded {
  readonly value: Decimal | string | NoValue;
  readonly raw: string;
}

/** The value of one or several registers, given as they came over the wire. */
export function decodedRegisters(wire: Uint8Array, coding: Coding): Decoded {
  const { bytes, words } = ORDERS[coding.order];
  if (coding.type === 'string') return decodedText(wire, reordered(wire, bytes, false));
  const ordered = halved(reordered(wire, bytes, words), coding.type);
  const digits = hexOf(ordered);
  const bits = BigInt(`0x${digits}`);
  const code = coding.noValue.find(({ from, to }) => bits >= from && bits <= to);
  const missing = code === undefined ? undefined : { missing: `${code.means} (${codeText(code, digits.length)})` };
  if (coding.type.startsWith('float')) return { value: missing ?? decodedFloat(ordered), raw: hexOf(wire) };
  if (coding.type.startsWith('bcd')) return decodedDigits(digits, missing, hexOf(wire));
  const integer = decodedInteger(bits, coding);
  return { value: missing ?? Decimal.of(integer), raw: integer.toString() };
}

/** The code as it was declared: of a range the whole, since a reason that changes is published at once. */
function codeText({ from, to }: NoValueCode, width: number): string {
  const hex = (bits: bigint): string => `0x${bits.toString(16).toUpperCase().padStart(width, '0')}`;
  return from === to ? hex(from) : `${hex(from)}..${hex(to)}`;
}

/** One bit of an answer to functions 1 and 2: bit 0 of the first byte comes first. */
export function decodedBit(wire: Uint8Array, at: number): Decoded {
  const bit = ((wire[at >> 3] ?? 0) >> (at & 7)) & 1;
  return { value: Decimal.of(bit), raw: String(bit) };
}

/**
 * The shortest decimal digits that are nearest to this 32-bit float and to no other; a longer form would print digits
 * that the device never had.
 */
export function shortestFloat32(value: number): string {
  return shortest(value, FLOAT32_DIGITS_MAX, Math.fround);
}

function shortest(value: number, digitsMax: number, nearest: (value: number) => number): string {
  for (let digits = 1; digits < digitsMax; digits += 1) {
    const text = value.toPrecision(digits);
    if (nearest(Number(text)) === value) return text;
  }
  return value.toPrecision(digitsMax);
}

function reordered(wire: Uint8Array, swapBytes: boolean, reverseWords: boolean): Uint8Array {
  const last = wire.length / 2 - 1;
  return wire.map((_, at) => {
    const word = reverseWords ? last - (at >> 1) : at >> 1;
    return wire[2 * word + (swapBytes ? 1 - (at & 1) : at & 1)] ?? 0;
  });
}

/** The one byte that the 8-bit types look at; all of them for the others. */
function halved(ordered: Uint8Array, type: RegisterType): Uint8Array {
  if (!BYTES.has(type)) return ordered;
  return type.endsWith('H') ? ordered.subarray(0, 1) : ordered.subarray(1, 2);
}

function decodedInteger(bits: bigint, { type, mask }: Coding): bigint {
  if (mask !== undefined) return (bits & mask) / (mask & -mask);
  return SIGNED.has(type) ? BigInt.asIntN(bitsOf(type), bits) : bits;
}

/** One decimal digit in each four bits; A to F are no digits, and then there is no value rather than some number. */
function decodedDigits(digits: string, missing: NoValue | undefined, wire: string): Decoded {
  if (!/^\d+$/.test(digits)) return { value: missing ?? { missing: 'no decimal digits' }, raw: wire };
  const integer = BigInt(digits);
  return { value: missing ?? Decimal.of(integer), raw: integer.toString() };
}

function decodedFloat(ordered: Uint8Array): Decimal | NoValue {
  const view = new DataView(ordered.buffer, ordered.byteOffset, ordered.length);
  const value = ordered.length === 2 ? float16(view.getUint16(0)) : ordered.length === 4 ? view.getFloat32(0) : view.getFloat64(0);
  if (Number.isNaN(value)) return { missing: 'not a number' };
  return Decimal.parse(floatDigits(value, ordered.length)) ?? { missing: value < 0 ? 'minus infinity' : 'infinity' };
}

function floatDigits(value: number, bytes: number): string {
  if (bytes === 2) return shortest(value, FLOAT16_DIGITS_MAX, nearestFloat16);
  return bytes === 4 ? shortestFloat32(value) : String(value);
}

/** IEEE 754-2019, section 3.6: one bit sign, five exponent, ten fraction. */
function float16(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Rounds to the eleven binary digits of a 16-bit float; only used near a number that is one. */
function nearestFloat16(value: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), -14);
  const step = 2 ** (exponent - 10);
  return Math.round(value / step) * step;
}

/** Registers that nobody wrote hold 00 or FF; a text of those would be a serial number, and the device taken for another. */
function decodedText(wire: Uint8Array, ordered: Uint8Array): Decoded {
  const end = ordered.indexOf(0);
  const text = latin1Of(end === -1 ? ordered : ordered.subarray(0, end)).replace(FILLING, '').trim();
  return { value: text === '' ? { missing: 'empty text' } : text, raw: hexOf(wire) };
}

const FILLING = /\u00ff+$/;
/** Nine digits always tell two 32-bit floats apart (IEEE 754-2019, section 5.12.2). */
const FLOAT32_DIGITS_MAX = 9;
/** Five digits always tell two 16-bit floats apart, by the same rule. */
const FLOAT16_DIGITS_MAX = 5;

const BYTES: ReadonlySet<RegisterType> = new Set<RegisterType>(['int8L', 'int8H', 'uint8L', 'uint8H']);
const SIGNED: ReadonlySet<RegisterType> = new Set<RegisterType>(['int8L', 'int8H', 'int16', 'int32', 'int64']);
const UNSIGNED: ReadonlySet<RegisterType> = new Set<RegisterType>(['uint8L', 'uint8H', 'uint16', 'uint32', 'uint64']);

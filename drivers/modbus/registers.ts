import { hexOf, latin1Of } from '../../src/driver-kit/bytes.ts';
import { Decimal, type NoValue } from '../../src/driver-kit/vocabulary.ts';

/** How the bits of one or several registers make a value. */
export type RegisterType = keyof typeof REGISTERS_OF;

/** How many registers each type takes; a string says so itself. */
export const REGISTERS_OF = {
  bit: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
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

/** A value with the device's own digits; a text and a float stand in `raw` as the bytes of the wire in hexadecimal. */
export interface Decoded {
  readonly value: Decimal | string | NoValue;
  readonly raw: string;
}

/** The value of one or several registers, given as they came over the wire. */
export function decodedRegisters(wire: Uint8Array, coding: Coding): Decoded {
  const { bytes, words } = ORDERS[coding.order];
  if (coding.type === 'string') return decodedText(wire, reordered(wire, bytes, false));
  const ordered = reordered(wire, bytes, words);
  const bits = BigInt(`0x${hexOf(ordered)}`);
  const code = coding.noValue.find(({ from, to }) => bits >= from && bits <= to);
  const missing = code === undefined ? undefined : { missing: `${code.means} (0x${hexOf(ordered)})` };
  if (coding.type === 'float32' || coding.type === 'float64') {
    return { value: missing ?? decodedFloat(ordered), raw: hexOf(wire) };
  }
  const integer = decodedInteger(bits, coding);
  return { value: missing ?? Decimal.of(integer), raw: integer.toString() };
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
  for (let digits = 1; digits < FLOAT32_DIGITS_MAX; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toPrecision(FLOAT32_DIGITS_MAX);
}

function reordered(wire: Uint8Array, swapBytes: boolean, reverseWords: boolean): Uint8Array {
  const last = wire.length / 2 - 1;
  return wire.map((_, at) => {
    const word = reverseWords ? last - (at >> 1) : at >> 1;
    return wire[2 * word + (swapBytes ? 1 - (at & 1) : at & 1)] ?? 0;
  });
}

function decodedInteger(bits: bigint, { type, mask }: Coding): bigint {
  if (mask !== undefined) return (bits & mask) / (mask & -mask);
  return type === 'int16' || type === 'int32' || type === 'int64' ? BigInt.asIntN(16 * REGISTERS_OF[type], bits) : bits;
}

function decodedFloat(ordered: Uint8Array): Decimal | NoValue {
  const view = new DataView(ordered.buffer, ordered.byteOffset, ordered.length);
  const value = ordered.length === 4 ? view.getFloat32(0) : view.getFloat64(0);
  if (Number.isNaN(value)) return { missing: 'not a number' };
  const text = ordered.length === 4 ? shortestFloat32(value) : String(value);
  return Decimal.parse(text) ?? { missing: value < 0 ? 'minus infinity' : 'infinity' };
}

function decodedText(wire: Uint8Array, ordered: Uint8Array): Decoded {
  const end = ordered.indexOf(0);
  const text = latin1Of(end === -1 ? ordered : ordered.subarray(0, end)).trim();
  return { value: text === '' ? { missing: 'empty text' } : text, raw: hexOf(wire) };
}

/** Nine digits always tell two 32-bit floats apart (IEEE 754-2019, section 5.12.2). */
const FLOAT32_DIGITS_MAX = 9;

import { hexOf } from '../bytes.ts';
import { type CounterShape, Decimal, type MeterKind, type MeterObservation, type NoValue, type Quantity } from '../vocabulary.ts';

/** One whole number in a payload and what it measures: the value is the number times `scale`, plus `offset`. */
export interface ScaledField {
  readonly meter: string;
  readonly quantity: Quantity;
  /** A gauge unless it says otherwise. */
  readonly kind?: MeterKind;
  readonly bytes: number;
  readonly signed?: true;
  readonly scale: Decimal;
  readonly offset?: Decimal;
  /** The numbers that stand for "no value". */
  readonly none?: readonly number[];
}

/** Which byte of a number comes first. */
export type ByteOrder = 'low first' | 'high first';

/** The field of a table that says as much in short: "s16" is signed with 16 bits, "0.01" the scale. */
export function scaledField(meter: string, quantity: Quantity, form: `${'s' | 'u'}${8 | 16 | 24 | 32}`, scale: string, more: Partial<ScaledField> = {}): ScaledField {
  const bytes = Number(form.slice(1)) / 8;
  return { meter, quantity, bytes, scale: exactly(scale), ...(form.startsWith('s') && { signed: true }), ...more };
}

/** The decimal number of a text that is known to be one. */
export function exactly(text: string): Decimal {
  const value = Decimal.parse(text);
  if (value === undefined) throw new TypeError(`no decimal number: ${text}`);
  return value;
}

/** The field's observation out of a payload that holds it at the position. */
export function fieldObservation(field: ScaledField, payload: Uint8Array, at: number, order: ByteOrder): MeterObservation {
  const { meter, quantity, kind = 'gauge', bytes } = field;
  const raw = hexOf(payload.subarray(at, at + bytes));
  const counter = kind === 'counter' && field.signed !== true ? binaryCounter(8 * bytes, field) : undefined;
  return { kind: 'meter', meter, quantity, meterKind: kind, value: valueOf(field, integerAt(payload, at, field, order), raw), raw, ...(counter && { counter }) };
}

/**
 * How a counter of so many bits is built. Up to 16 bits it goes round in ordinary use, and rollover is allowed; wider ones are as
 * likely to be set back, and somebody has to say so. The codes for "no value" are its highest, and it does not count through them.
 */
export function binaryCounter(bits: number, { scale = Decimal.of(1), none = [] }: Partial<Pick<ScaledField, 'scale' | 'none'>> = {}): CounterShape {
  const numbers = Math.min(2 ** bits, ...none);
  return { bits, modulus: scale.times(Decimal.of(numbers)), step: scale, ...(bits <= GOES_ROUND_BITS && { rollover: true }) };
}

/** The whole number of up to 48 bits at the position; bytes beyond the payload count as 0. */
export function integerAt(payload: Uint8Array, at: number, { bytes, signed }: Pick<ScaledField, 'bytes' | 'signed'>, order: ByteOrder): number {
  let value = 0;
  for (let index = 0; index < bytes; index += 1) value = value * 256 + (payload[order === 'high first' ? at + index : at + bytes - 1 - index] ?? 0);
  return signed === true && value >= 2 ** (8 * bytes - 1) ? value - 2 ** (8 * bytes) : value;
}

function valueOf({ none, scale, offset }: ScaledField, integer: number, raw: string): Decimal | NoValue {
  if (none?.includes(integer) === true) return { missing: `sentinel 0x${raw}` };
  const value = new Decimal(BigInt(integer) * scale.unscaled, scale.exponent);
  return offset === undefined ? value : value.plus(offset);
}

const GOES_ROUND_BITS = 16;

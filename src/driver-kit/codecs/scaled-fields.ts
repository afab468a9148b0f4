import { hexAt } from '../bytes.ts';
import { type CounterShape, Decimal, type MeterKind, type MeterObservation, type NoValue, type Quantity } from '../vocabulary.ts';

/**
 * One whole number in a payload and what it measures: the value is the number times `factor`, plus `addend`, in units of ten
 * to the power `exponent`. Both are whole, and no value goes beyond what a double holds exactly.
 */
export interface ScaledField {
  readonly meter: string;
  readonly quantity: Quantity;
  /** A gauge unless it says otherwise. */
  readonly kind?: MeterKind;
  readonly bytes: number;
  readonly signed?: true;
  readonly factor: number;
  readonly addend: number;
  readonly exponent: number;
  /** The numbers that stand for "no value". */
  readonly none?: readonly number[];
  /** How it is built, where it is a counter. */
  readonly counter?: CounterShape;
}

/** Which byte of a number comes first. */
export type ByteOrder = 'low first' | 'high first';

/** What a field may say beside its form and scale: `offset` is added to the scaled number. */
export interface MoreOfField extends Pick<ScaledField, 'kind' | 'none'> {
  readonly offset?: string;
}

/** The field of a table that says as much in short: "s16" is signed with 16 bits, "0.01" the scale. */
export function scaledField(meter: string, quantity: Quantity, form: `${'s' | 'u'}${8 | 16 | 24 | 32 | 48}`, scale: string, { offset = '0', ...more }: MoreOfField = {}): ScaledField {
  const bytes = Number(form.slice(1)) / 8;
  const [step, start] = [exactly(scale), exactly(offset)];
  const exponent = Math.min(step.exponent, start.exponent);
  const [factor, addend] = [Number(step.unscaled) * 10 ** (step.exponent - exponent), Number(start.unscaled) * 10 ** (start.exponent - exponent)];
  if (!Number.isSafeInteger(2 ** (8 * bytes) * factor) || !Number.isSafeInteger(2 ** (8 * bytes) * factor + addend)) throw new TypeError(`${meter}: values times ${scale} are not exact`);
  const isSigned = form.startsWith('s');
  const counter = more.kind === 'counter' && !isSigned ? binaryCounter(8 * bytes, { step, none: more.none }) : undefined;
  return { meter, quantity, bytes, factor, addend, exponent, ...(isSigned && { signed: true }), ...(counter && { counter }), ...more };
}

/** The level of a battery in %; more than 100 is none. */
export const BATTERY_LEVEL = scaledField('battery', 'battery-level', 'u8', '1', { none: Array.from({ length: 155 }, (_, index) => 101 + index) });

/** The decimal number of a text that is known to be one. */
export function exactly(text: string): Decimal {
  const value = Decimal.parse(text);
  if (value === undefined) throw new TypeError(`no decimal number: ${text}`);
  return value;
}

/** The field's observation out of a payload that holds it at the position. */
export function fieldObservation(field: ScaledField, payload: Uint8Array, at: number, order: ByteOrder): MeterObservation {
  const { meter, quantity, kind = 'gauge', bytes, counter } = field;
  const raw = hexAt(payload, at, bytes);
  return { kind: 'meter', meter, quantity, meterKind: kind, value: valueOf(field, integerAt(payload, at, field, order), raw), raw, ...(counter && { counter }) };
}

/**
 * How a counter of so many bits is built, that counts by `step`. Up to 16 bits it goes round in ordinary use, and rollover is allowed;
 * wider ones are as likely to be set back, and somebody has to say so. The codes for "no value" are its highest, and it does not count
 * through them.
 */
export function binaryCounter(bits: number, { step = Decimal.of(1), none = [] }: { readonly step?: Decimal; readonly none?: readonly number[] | undefined } = {}): CounterShape {
  const numbers = Math.min(2 ** bits, ...none);
  return { bits, modulus: step.times(Decimal.of(numbers)), step, ...(bits <= GOES_ROUND_BITS && { rollover: true }) };
}

/** The whole number of up to 48 bits at the position; bytes beyond the payload count as 0. */
export function integerAt(payload: Uint8Array, at: number, { bytes, signed }: Pick<ScaledField, 'bytes' | 'signed'>, order: ByteOrder): number {
  let value = 0;
  if (order === 'high first') for (let index = at; index < at + bytes; index += 1) value = value * 256 + (payload[index] ?? 0);
  else for (let index = at + bytes - 1; index >= at; index -= 1) value = value * 256 + (payload[index] ?? 0);
  return signed === true && value >= 2 ** (8 * bytes - 1) ? value - 2 ** (8 * bytes) : value;
}

function valueOf({ none, factor, addend, exponent }: ScaledField, integer: number, raw: string): Decimal | NoValue {
  if (none?.includes(integer) === true) return { missing: `sentinel 0x${raw}` };
  return new Decimal(BigInt(integer * factor + addend), exponent);
}

const GOES_ROUND_BITS = 16;

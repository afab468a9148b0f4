import { Decimal } from '../../src/driver-kit/vocabulary.ts';

/** A decimal number over a whole one: no decimal number holds the 1/3600 that turns seconds into hours. */
export interface Fraction {
  readonly numerator: Decimal;
  readonly denominator: bigint;
}

/** Reads "0.1", "-2" or "1/3600"; undefined when the text is none of these. */
export function parseFraction(text: string): Fraction | undefined {
  const [above = '', below = '1', ...more] = text.split('/');
  const numerator = Decimal.parse(above.trim());
  if (numerator === undefined || more.length > 0 || !/^ *[1-9]\d{0,17} *$/.test(below)) return undefined;
  return { numerator, denominator: BigInt(below) };
}

/** The decimal number as a fraction. */
export function fractionOf(numerator: Decimal): Fraction {
  return { numerator, denominator: 1n };
}

/** The sum, exact. */
export function sum(one: Fraction, other: Fraction): Fraction {
  if (one.denominator === other.denominator) return { numerator: one.numerator.plus(other.numerator), denominator: one.denominator };
  const left = one.numerator.times(Decimal.of(other.denominator));
  const right = other.numerator.times(Decimal.of(one.denominator));
  return { numerator: left.plus(right), denominator: one.denominator * other.denominator };
}

/** The product, exact. */
export function product(one: Fraction, other: Fraction): Fraction {
  return { numerator: one.numerator.times(other.numerator), denominator: one.denominator * other.denominator };
}

/**
 * The decimal number. Exact when there is nothing to divide by; otherwise rounded to so many decimals, halves away from
 * zero. Rounding keeps the order of values, so a counter that never falls does not fall afterwards.
 */
export function rounded({ numerator, denominator }: Fraction, decimals: number): Decimal {
  if (denominator === 1n) return numerator;
  const fine = numerator.plus(new Decimal(0n, -decimals)); // brings the exponent down without a change of value
  const divisor = denominator * 10n ** BigInt(-fine.exponent - decimals);
  const magnitude = fine.unscaled < 0n ? -fine.unscaled : fine.unscaled;
  const quotient = (2n * magnitude + divisor) / (2n * divisor);
  return new Decimal(fine.unscaled < 0n ? -quotient : quotient, -decimals);
}

/** Negative, zero or positive as the value is less than, equal to or greater than the fraction. */
export function compareTo(value: Decimal, { numerator, denominator }: Fraction): number {
  return value.times(Decimal.of(denominator)).compare(numerator);
}

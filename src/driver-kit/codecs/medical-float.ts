import { Decimal, type NoValue } from '../vocabulary.ts';
import { integerAt } from './scaled-fields.ts';

/**
 * The decimal number of IEEE 11073-20601's FLOAT (4 bytes: mantissa 24 bits, exponent 8) or SFLOAT (2 bytes: 12 and 4), both
 * parts in two's complement, low byte first. The reserved mantissas are no values.
 */
export function medicalFloat(bytes: Uint8Array, at: number, length: 2 | 4): Decimal | NoValue {
  const whole = integerAt(bytes, at, { bytes: length }, 'low first');
  const mantissaBits = length === 4 ? 24 : 12;
  const mantissa = whole % 2 ** mantissaBits;
  const exponent = Math.floor(whole / 2 ** mantissaBits);
  const reserved = exponent === 0 ? reservedMantissa(mantissa - 2 ** (mantissaBits - 1)) : undefined;
  if (reserved !== undefined) return { missing: reserved };
  const exponentBits = 8 * length - mantissaBits;
  return new Decimal(BigInt(signed(mantissa, mantissaBits)), signed(exponent, exponentBits));
}

/** By the distance from the middle of the range, which is the same for both lengths. */
function reservedMantissa(fromMiddle: number): string | undefined {
  switch (fromMiddle) {
    case -2:
      return 'above what can be measured';
    case -1:
      return 'not a number';
    case 0:
      return 'not at this resolution';
    case 1:
      return 'reserved';
    case 2:
      return 'below what can be measured';
    default:
      return undefined;
  }
}

function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

import { Decimal, type NoValue } from '../../src/driver-kit/vocabulary.ts';
import { isBits } from './codec.ts';
import { compareTo, fractionOf, product, rounded, sum } from './fraction.ts';
import type { Point, Term } from './profile.ts';
import { type Decoded, decodedBit, decodedRegisters } from './registers.ts';

/**
 * The value of a point out of its bytes on the wire: every term decoded, weighted and added, then scale and offset,
 * all exact until the last step. One term without a value leaves the point without one. `raw` holds the terms' own
 * digits, with a space between them. `bitAt` is where the point's first bit stands, for functions 1 and 2.
 */
export function decodedPoint(point: Point, wire: Uint8Array, bitAt: number): Decoded {
  const parts = point.terms.map((term) => decodedTerm(point, term, wire, bitAt));
  return { value: combined(point, parts), raw: parts.map(({ raw }) => raw).join(' ') };
}

function decodedTerm(point: Point, term: Term, wire: Uint8Array, bitAt: number): Decoded {
  if (isBits(point.function)) return decodedBit(wire, bitAt + term.at);
  return decodedRegisters(wire.subarray(2 * term.at, 2 * (term.at + term.count)), term);
}

function combined(point: Point, parts: readonly Decoded[]): Decimal | string | NoValue {
  let total = fractionOf(Decimal.of(0));
  for (const [index, { value }] of parts.entries()) {
    if (!(value instanceof Decimal)) return value;
    const weight = point.terms[index]?.weight ?? fractionOf(Decimal.of(1));
    total = sum(total, product(fractionOf(value), weight));
  }
  return bounded(rounded(sum(product(total, point.scale), point.offset), point.decimals), point);
}

/**
 * A value that cannot be is none: a sensor that is broken, or a code for "no value" that nobody wrote down. The reason leaves the
 * value to `raw`: a reason that changes is published at once, and a broken sensor shows another value each time.
 */
function bounded(value: Decimal, { minimum, maximum }: Point): Decimal | NoValue {
  if (minimum !== undefined && compareTo(value, minimum) < 0) return { missing: 'below the least there can be' };
  if (maximum !== undefined && compareTo(value, maximum) > 0) return { missing: 'above the most there can be' };
  return value;
}

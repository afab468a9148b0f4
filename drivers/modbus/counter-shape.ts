import { type CounterShape, Decimal } from '../../src/driver-kit/vocabulary.ts';
import { type Fraction, fractionOf, product, rounded } from './fraction.ts';
import type { Point } from './profile.ts';
import type { RegisterType } from './registers.ts';

/** How the counter of a point is built: what its profile says, and what follows from one integer of its own. */
export function counterShape(point: Point): CounterShape | undefined {
  if (point.kind !== 'counter') return undefined;
  const { rollover, reset, rateMax: rateMaxPerHour } = point;
  return { ...widthOf(point), rollover, reset, rateMaxPerHour, rounding: roundingOf(point) };
}

/** Only fractions that no decimal number holds are rounded. */
function roundingOf({ terms, scale, offset, decimals }: Point): Decimal | undefined {
  const isRounded = [scale, offset, ...terms.map(({ weight }) => weight)].some(({ denominator }) => denominator !== 1n);
  return isRounded ? new Decimal(1n, -decimals) : undefined;
}

/** Nothing of a float, a signed number, or a value of several terms: these have no one place where they begin again. */
function widthOf({ terms, scale, offset }: Point): Pick<CounterShape, 'bits' | 'modulus' | 'step'> {
  const [term, ...more] = terms;
  if (term === undefined || more.length > 0 || offset.numerator.unscaled !== 0n) return {};
  const numbers = numbersOf(term);
  if (numbers === undefined) return {};
  const step = product(term.weight, scale);
  if (step.numerator.unscaled < 0n) return {};
  return { bits: numbers.toString(2).length - 1, modulus: fine(product(fractionOf(Decimal.of(numbers)), step)), step: fine(step) };
}

/** How many numbers there are, 0 among them. */
function numbersOf({ type, mask }: Point['terms'][number]): bigint | undefined {
  const written = NUMBERS[type];
  if (mask === undefined || written === undefined) return written;
  let [lowest, width] = [mask, 0n];
  while ((lowest & 1n) === 0n) lowest >>= 1n;
  while (lowest > 0n) [lowest, width] = [lowest >> 1n, width + 1n];
  return 1n << width;
}

function fine(fraction: Fraction): Decimal {
  return rounded(fraction, DECIMALS);
}

const NUMBERS: Partial<Record<RegisterType, bigint>> = { uint8L: 1n << 8n, uint8H: 1n << 8n, uint16: 1n << 16n, uint32: 1n << 32n, uint64: 1n << 64n, bcd16: 10_000n, bcd32: 100_000_000n };
/** So fine that a thousand rollovers are exact to the last decimal that a profile can ask for. */
const DECIMALS = 12;

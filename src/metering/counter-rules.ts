import { Decimal } from '../core/decimal.ts';
import type { CounterShape } from '../core/meter-settings.ts';
import type { Quantity } from '../core/quantity.ts';

/** How the readings of a counter are judged: its shape, complete. */
export interface CounterRules {
  /** What the counter goes on from 0 at; undefined when it never does. */
  readonly modulus?: Decimal | undefined;
  /** A rollover is added up in place of costing an epoch. */
  readonly isExtended: boolean;
  /** A counter that was set back begins a new epoch by itself; otherwise a person has to say so. */
  readonly reset: boolean;
  readonly rateMaxPerHour?: Decimal | undefined;
  /** What the counter may be ahead of its rate, since devices show what they count in steps of their own. */
  readonly slack: Decimal;
  /** What its values are rounded to, where they are: the highest can be rounded up to the modulus. */
  readonly rounding?: Decimal | undefined;
}

/** What the configuration says outweighs what driver and profile say; the rest follows from what is measured. */
export function counterRules(quantity: Quantity, known: CounterShape = {}, configured: CounterShape = {}): CounterRules {
  const bits = configured.bits ?? (configured.modulus === undefined ? known.bits : undefined);
  const rollover = configured.rollover ?? known.rollover ?? configured.modulus !== undefined;
  const natural = RATES[quantity];
  const rate = configured.rateMaxPerHour ?? known.rateMaxPerHour;
  return {
    modulus: rollover ? modulusOf(bits, known, configured) : undefined,
    isExtended: bits === undefined || bits < EPOCH_BITS,
    reset: configured.reset ?? known.reset ?? true,
    rateMaxPerHour: rate ?? natural?.rate,
    slack: rate === undefined && natural !== undefined ? natural.slack : (configured.step ?? known.step ?? Decimal.of(1)).plus(known.rounding ?? Decimal.of(0)),
    rounding: known.rounding,
  };
}

/** A width that the configuration gives is that of the device's own number, of which one is the smallest step. */
function modulusOf(bits: number | undefined, known: CounterShape, configured: CounterShape): Decimal | undefined {
  if (configured.modulus !== undefined) return configured.modulus;
  if (configured.bits === undefined && known.modulus !== undefined) return known.modulus;
  return bits === undefined ? undefined : Decimal.of(1n << BigInt(bits)).times(configured.step ?? known.step ?? Decimal.of(1));
}

/** Wider counters roll over once in a lifetime, if ever. */
const EPOCH_BITS = 32;

/**
 * Time passes no faster than time; a tenth more is a device's bad clock. Many show whole hours only. What starts more often
 * than every ten seconds does not start.
 */
const RATES: Partial<Record<Quantity, { readonly rate: Decimal; readonly slack: Decimal }>> = {
  'operating-time': { rate: new Decimal(11n, -1), slack: Decimal.of(1) },
  duration: { rate: Decimal.of(3960), slack: Decimal.of(3600) },
  starts: { rate: Decimal.of(360), slack: Decimal.of(10) },
};

import { Decimal } from '../core/decimal.ts';
import type { Stamp } from '../core/reading.ts';
import type { CounterRules } from './counter-rules.ts';
import { elapsedMs } from './moments.ts';

/** A value of the device, and when it was read. */
export interface Sighting {
  readonly value: Decimal;
  readonly at: Stamp;
}

/** What the next value of a counter is judged by. */
export interface CounterState {
  readonly epoch: number;
  /** How often the counter has rolled over within the epoch, where rollovers are added up. */
  readonly turns: number;
  /** The last value that was believed; none at the beginning of an epoch. */
  readonly reference?: Sighting | undefined;
  /** A value that the one before it does not lead to. The next one tells whether it was noise. */
  readonly doubt?: Sighting | undefined;
}

/** Why an epoch began. */
export type EpochCause = 'rollover' | 'reset' | 'jump' | 'serial-number' | 'person';

/** What a value of a counter is worth, and the state from then on. */
export type CounterVerdict =
  | { readonly believed: true; readonly value: Decimal; readonly state: CounterState; readonly cause?: EpochCause | undefined; readonly reason?: string | undefined }
  /** No value where it would be lower than the epoch's last. */
  | { readonly believed: false; readonly value?: Decimal | undefined; readonly state: CounterState; readonly reason: string };

/**
 * Judges a value that a counter shows. It is believed when the last believed one leads to it: not lower, or lower by a
 * rollover, and no faster than the counter can count. Any other is in doubt until the next one is read: if that follows from
 * the last believed one, the doubtful one was noise or torn; if it follows from the doubtful one, the counter was set back or
 * replaced, and a new epoch begins, so that the way between the two is never taken for a count. Pure.
 */
export function judgedCounter(shown: Decimal, at: Stamp, state: CounterState, rules: CounterRules): CounterVerdict {
  const value = belowModulus(shown, rules);
  const { reference, doubt } = state;
  if (reference === undefined) return believed({ ...state, reference: { value, at }, doubt: undefined }, rules);
  const step = stepTo(value, at, reference, rules);
  if (step === 'counts' || step === 'counts-perhaps-more') return believed({ ...state, reference: { value, at }, doubt: undefined }, rules, { reason: step === 'counts' ? undefined : 'rollovers-uncounted' });
  if (step === 'rolls-over' || step === 'rolls-over-perhaps-more') return rolledOver(value, at, state, rules, step === 'rolls-over' ? undefined : 'rollovers-uncounted');
  const confirmed = doubt !== undefined && isConfirmed(value, at, doubt, rules);
  if (confirmed && isTurn(doubt.value, reference.value, rules)) return rolledOver(value, at, state, rules);
  if (confirmed && rules.reset) {
    const cause = doubt.value.compare(reference.value) < 0 ? 'reset' : 'jump';
    return believed({ epoch: state.epoch + 1, turns: 0, reference: { value, at } }, rules, { cause });
  }
  const doubted = { ...state, doubt: { value, at } };
  if (step === 'falls') return { believed: false, state: doubted, reason: 'lower-than-last' };
  return { believed: false, value: extended(value, state.turns, rules), state: doubted, reason: 'faster-than-plausible' };
}

/** The value with the rollovers of its epoch; a modulus that no decimal number holds leaves no trail of digits. */
export function extended(value: Decimal, turns: number, { modulus }: CounterRules): Decimal {
  return turns === 0 || modulus === undefined ? value : value.plus(modulus.times(Decimal.of(turns)).rounded(DECIMALS_MAX));
}

/** A value that was rounded up to where the counter goes back to 0 is rounded down: the counter has not gone round yet. */
function belowModulus(shown: Decimal, { modulus, rounding }: CounterRules): Decimal {
  if (modulus === undefined || rounding === undefined || shown.compare(modulus) < 0) return shown;
  const lower = shown.minus(rounding);
  return lower.compare(modulus) < 0 ? lower : shown;
}

type Step = 'counts' | 'counts-perhaps-more' | 'rolls-over' | 'rolls-over-perhaps-more' | 'falls' | 'jumps';

function stepTo(value: Decimal, at: Stamp, from: Sighting, rules: CounterRules): Step {
  const { modulus } = rules;
  const room = plausibleGrowth(at, from, rules);
  const growth = value.minus(from.value);
  const falls = growth.compare(ZERO) < 0;
  const overflows = modulus !== undefined && value.compare(modulus) >= 0; // no such number fits the counter
  if (overflows) return 'jumps';
  if (!falls && (room === undefined || growth.compare(room) <= 0)) {
    return modulus !== undefined && room !== undefined && room.compare(modulus) >= 0 ? 'counts-perhaps-more' : 'counts';
  }
  if (!falls) return 'jumps';
  if (modulus === undefined || room === undefined) return 'falls';
  const turned = growth.plus(modulus);
  if (turned.compare(room) > 0) return 'falls';
  return turned.plus(modulus).compare(room) <= 0 ? 'rolls-over-perhaps-more' : 'rolls-over';
}

function isConfirmed(value: Decimal, at: Stamp, doubt: Sighting, rules: CounterRules): boolean {
  const step = stepTo(value, at, doubt, rules);
  return step === 'counts' || step === 'counts-perhaps-more';
}

/** Without a rate, only from the last quarter to the first. */
function isTurn(after: Decimal, before: Decimal, { modulus, rateMaxPerHour }: CounterRules): boolean {
  if (modulus === undefined || rateMaxPerHour !== undefined) return false;
  return after.times(FOUR).compare(modulus) <= 0 && before.times(FOUR).compare(modulus.times(THREE)) >= 0;
}

/** The most that the counter can have grown; undefined when its rate, or the time that has passed, is not known. */
function plausibleGrowth(at: Stamp, from: Sighting, { rateMaxPerHour, slack }: CounterRules): Decimal | undefined {
  const ms = rateMaxPerHour === undefined ? undefined : elapsedMs(from.at, at);
  if (rateMaxPerHour === undefined || ms === undefined) return undefined;
  // One hour is 3.6e6 ms, so that ms / 36 is in units of 1e-5 h: rounded up, since this is a bound.
  return rateMaxPerHour.times(new Decimal(BigInt(Math.ceil((ms + LATE_MS) / 36)), -5)).plus(slack);
}

function rolledOver(value: Decimal, at: Stamp, state: CounterState, rules: CounterRules, reason?: string): CounterVerdict {
  if (rules.isExtended) return believed({ ...state, turns: state.turns + 1, reference: { value, at }, doubt: undefined }, rules, { reason });
  return believed({ epoch: state.epoch + 1, turns: 0, reference: { value, at } }, rules, { cause: 'rollover' });
}

function believed(state: CounterState & { readonly reference: Sighting }, rules: CounterRules, more: { readonly cause?: EpochCause; readonly reason?: string | undefined } = {}): CounterVerdict {
  return { believed: true, value: extended(state.reference.value, state.turns, rules), state, ...more };
}

const ZERO = Decimal.of(0);
const THREE = Decimal.of(3);
const FOUR = Decimal.of(4);
/** Devices bring what they show up to date now and then only. */
const LATE_MS = 60_000;
const DECIMALS_MAX = 6;

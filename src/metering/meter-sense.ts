import { Decimal } from '../core/decimal.ts';
import type { Limits } from '../core/meter-settings.ts';
import type { Unit } from '../core/quantity.ts';
import type { MeterContent, Quality, Stamp } from '../core/reading.ts';
import type { CounterRules } from './counter-rules.ts';
import { type CounterState, type EpochCause, judgedCounter, type Sighting } from './counter-sense.ts';
import type { MeterState, SerialState } from './meter-state.ts';

/** How one meter's values are judged. */
export interface MeterRules {
  readonly counter: CounterRules;
  readonly limits?: Limits | undefined;
}

/** A value as it is judged, the state from then on, and the event of an epoch that began. */
export interface Judged {
  readonly content: MeterContent;
  readonly state: MeterState;
  readonly event?: EpochBegun | undefined;
}

/** An epoch of a counter that has begun. */
export interface EpochBegun extends Pick<MeterContent, 'device' | 'meter' | 'asset'> {
  readonly unit?: Unit | undefined;
  readonly epoch: number;
  readonly cause: EpochCause;
  /** The last value that was believed of the epoch before. */
  readonly last?: Sighting | undefined;
  readonly first?: Decimal | undefined;
}

/** Judges one value of a meter; `serial` is what is known of its device's serial number. Pure. */
export function judgedValue(content: MeterContent, at: Stamp, before: MeterState, rules: MeterRules, serial?: SerialState): Judged {
  const { value, kind } = content;
  if (kind === 'counter' && (value === undefined || value instanceof Decimal)) return judgedCount({ ...content, value }, at, before, rules, serial);
  const reason = value instanceof Decimal ? outside(value, rules.limits) : undefined;
  return { content: doubted(content, reason), state: before };
}

/** What a person's word makes of a counter: its next value is the first of a new epoch, however high it is. */
export function replacedByPerson(before: MeterState): MeterState {
  return { ...before, counter: { epoch: (before.counter?.epoch ?? 0) + 1, turns: 0 } };
}

function judgedCount(content: MeterContent & { readonly value?: Decimal | undefined }, at: Stamp, before: MeterState, rules: MeterRules, serial: SerialState | undefined): Judged {
  const swaps = serial?.swaps;
  const isExchanged = before.counter?.reference !== undefined && before.swaps !== undefined && swaps !== undefined && before.swaps !== swaps;
  const start: CounterState = isExchanged ? { epoch: (before.counter?.epoch ?? 0) + 1, turns: 0 } : (before.counter ?? { epoch: 0, turns: 0 });
  if (content.value === undefined || content.quality !== 'good') return { content: { ...content, epoch: before.counter?.epoch ?? 0 }, state: before }; // its driver does not believe it
  if (serial?.doubt !== undefined) return { content: doubted({ ...content, epoch: start.epoch }, 'serial-number-changed'), state: before };
  const verdict = judgedCounter(content.value, at, start, rules.counter);
  const tooMuch = outside(verdict.value ?? content.value, rules.limits);
  if (tooMuch !== undefined) return { content: doubted({ ...content, epoch: before.counter?.epoch ?? 0 }, tooMuch), state: before };
  const { epoch } = verdict.state;
  const state = { ...before, counter: verdict.state, ...(swaps !== undefined && { swaps }) };
  if (!verdict.believed) {
    const quality: Quality = verdict.value === undefined ? 'bad' : 'uncertain';
    return { content: { ...content, value: verdict.value, epoch, quality, reason: verdict.reason }, state };
  }
  const cause = isExchanged ? 'serial-number' : verdict.cause;
  const { device, meter, asset, unit } = content;
  const event = cause === undefined ? undefined : { device, meter, asset, unit, epoch, cause, last: before.counter?.reference, first: verdict.value };
  return { content: doubted({ ...content, value: verdict.value, epoch }, verdict.reason), state, event };
}

function doubted(content: MeterContent, reason: string | undefined): MeterContent {
  return reason === undefined || content.quality !== 'good' ? content : { ...content, quality: 'uncertain', reason };
}

function outside(value: Decimal, { min, max }: Limits = {}): string | undefined {
  if (min !== undefined && value.compare(min) < 0) return 'below-minimum';
  return max !== undefined && value.compare(max) > 0 ? 'above-maximum' : undefined;
}

import type { MeterContent, Stamp } from '../core/reading.ts';
import type { Notes } from '../core/record.ts';
import { counterRules } from './counter-rules.ts';
import { type EpochBegun, judgedValue, type MeterRules, replacedByPerson } from './meter-sense.ts';
import { meterNote, meterNoteKey, type MeterState, readMeterNote } from './meter-state.ts';
import { nextSecond, publication, type Publication, type PublicationRules } from './reading-policy.ts';
import { judgedTime } from './reading-time.ts';
import { judgedSerial, SERIAL_NUMBER } from './serial-number.ts';

/** A value to enter, and what it is judged by. */
export interface MeterEntry extends PublicationRules {
  readonly content: MeterContent;
  readonly rules?: MeterRules | undefined;
}

/** Readings that were entered together, to be recorded together with the events and notes. */
export interface Entered {
  /** Those to publish. */
  readonly contents: readonly MeterContent[];
  /** Epochs that began. */
  readonly events: readonly EpochBegun[];
  readonly notes: Notes;
  /** How many readings are not published and will not be, and why. */
  readonly suppressed: { readonly same: number; readonly tooSoon: number };
  /** To be called when they were recorded, or when they were not and will not be: the notes tell from then on. */
  readonly settled: (outcome: 'stored' | 'refused') => void;
}

/**
 * Remembers of each meter what its next reading is judged by. What is stored is in the notes; the book runs ahead of
 * them, since readings may be entered while earlier ones are still being stored, and each is judged by the one before.
 * A reading that is not published is stored with nothing, unless it says that an epoch began: flash is not written for it.
 * One that comes in the second of the last is held until that is over, in memory only; only the newest of a meter is.
 */
export class MeterBook {
  readonly #note: (key: string) => string | undefined;
  readonly #ahead = new Map<string, MeterState>();
  /** Events that were refused with their readings, by the key of their meter. */
  readonly #untold = new Map<string, readonly EpochBegun[]>();
  /** By the key of their meter. */
  readonly #held = new Map<string, Held>();

  /** `note` gives what was recorded for a key, in this run or an earlier one. */
  constructor(note: (key: string) => string | undefined) {
    this.#note = note;
  }

  /** Judges readings of one moment, in their order. */
  enter(entries: readonly MeterEntry[], stamp: Stamp): Entered {
    if (entries.length === 0) return NOTHING;
    const page = new Page();
    const published = [...entries].sort(serialFirst).flatMap((entry) => this.#judged(entry, stamp, page));
    return this.#entered(published, page);
  }

  /** When the first reading that is held becomes due, in monotonic milliseconds; undefined when none is. */
  get nextDueMs(): number | undefined {
    return this.#held.size === 0 ? undefined : Math.min(...[...this.#held.values()].map(({ at }) => at.monotonicMs));
  }

  /** Takes out the readings whose second is over, each with the time it is published with: the beginning of the next. */
  due(nowMs: number): readonly (Entered & { readonly stamp: Stamp })[] {
    const due = [...this.#held].filter(([, { at }]) => at.monotonicMs <= nowMs);
    return due.map(([key, { content, at }]) => {
      const page = new Page();
      this.#held.delete(key);
      const state = this.#stateOf(key);
      const isOver = state.counter !== undefined && state.counter.epoch !== content.epoch; // a person's word came between
      return { ...this.#entered(isOver ? [] : [this.#published(key, state, content, at, page)], page), stamp: at };
    });
  }

  /** Takes a person's word that a counter was replaced: a new epoch, whose first value is the next that is read. Undefined for one that was never read. */
  replaced(meter: Pick<EpochBegun, 'device' | 'meter' | 'asset' | 'unit'>): (Entered & { readonly epoch: number }) | undefined {
    const page = new Page();
    const key = meterNoteKey(meter.device, meter.meter);
    const before = this.#stateOf(key);
    if (before.counter === undefined) return undefined;
    const after = replacedByPerson(before);
    const epoch = after.counter?.epoch ?? 0;
    this.#keep(page, key, after);
    const { device, meter: name, asset, unit } = meter;
    page.events.push([key, { device, meter: name, asset, unit, epoch, cause: 'person', last: before.counter?.reference }]);
    return { ...this.#entered([], page), epoch };
  }

  #judged({ content, rules = PLAIN, ...wish }: MeterEntry, stamp: Stamp, page: Page): readonly MeterContent[] {
    const key = meterNoteKey(content.device, content.meter);
    const before = this.#stateOf(key);
    const sensed = this.#sensed(before, { content, rules }, stamp);
    const now = publication(judgedTime(sensed.content, stamp, before.lastMs).content, stamp, before.sent, wish);
    const verdict = now === 'later' ? publication(sensed.content, stamp, before.sent, wish) : now; // its time will be another
    if (sensed.event !== undefined) page.events.push([key, sensed.event]);
    for (const event of this.#toldAgain(key, before)) page.events.push([key, event]);
    if (this.#held.delete(key)) page.verdicts.push('too-soon'); // this one is newer
    page.verdicts.push(verdict);
    if (verdict === 'publish') return [this.#published(key, sensed.state, sensed.content, stamp, page)];
    if (verdict === 'later' && before.sent !== undefined) this.#held.set(key, { content: sensed.content, at: nextSecond(stamp, before.sent) });
    if (isWeighty(before, sensed.state) || page.events.some(([of]) => of === key)) this.#keep(page, key, sensed.state);
    else this.#ahead.set(key, sensed.state);
    return [];
  }

  /** The content as its time leaves it; the state tells from then on that it was sent. */
  #published(key: string, state: MeterState, content: MeterContent, at: Stamp, page: Page): MeterContent {
    const { content: timed, lastMs } = judgedTime(content, at, state.lastMs);
    const { value, epoch, quality, reason } = timed;
    this.#keep(page, key, { ...state, lastMs, sent: { value: value?.toString(), epoch, quality, reason, at } });
    return timed;
  }

  #sensed(before: MeterState, { content, rules }: { readonly content: MeterContent; readonly rules: MeterRules }, stamp: Stamp): ReturnType<typeof judgedValue> {
    if (content.meter === SERIAL_NUMBER && typeof content.value === 'string') {
      const serial = judgedSerial(content.value, before.serial);
      return { content, state: { ...before, serial } };
    }
    return judgedValue(content, stamp, before, rules, this.#stateOf(meterNoteKey(content.device, SERIAL_NUMBER)).serial);
  }

  /** The refusal of an epoch's first reading took its event along, but not the readings that rest on it. */
  #toldAgain(key: string, before: MeterState): readonly EpochBegun[] {
    const untold = this.#untold.get(key) ?? [];
    this.#untold.delete(key);
    return untold.filter((event) => event.epoch <= (before.counter?.epoch ?? 0));
  }

  #stateOf(key: string): MeterState {
    return this.#ahead.get(key) ?? readMeterNote(this.#note(key));
  }

  #keep(page: Page, key: string, state: MeterState): void {
    this.#ahead.set(key, state);
    page.changed.set(key, state);
  }

  #entered(contents: readonly MeterContent[], { changed, events, verdicts }: Page): Entered {
    const count = (wanted: Publication): number => verdicts.filter((verdict) => verdict === wanted).length;
    return {
      contents,
      events: events.map(([, event]) => event),
      notes: Object.fromEntries([...changed].map(([key, state]) => [key, meterNote(state)])),
      suppressed: { same: count('same'), tooSoon: count('too-soon') },
      settled: (outcome) => {
        for (const [key, state] of changed) this.#settled(key, state);
        if (outcome === 'refused') for (const [key, event] of events) this.#untold.set(key, [...(this.#untold.get(key) ?? []), event]);
      },
    };
  }

  /** What was entered later rests on it and is still on its way: its own note says as much, if this one was lost. */
  #settled(key: string, state: MeterState): void {
    if (this.#ahead.get(key) === state) this.#ahead.delete(key);
  }
}

/** A reading that waits for its second to be over. */
interface Held {
  readonly content: MeterContent;
  /** When that is. */
  readonly at: Stamp;
}

/** What entering readings of one moment brings. */
class Page {
  readonly changed = new Map<string, MeterState>();
  readonly events: (readonly [key: string, event: EpochBegun])[] = [];
  readonly verdicts: Publication[] = [];
}

/** What must not be forgotten by a restart, whether it is published or not. */
function isWeighty(before: MeterState, after: MeterState): boolean {
  const isTurned = before.counter?.epoch !== after.counter?.epoch || before.counter?.turns !== after.counter?.turns;
  return isTurned || before.swaps !== after.swaps || before.serial?.text !== after.serial?.text || before.serial?.swaps !== after.serial?.swaps;
}

function serialFirst(one: MeterEntry, other: MeterEntry): number {
  return Number(other.content.meter === SERIAL_NUMBER) - Number(one.content.meter === SERIAL_NUMBER);
}

const NOTHING: Entered = { contents: [], events: [], notes: {}, suppressed: { same: 0, tooSoon: 0 }, settled: () => undefined };

const PLAIN: MeterRules = { counter: counterRules('count') };

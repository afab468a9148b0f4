import type { MeterContent, Stamp } from '../core/reading.ts';
import type { Notes } from '../core/record.ts';
import { meterNote, meterNoteKey, type MeterState, readMeterNote } from './meter-state.ts';
import { judgedTime } from './reading-time.ts';

/** Readings that were entered together, to be recorded together with the notes. */
export interface Entered {
  readonly contents: readonly MeterContent[];
  readonly notes: Notes;
  /** To be called when they were recorded, or when they were not and will not be: the notes tell from then on. */
  readonly settled: () => void;
}

/**
 * Remembers of each meter what its next reading is judged by. What is stored is in the notes; the book runs ahead of
 * them, since readings may be entered while earlier ones are still being stored, and each is judged by the one before.
 */
export class MeterBook {
  readonly #note: (key: string) => string | undefined;
  readonly #ahead = new Map<string, MeterState>();

  /** `note` gives what was recorded for a key, in this run or an earlier one. */
  constructor(note: (key: string) => string | undefined) {
    this.#note = note;
  }

  /** Judges readings of one moment, in their order. */
  enter(contents: readonly MeterContent[], stamp: Stamp): Entered {
    const changed = new Map<string, MeterState>();
    const judged = contents.map((content) => {
      const key = meterNoteKey(content.device, content.meter);
      const before = this.#ahead.get(key) ?? readMeterNote(this.#note(key));
      const { content: result, lastMs } = judgedTime(content, stamp, before.lastMs);
      if (lastMs === before.lastMs) return result;
      const after = { ...before, lastMs };
      this.#ahead.set(key, after);
      changed.set(key, after);
      return result;
    });
    return {
      contents: judged,
      notes: Object.fromEntries([...changed].map(([key, state]) => [key, meterNote(state)])),
      settled: () => {
        for (const [key, state] of changed) this.#settled(key, state);
      },
    };
  }

  /** What was entered later rests on it and is still on its way: its own note says as much, if this one was lost. */
  #settled(key: string, state: MeterState): void {
    if (this.#ahead.get(key) === state) this.#ahead.delete(key);
  }
}

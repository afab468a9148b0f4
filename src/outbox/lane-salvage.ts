import { Ranges } from '../core/ranges.ts';
import type { Lane } from '../core/reading.ts';
import { isIntactRow } from './row-columns.ts';
import { SEQUENCE_MAX, sequenceOf } from './row-key.ts';
import type { RowRecord } from './statements.ts';

/** Reads rows of a lane from a sequence on; undefined when the first so many cannot all be read. */
export type ReadRows = (from: number, rowsMax: number) => readonly RowRecord[] | undefined;

/** One lane of a damaged file: goes through it in pieces, and around what cannot be read. */
export class LaneSalvage {
  readonly number: number;
  readonly source: string;
  readonly lane: Lane;
  isDone = false;
  /** Sequences that were read. */
  readonly found = new Ranges();
  /** Sequences that may have stood where nothing can be read, or whose row is not as it was written. */
  readonly lost = new Ranges();
  #from = 0;
  #rowsMax = ROWS_A_STEP;

  constructor(number: number, source: string, lane: Lane) {
    this.number = number;
    this.source = source;
    this.lane = lane;
  }

  /** The next rows that can be read and are as they were written; none may be a hole, and not yet the end. */
  next(read: ReadRows): readonly RowRecord[] {
    for (;;) {
      const rows = read(this.#from, this.#rowsMax);
      if (rows !== undefined) return this.#take(rows);
      if (this.#rowsMax === 1) break;
      this.#rowsMax = Math.max(1, Math.floor(this.#rowsMax / 4));
    }
    this.#skip(read);
    return [];
  }

  #take(rows: readonly RowRecord[]): readonly RowRecord[] {
    this.isDone = rows.length < this.#rowsMax;
    this.#from = sequenceOf(rows.at(-1)?.key ?? 0) + 1;
    this.#rowsMax = Math.min(this.#rowsMax * 4, ROWS_A_STEP);
    return rows.filter((row) => {
      const intact = isIntactRow(row);
      (intact ? this.found : this.lost).add(sequenceOf(row.key));
      return intact;
    });
  }

  /**
   * Goes on at the first sequence behind a damaged page. Small steps first, since whole pages must not be jumped over,
   * then ever longer ones: a damaged page high up in the tree hides thousands.
   */
  #skip(read: ReadRows): void {
    let [bad, good, step] = [this.#from, this.#from + 1, 1];
    while (good <= SEQUENCE_MAX && read(good, 1) === undefined) {
      step = good - this.#from < SMALL_STEPS_UPTO ? Math.min(step + 1, SMALL_STEP) : step * 2;
      [bad, good] = [good, good + step];
    }
    while (good <= SEQUENCE_MAX && good - bad > 1) {
      const middle = Math.floor((bad + good) / 2);
      if (read(middle, 1) === undefined) bad = middle;
      else good = middle;
    }
    this.isDone = good > SEQUENCE_MAX;
    this.lost.add(this.#from, Math.min(good - 1, SEQUENCE_MAX));
    this.#from = good;
  }
}

const ROWS_A_STEP = 250;
const SMALL_STEP = 4;
const SMALL_STEPS_UPTO = 4096;

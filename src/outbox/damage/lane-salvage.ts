import { Ranges } from '../../core/ranges.ts';
import type { Lane } from '../../core/reading.ts';
import { isIntactRow } from '../file/row-columns.ts';
import { SEQUENCE_MAX, sequenceOf } from '../row-key.ts';
import type { RowRecord } from '../file/statements.ts';

/** Reads rows of a lane from a sequence on, or its last rows; undefined when so many cannot all be read. */
export interface LaneRows {
  from(sequence: number, rowsMax: number): readonly RowRecord[] | undefined;
  last(rowsMax: number): readonly RowRecord[] | undefined;
}

/** One lane of a damaged file: goes through it in pieces, and around what cannot be read. */
export class LaneSalvage {
  readonly number: number;
  readonly source: string;
  readonly lane: Lane;
  isDone = false;
  /** Sequences that were read. */
  readonly found = new Ranges();
  /** Sequences that may have stood where nothing can be read as it was written. */
  readonly lost = new Ranges();
  #from = 0;
  #rowsMax = ROWS_A_STEP;
  /** The last sequence that is known to stand there; a damaged page in between can look like the end. */
  #end: number | undefined;

  constructor(number: number, source: string, lane: Lane) {
    this.number = number;
    this.source = source;
    this.lane = lane;
  }

  /** The next rows that can be read and are as they were written; none may be a hole, and not yet the end. */
  next(rows: LaneRows): readonly RowRecord[] {
    this.#end ??= lastIntact(rows);
    for (;;) {
      const found = intactOnly(rows.from(this.#from, this.#rowsMax));
      if (found !== undefined && (found.length === this.#rowsMax || this.#isEnd(found))) return this.#take(found);
      if (this.#rowsMax === 1) break;
      this.#rowsMax = Math.max(1, Math.floor(this.#rowsMax / 4));
    }
    this.#skip(rows);
    return [];
  }

  /** A row that was read cannot be stored: it is lost after all. */
  unusable(sequence: number): void {
    this.found.remove(sequence);
    this.lost.add(sequence, sequence);
  }

  #isEnd(found: readonly RowRecord[]): boolean {
    return sequenceOf(found.at(-1)?.key ?? 0) >= (this.#end ?? 0) || this.#from > (this.#end ?? 0);
  }

  #take(found: readonly RowRecord[]): readonly RowRecord[] {
    this.isDone = found.length < this.#rowsMax;
    this.#from = sequenceOf(found.at(-1)?.key ?? 0) + 1;
    this.#rowsMax = Math.min(this.#rowsMax * 4, ROWS_A_STEP);
    for (const { key } of found) this.found.add(sequenceOf(key));
    return found;
  }

  /**
   * Goes on at the first sequence behind what is damaged. Small steps first, since whole pages must not be jumped over,
   * then ever longer ones: a damaged page high up in the tree hides thousands.
   */
  #skip(rows: LaneRows): void {
    const isGood = (at: number): boolean => {
      const found = intactOnly(rows.from(at, 1));
      return found !== undefined && (found.length > 0 || at > (this.#end ?? 0));
    };
    let [bad, good, step] = [this.#from, this.#from + 1, 1];
    while (good <= SEQUENCE_MAX && !isGood(good)) {
      step = good - this.#from < SMALL_STEPS_UPTO ? Math.min(step + 1, SMALL_STEP) : step * 2;
      [bad, good] = [good, good + step];
    }
    while (good <= SEQUENCE_MAX && good - bad > 1) {
      const middle = Math.floor((bad + good) / 2);
      if (isGood(middle)) good = middle;
      else bad = middle;
    }
    this.isDone = good > SEQUENCE_MAX;
    this.lost.add(this.#from, Math.min(good - 1, SEQUENCE_MAX));
    this.#from = good;
  }
}

/** A row that is not as it was written may have another key too: nothing behind it can be told from it. */
function intactOnly(rows: readonly RowRecord[] | undefined): readonly RowRecord[] | undefined {
  return rows?.every(isIntactRow) === true ? rows : undefined;
}

function lastIntact(rows: LaneRows): number {
  for (let rowsMax = 1; rowsMax <= ROWS_A_STEP; rowsMax *= 2) {
    const found = rows.last(rowsMax)?.find(isIntactRow);
    if (found !== undefined) return sequenceOf(found.key);
  }
  return 0;
}

const ROWS_A_STEP = 250;
const SMALL_STEP = 4;
const SMALL_STEPS_UPTO = 4096;

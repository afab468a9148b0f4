import { type Lane, LANES, type Stamp } from '../../core/reading.ts';
import type { News, OutboxLimits } from '../calls.ts';
import { rowKey } from '../row-key.ts';
import type { Store } from '../file/store.ts';

/** Which of the delivered rows may go: those that are older than they are kept, or all. */
type Which = 'all' | { readonly recordedBeforeMs: number };

/** Removes what is delivered, oldest first and a little at a time; rows in quarantine stay. */
export class Retention {
  readonly #store: Store;
  readonly #keepMs: number;
  readonly #tell: (news: News) => void;
  /** Up to where a lane has been cleared. */
  readonly #cleared = new Map<string, number>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor({ store, limits, tell }: { readonly store: Store; readonly limits: OutboxLimits; readonly tell: (news: News) => void }) {
    this.#store = store;
    this.#keepMs = limits.keepMs;
    this.#tell = tell;
  }

  /** Removes some rows; false when there is nothing to remove. */
  purge(which: Which): boolean {
    let removed = 0;
    this.#store.transact(() => (removed = this.purgeInside(which, ROWS_AT_ONCE)));
    if (removed === 0) this.#cleared.clear(); // a commit that failed may have left what was counted as gone
    return removed > 0;
  }

  /** The same inside a transaction; gives the number of rows. */
  purgeInside(which: Which, rowsMax: number): number {
    const { book } = this.#store;
    for (const stream of book.numbers) {
      for (const lane of LANES) {
        const removed = this.#purgeLane(stream, lane, which, rowsMax);
        if (removed > 0) return removed;
      }
      this.#retire(stream);
    }
    return 0;
  }

  /** Removes what is older than it is kept, inside a transaction; it looks once a minute, and goes on while it finds some. */
  purgeAgedInside({ wallMs, monotonicMs, clock }: Stamp, rowsMax: number): void {
    // A clock that is not set tells no age; what is delivered goes then by its size alone.
    if (clock === 'unsynced' || monotonicMs - this.#lookedMs < LOOK_EVERY_MS) return;
    if (this.purgeInside({ recordedBeforeMs: wallMs - this.#keepMs }, rowsMax) > 0) return;
    this.#lookedMs = monotonicMs;
    this.#cleared.clear(); // what was too young then is looked at anew
  }

  #purgeLane(stream: number, lane: Lane, which: Which, rowsMax: number): number {
    const { statements, book } = this.#store;
    const name = `${stream}/${lane}`;
    for (const [first, last] of book.lane(stream, lane).settled.list()) {
      const from = Math.max(first, (this.#cleared.get(name) ?? -1) + 1);
      if (from > last) continue;
      const found = statements.keys[lane].all(rowKey(stream, from) - 1, rowKey(stream, last), rowsMax);
      const may = which === 'all' ? found : found.filter(({ recorded_ms: recordedMs }) => recordedMs < which.recordedBeforeMs);
      const highest = may.at(-1)?.key;
      if (highest === undefined) continue;
      this.#cleared.set(name, highest - rowKey(stream, 0));
      book.raiseFloor(stream);
      const { changes } = statements.remove[lane].run(rowKey(stream, from) - 1, highest);
      if (changes > 0) return changes;
    }
    return 0;
  }

  /** An old stream of which nothing is left. */
  #retire(stream: number): void {
    const { book, statements } = this.#store;
    if (stream === book.own) return;
    const [from, to] = [rowKey(stream, 0), rowKey(stream + 1, 0) - 1];
    if (LANES.some((lane) => typeof statements.lowest[lane].get(from, to)?.key === 'number')) return;
    book.remove(stream);
    this.#tell({ news: 'withdrawn', streams: [stream] });
  }
}

/** When room has to be made before anything can be stored. */
const ROWS_AT_ONCE = 1000;
const LOOK_EVERY_MS = 60_000;

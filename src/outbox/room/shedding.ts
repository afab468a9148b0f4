import type { Stamp } from '../../core/reading.ts';
import type { News } from '../calls.ts';
import { rangesOf } from '../file/gap.ts';
import { rowKey, SEQUENCE_MAX, sequenceOf } from '../row-key.ts';
import type { RowRecord } from '../file/statements.ts';
import type { Store } from '../file/store.ts';
import { THINNING_LEVELS_MS, thinnedOut } from './thinning.ts';

/**
 * Gives up meter readings that wait, for want of room: never one that may have been sent or is about to be, and each with its number in a
 * `gap` event of the same transaction, so that the receiver does not wait for it.
 */
export class Shedding {
  /** Readings that were given up since the start. */
  gone = 0;
  readonly #store: Store;
  readonly #tell: (news: News) => void;
  /** By level and stream: up to which key the lane has been thinned. */
  readonly #marks = new Map<string, number>();

  constructor({ store, tell }: { readonly store: Store; readonly tell: (news: News) => void }) {
    this.#store = store;
    this.#tell = tell;
  }

  /** Gives up some readings; false when nothing may go any more. */
  shed(now: Stamp): boolean {
    for (const level of THINNING_LEVELS_MS.keys()) {
      for (const stream of this.#store.book.numbers) if (this.#shedLevel(stream, level, now)) return true;
    }
    return this.#again(now);
  }

  /** The coarsest level once more from the beginning: what stood at the ends of its pieces may go now. */
  #again(now: Stamp): boolean {
    const level = THINNING_LEVELS_MS.length - 1;
    for (const stream of this.#store.book.numbers) {
      this.#marks.delete(`${level}/${stream}`);
      if (this.#shedLevel(stream, level, now)) return true;
    }
    return false;
  }

  #shedLevel(stream: number, level: number, now: Stamp): boolean {
    for (let piece = this.#piece(stream, level); piece.length > 0; piece = this.#piece(stream, level)) {
      const keys = thinnedOut(piece, THINNING_LEVELS_MS[level] ?? 0);
      this.#marks.set(`${level}/${stream}`, piece.at(-1)?.key ?? 0);
      if (keys.length === 0) continue;
      this.#giveUp(stream, keys, now);
      return true;
    }
    return false;
  }

  /** The next rows of a level: not sent yet, and thinned by the level before. */
  #piece(stream: number, level: number): readonly RowRecord[] {
    const { book, statements } = this.#store;
    const { sentUpto, readUpto, settled } = book.lane(stream, 'meter');
    const after = Math.max(rowKey(stream, Math.max(sentUpto, readUpto)), this.#marks.get(`${level}/${stream}`) ?? 0);
    const upto = level === 0 ? rowKey(stream, SEQUENCE_MAX) : (this.#marks.get(`${level - 1}/${stream}`) ?? 0);
    const piece: RowRecord[] = [];
    this.#store.guarded(() => {
      for (const row of statements.rows.meter.iterate(after, upto)) {
        if (!settled.has(sequenceOf(row.key))) piece.push(row);
        if (piece.length >= PIECE_ROWS) break;
      }
    });
    return piece;
  }

  #giveUp(stream: number, keys: readonly number[], now: Stamp): void {
    const arrivals = this.#store.giveUp(stream, keys, now);
    this.#store.book.lane(stream, 'meter').waiting -= keys.length;
    this.gone += keys.length;
    this.#tell({ news: 'evicted', evictions: [{ stream, lane: 'meter', ranges: rangesOf(keys) }] });
    this.#tell({ news: 'arrived', arrivals });
  }
}

/** A piece takes some milliseconds. */
const PIECE_ROWS = 1000;

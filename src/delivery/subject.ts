import type { StoredRow } from '../outbox/row.ts';
import type { Track } from './track.ts';

/**
 * Where a row stands: to be sent; in flight; with the broker, but not done; refused or without an outcome, until the
 * rest of its subject has landed; done.
 */
export type Phase = 'queued' | 'flying' | 'sent' | 'failed' | 'done';

/** One row on its way out. */
export interface Entry {
  readonly track: Track;
  readonly subject: Subject;
  readonly sequence: number;
  /** The row of the same lane before this one: between the two there is none that could be unsettled. */
  readonly after: number;
  /** Kept until the row is done, since it may have to go again. */
  readonly row: StoredRow;
  phase: Phase;
  /** Waits outside its lane's order, for its subject or its topic. */
  aside: boolean;
  /** Monotonic milliseconds of the last send. */
  sentMs: number;
  tries: number;
  refusals: number;
}

/**
 * The rows of one meter, or of one scanner, that were handed over and are not done, in order. After a failure it turns:
 * nothing more of it is sent until all that flies has landed, and then everything from the failed row on goes again,
 * whether the broker has taken it or not. So the last time that its rows are sent they are sent in order.
 */
export class Subject {
  /** The topic below the gateway's root: all rows of a subject share it. */
  readonly topic: string;
  #out: Entry[] = [];
  #done = 0;
  #flying = 0;
  #turnsAt: number | undefined;
  #parked: Entry[] = [];

  constructor(topic: string) {
    this.topic = topic;
  }

  /** Whether it waits for what flies to land. */
  get turning(): boolean {
    return this.#turnsAt !== undefined;
  }

  /** A row of it is in flight. */
  flown(entry: Entry): void {
    this.#out.push(entry);
    this.#flying += 1;
  }

  /** A row of it is in flight no longer, whatever became of it. */
  landed(): void {
    this.#flying -= 1;
  }

  /** The row has to go again, and so does everything behind it. */
  failed({ sequence }: Entry): void {
    this.#turnsAt = Math.min(this.#turnsAt ?? sequence, sequence);
  }

  /** Whether the row may not go before others of its subject, which wait. */
  holds({ sequence }: Entry): boolean {
    return this.turning || (this.#parked[0]?.sequence ?? sequence) < sequence;
  }

  /** The first row that waits aside. */
  get firstParked(): Entry | undefined {
    while (this.#parked[0]?.phase === 'done') this.#parked.shift();
    return this.#parked[0];
  }

  /** How many rows wait aside. */
  get parked(): number {
    return this.#parked.length;
  }

  /** Keeps a row aside. All rows of a subject that wait do so here, in order, so that none can overtake another. */
  park(entry: Entry): void {
    const before = this.#parked.at(-1);
    this.#parked.push(entry);
    if (before !== undefined && before.sequence > entry.sequence) this.#parked.sort((a, b) => a.sequence - b.sequence);
  }

  /** Takes out the first of the rows that wait aside, or all of them. */
  unpark(count = this.#parked.length): readonly Entry[] {
    return this.#parked.splice(0, count);
  }

  /** What goes again, in order, once nothing flies any more; empty before that and without a failure. */
  turned(): readonly Entry[] {
    const from = this.#turnsAt;
    if (from === undefined || this.#flying > 0) return NONE;
    const open = this.#out.filter(({ phase }) => phase !== 'done');
    const again = [...open.filter(({ sequence }) => sequence >= from), ...this.#parked];
    this.#out = open.filter(({ sequence }) => sequence < from);
    this.#done = 0;
    this.#parked = [];
    this.#turnsAt = undefined;
    return again;
  }

  /** The first row, if the broker has it: with everything before it done, it is done as well. */
  completed(): Entry | undefined {
    this.#trim();
    const [first] = this.#out;
    return first?.phase === 'sent' ? first : undefined;
  }

  /** A row that was handed over is done. */
  finished(): void {
    this.#done += 1;
    this.#trim();
    if (this.#done < COMPACT_AT || this.#done * 2 < this.#out.length) return;
    this.#out = this.#out.filter(({ phase }) => phase !== 'done');
    this.#done = 0;
  }

  #trim(): void {
    while (this.#out[0]?.phase === 'done') {
      this.#out.shift();
      this.#done -= 1;
    }
  }
}

const NONE: readonly Entry[] = [];

/** Rows that are done behind one that is not are dropped in bulk. */
const COMPACT_AT = 64;

import { Ranges } from '../core/ranges.ts';
import type { Lane } from '../core/reading.ts';
import type { LaneReport, Settlement } from '../outbox/calls.ts';
import type { StoredRow } from '../outbox/row.ts';

/** Where a row of a track stands: to be sent, in flight, with the broker but not acknowledged, or done. */
export type Phase = 'queued' | 'flying' | 'sent' | 'settled';

/** One row on its way out. */
export interface Entry {
  readonly track: Track;
  readonly sequence: number;
  readonly position: number;
  phase: Phase;
  /** Monotonic milliseconds of the last send. */
  sentMs: number;
  tries: number;
  /** Kept until the broker has it. */
  row: StoredRow | undefined;
}

/**
 * The rows of one stream and lane, from the first that is not settled on: read in order, sent in order, settled in any
 * order. It knows what may be told as settled without ever covering a row that is not.
 */
export class Track {
  readonly stream: number;
  readonly source: string;
  readonly lane: Lane;
  /** Entries from `#start` on; those before it are done. An entry's position minus `#shift` is its index. */
  #entries: Entry[] = [];
  #start = 0;
  #shift = 0;
  #next = 0;
  #settledUpto: number;
  #readUpto: number;
  #last: number;
  #waiting: number;
  #unconfirmed = 0;
  readonly #early: Ranges;

  constructor(parts: { readonly stream: number; readonly source: string; readonly lane: Lane; readonly last: number; readonly report: LaneReport }) {
    this.stream = parts.stream;
    this.source = parts.source;
    this.lane = parts.lane;
    this.#early = new Ranges(parts.report.settled);
    this.#settledUpto = parts.report.settled.find(([first]) => first === 0)?.[1] ?? 0;
    this.#readUpto = this.#settledUpto;
    this.#last = parts.last;
    this.#waiting = parts.report.waiting;
  }

  /** Rows that are not settled, read or not. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Rows that were read and wait to be sent. */
  get queued(): number {
    return this.#shift + this.#entries.length - this.#next;
  }

  /** Rows that the broker has and the receiver has not acknowledged. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** Every row of this lane up to this sequence is settled. */
  get settledUpto(): number {
    return this.#settledUpto;
  }

  /** The sequence of the first row that was never sent or has to be sent again, where one is known. */
  get firstUnsent(): number | undefined {
    const next = this.#at(this.#next)?.sequence;
    return next ?? (this.#readUpto < this.#last && this.#waiting > this.#entries.length - this.#start ? this.#readUpto + 1 : undefined);
  }

  /** Where the next page begins, or undefined when all rows have been read. */
  get unread(): number | undefined {
    return this.#readUpto < this.#last ? this.#readUpto : undefined;
  }

  /** New rows stand in the outbox. */
  grew(last: number, rows: number): void {
    this.#last = Math.max(this.#last, last);
    this.#waiting += rows;
  }

  /** Takes a page; an empty one says that there is nothing more up to `askedUpto`. */
  read(rows: readonly StoredRow[], askedUpto: number): void {
    for (const row of rows) {
      this.#readUpto = row.sequence;
      if (this.#early.has(row.sequence)) continue;
      const position = this.#shift + this.#entries.length;
      this.#entries.push({ track: this, sequence: row.sequence, position, phase: 'queued', sentMs: 0, tries: 0, row });
    }
    if (rows.length === 0) this.#readUpto = Math.max(this.#readUpto, askedUpto);
  }

  /** The last sequence that is known to stand in the outbox. */
  get last(): number {
    return this.#last;
  }

  /** The next row to send, in order, without taking it. */
  peek(): Entry | undefined {
    for (let entry = this.#at(this.#next); entry !== undefined; entry = this.#at(this.#next)) {
      if (entry.phase === 'queued') return entry;
      this.#next += 1;
    }
    return undefined;
  }

  /** The row is in flight. */
  fly(entry: Entry, nowMs: number): void {
    entry.phase = 'flying';
    entry.sentMs = nowMs;
    entry.tries += 1;
    this.#next = Math.max(this.#next, entry.position + 1);
  }

  /** The broker has the row; the receiver has to confirm it. */
  sent(entry: Entry): void {
    if (entry.phase !== 'flying') return;
    entry.phase = 'sent';
    entry.row = undefined;
    this.#unconfirmed += 1;
  }

  /** The row has to go again, before everything behind it. */
  again(entry: Entry): void {
    if (entry.phase !== 'flying') return;
    entry.phase = 'queued';
    this.#next = Math.min(this.#next, entry.position);
  }

  /** The row is done. Returns whether this was news. */
  settle(entry: Entry): boolean {
    if (entry.phase === 'settled') return false;
    if (entry.phase === 'sent') this.#unconfirmed -= 1;
    entry.phase = 'settled';
    entry.row = undefined;
    this.#waiting -= 1;
    this.#trim();
    return true;
  }

  /** The rows that were handed over, in flight or sent, from first to last sequence. */
  handedOver(first: number, last: number): readonly Entry[] {
    const found: Entry[] = [];
    for (let index = this.#start; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined || entry.sequence > last) break;
      if (entry.sequence >= first && (entry.phase === 'flying' || entry.phase === 'sent')) found.push(entry);
    }
    return found;
  }

  /** The oldest row that the receiver has not confirmed. */
  get oldestUnconfirmed(): Entry | undefined {
    if (this.#unconfirmed === 0) return undefined;
    return this.#entries.find(({ phase }) => phase === 'sent');
  }

  /** Forgets what was read and sent: everything that is not settled is read and sent again. */
  rewind(): void {
    for (const [first, last] of this.settlement().ranges) this.#early.add(first, last);
    this.#entries = [];
    this.#start = 0;
    this.#shift = 0;
    this.#next = 0;
    this.#unconfirmed = 0;
    this.#readUpto = this.#settledUpto;
  }

  /** What may be written down as settled: all up to a sequence, and what was settled early behind it. */
  settlement(): Settlement {
    const ranges = new Ranges(this.#early.list());
    ranges.add(0, this.#settledUpto);
    let runFrom: number | undefined;
    for (const { phase, sequence } of this.#entries.slice(this.#start)) {
      runFrom = phase === 'settled' ? (runFrom ?? sequence) : undefined;
      if (runFrom !== undefined) ranges.add(runFrom, sequence);
    }
    return { stream: this.stream, lane: this.lane, ranges: ranges.list(), sentUpto: this.#readUpto, waiting: this.#waiting };
  }

  #at(position: number): Entry | undefined {
    return this.#entries[position - this.#shift];
  }

  #trim(): void {
    for (let entry = this.#entries[this.#start]; entry?.phase === 'settled'; entry = this.#entries[this.#start]) {
      this.#settledUpto = entry.sequence;
      this.#start += 1;
    }
    if (this.#start < TRIM_AT && this.#start < this.#entries.length) return;
    this.#entries.splice(0, this.#start);
    this.#shift += this.#start;
    this.#next = Math.max(this.#next, this.#shift);
    this.#start = 0;
    this.#early.remove(0, this.#settledUpto);
  }
}

/** Done entries are dropped in bulk: dropping each would move all that are behind it. */
const TRIM_AT = 256;

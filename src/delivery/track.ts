import { Ranges } from '../core/ranges.ts';
import type { Lane } from '../core/reading.ts';
import type { Eviction, LaneReport, Settlement } from '../outbox/calls.ts';
import type { StoredRow } from '../outbox/row.ts';
import { type Entry, Subject } from './subject.ts';
import { topicOf } from './topics.ts';

/** What keeps a row from being sent now although its turn has come; it lets the subject's rows go some time. */
export interface Parking {
  keep(subject: Subject): void;
}

/**
 * The rows of one stream and lane, from the first that is not settled on: read in order, sent in order but for those
 * that had to be set aside, settled in any order. It knows what may be told as settled without ever covering a row
 * that is not.
 */
export class Track {
  readonly stream: number;
  readonly source: string;
  readonly lane: Lane;
  /** When the first row that waited when the outbox was opened was stored, in wall time. */
  readonly waitingSinceMs: number | undefined;
  /** Rows that were read and are not done, by sequence and in its order. */
  readonly #open = new Map<number, Entry>();
  readonly #subjects = new Map<string, Subject>();
  /** Rows to send, lowest first: those that have to go again are all before those that were never sent. */
  #again: Entry[] = [];
  readonly #fresh: Entry[] = [];
  readonly #settled: Ranges;
  #readUpto: number;
  #sentUpto: number;
  #last: number;
  #waiting: number;
  #aside = 0;
  #blocked = false;
  #unconfirmed = 0;
  #unconfirmedBytes = 0;

  constructor(parts: { readonly stream: number; readonly source: string; readonly lane: Lane; readonly last: number; readonly report: LaneReport }) {
    this.stream = parts.stream;
    this.source = parts.source;
    this.lane = parts.lane;
    this.waitingSinceMs = parts.report.waitingSinceMs;
    this.#settled = new Ranges([[0, 0], ...parts.report.settled]);
    this.#readUpto = this.settledUpto;
    this.#sentUpto = parts.report.sentUpto;
    this.#last = parts.last;
    this.#waiting = parts.report.waiting;
  }

  /** Rows that are not settled, read or not. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Rows that were read and wait to be sent, without those set aside. */
  get queued(): number {
    return this.#again.length + this.#fresh.length;
  }

  /** Rows that the broker has and that are not done. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** About what those take in memory. */
  get unconfirmedBytes(): number {
    return this.#unconfirmedBytes;
  }

  /** Whether so many rows are set aside that none is sent any more until they can go. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Every row of this lane up to this sequence is settled. */
  get settledUpto(): number {
    return this.#settled.endOf(0) ?? 0;
  }

  /** The highest sequence of this lane that may have been sent, in this run or before. */
  get sentUpto(): number {
    return this.#sentUpto;
  }

  /** The last sequence that is known to stand in the outbox. */
  get last(): number {
    return this.#last;
  }

  /** The sequence of the first row that was never sent or has to be sent again, where one is known. */
  get firstUnsent(): number | undefined {
    for (const { phase, sequence } of this.#open.values()) if (phase === 'queued' || phase === 'failed') return sequence;
    return this.#readUpto < this.#last && this.#waiting > this.#open.size ? this.#readUpto + 1 : undefined;
  }

  /** The last sequence that was read: up to there rows may be on their way. */
  get readUpto(): number {
    return this.#readUpto;
  }

  /** Where the next page begins, or undefined when all rows have been read. */
  get unread(): number | undefined {
    return this.#readUpto < this.#last ? this.#readUpto : undefined;
  }

  /** Whether the row was sent, and is settled or waits for the receiver alone: its bytes can never change any more. */
  wasSent(sequence: number): boolean {
    return this.#settled.has(sequence) || this.#open.get(sequence)?.phase === 'sent';
  }

  /** New rows stand in the outbox. */
  grew(last: number, rows: number): void {
    this.#last = Math.max(this.#last, last);
    this.#waiting += rows;
  }

  /** Takes a page; an empty one says that there is nothing more up to `askedUpto`, unless rows were held back. */
  read(rows: readonly StoredRow[], askedUpto: number, held: boolean): void {
    for (const row of rows) {
      const after = this.#readUpto;
      this.#readUpto = row.sequence;
      if (this.#settled.has(row.sequence)) continue;
      const entry: Entry = { track: this, subject: this.#subjectOf(row), sequence: row.sequence, after, row, phase: 'queued', aside: false, sentMs: 0, tries: 0, refusals: 0 };
      this.#open.set(row.sequence, entry);
      this.#fresh.push(entry);
    }
    if (rows.length === 0 && !held && askedUpto > this.#readUpto) {
      this.#settled.add(this.#readUpto + 1, askedUpto); // nothing of this lane stands there
      this.#readUpto = askedUpto;
    }
    // The outbox may know rows as settled by a commit that was under way when it was opened anew: what it reported then counts them.
    if (this.unread === undefined) this.#waiting = this.#open.size;
  }

  /**
   * The next row to send, without taking it. What may not go now is set aside on the way: behind others of its subject,
   * or because `parkingOf` says so. When too much is aside, the lane waits.
   */
  next(parkingOf: (entry: Entry) => Parking | undefined): Entry | undefined {
    for (;;) {
      const list = this.#again.length > 0 ? this.#again : this.#fresh;
      const entry = list[0];
      if (entry === undefined) return undefined;
      if (entry.phase === 'queued') {
        const behind = entry.subject.holds(entry);
        const parking = behind ? undefined : parkingOf(entry);
        this.#blocked = (behind || parking !== undefined) && this.#aside >= ASIDE_MAX;
        if (!behind && parking === undefined) return entry;
        if (this.#blocked) return undefined;
        entry.aside = true;
        this.#aside += 1;
        entry.subject.park(entry);
        parking?.keep(entry.subject);
      }
      list.shift();
    }
  }

  /** The row that `next` gave is in flight. */
  fly(entry: Entry, nowMs: number): void {
    (this.#again.length > 0 ? this.#again : this.#fresh).shift();
    entry.phase = 'flying';
    entry.sentMs = nowMs;
    entry.tries += 1;
    this.#sentUpto = Math.max(this.#sentUpto, entry.sequence);
    entry.subject.flown(entry);
  }

  /** The broker has the row. */
  accepted(entry: Entry): void {
    if (entry.phase !== 'flying') return;
    entry.subject.landed();
    entry.phase = 'sent';
    this.#unconfirmed += 1;
    this.#unconfirmedBytes += bytesOf(entry);
    this.requeue(entry.subject.turned());
  }

  /** The row has no outcome, or was refused for now: it goes again, and everything of its subject behind it. */
  failed(entry: Entry): void {
    if (entry.phase !== 'flying' && entry.phase !== 'sent') return;
    this.#leave(entry);
    entry.phase = 'failed';
    entry.subject.failed(entry);
    this.requeue(entry.subject.turned());
  }

  /** Puts rows back into the lane's order. */
  requeue(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (entry.phase === 'done') continue;
      this.#leave(entry);
      entry.phase = 'queued';
    }
    this.#again = [...this.#again, ...entries].sort((a, b) => a.sequence - b.sequence);
  }

  /** The row is done. Returns whether this was news. */
  settle(entry: Entry): boolean {
    if (entry.phase === 'done') return false;
    const handedOver = entry.phase !== 'queued';
    this.#leave(entry);
    entry.phase = 'done';
    this.#open.delete(entry.sequence);
    this.#settled.add(entry.after + 1, entry.sequence);
    this.#waiting = Math.max(this.#open.size, this.#waiting - 1);
    if (!handedOver) return true;
    entry.subject.finished();
    this.requeue(entry.subject.turned());
    return true;
  }

  /**
   * Rows were given up by the outbox: they are done, and were not delivered. Returns those that were read already, of
   * which some may be in flight.
   */
  evict({ ranges }: Eviction): readonly Entry[] {
    const gone = new Ranges(ranges);
    const read = [...this.#open.values()].filter(({ sequence }) => gone.has(sequence));
    for (const entry of read) this.settle(entry);
    let unread = 0;
    for (const [first, last] of ranges) {
      const settled = this.#settled.size;
      this.#settled.add(Math.max(first, this.#readUpto + 1), last);
      unread += this.#settled.size - settled;
      this.#settled.add(first, last);
    }
    this.#waiting = Math.max(this.#open.size, this.#waiting - unread);
    return read;
  }

  /** Forgets everything: nothing of it can be read or settled any more. Returns what was open. */
  withdraw(): readonly Entry[] {
    const open = [...this.#open.values()];
    for (const entry of open) entry.phase = 'done';
    this.#open.clear();
    return open;
  }

  /** The rows that were handed over in this run and are not done, up to a sequence. */
  handedOver(upto: number): readonly Entry[] {
    const found: Entry[] = [];
    for (const entry of this.#open.values()) {
      if (entry.sequence > upto) break;
      if (entry.tries > 0) found.push(entry);
    }
    return found;
  }

  /** The row, if it is read and not done. */
  open(sequence: number): Entry | undefined {
    return this.#open.get(sequence);
  }

  /** The rows that the broker took before a moment and the receiver has not confirmed. */
  unconfirmedSince(beforeMs: number): readonly Entry[] {
    if (this.#unconfirmed === 0) return [];
    return [...this.#open.values()].filter(({ phase, sentMs }) => phase === 'sent' && sentMs <= beforeMs);
  }

  /** What may be written down as settled, and what may have been sent. */
  settlement(): Settlement {
    return { stream: this.stream, lane: this.lane, ranges: this.#settled.list(), sentUpto: this.#sentUpto, waiting: this.#waiting };
  }

  /** Takes a row out of the counts of the phase that it is in. */
  #leave(entry: Entry): void {
    if (entry.aside) {
      entry.aside = false;
      this.#aside -= 1;
    }
    if (entry.phase === 'flying') entry.subject.landed();
    if (entry.phase !== 'sent') return;
    this.#unconfirmed -= 1;
    this.#unconfirmedBytes -= bytesOf(entry);
  }

  #subjectOf(row: StoredRow): Subject {
    const key = `${row.kind}/${row.subject}`;
    const known = this.#subjects.get(key);
    if (known !== undefined) return known;
    const subject = new Subject(topicOf(row));
    this.#subjects.set(key, subject);
    return subject;
  }
}

function bytesOf({ row }: Entry): number {
  return row.content.length + ROW_OVERHEAD_BYTES;
}

/** What a row takes in memory beside its content. */
const ROW_OVERHEAD_BYTES = 400;

/** The most rows of a lane that are set aside, so that those behind them can go. */
const ASIDE_MAX = 1000;

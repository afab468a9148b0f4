import type { Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Lane, LANES } from '../core/reading.ts';
import type { Notes, Recorded, RecordOptions, RecordReadings } from '../core/record.ts';
import type { Reading } from '../core/reading.ts';
import { Capacity, type CapacityReport } from './capacity.ts';
import type { Opened, OpenRequest, PageRequest, Quarantined, Settlement } from './calls.ts';
import { GroupCommit, type Waiting } from './group-commit.ts';
import { bytesOf, type NewRow, rowOf, type StoredRow } from './row.ts';
import type { WorkerThread } from './worker-thread.ts';

/** What the outbox needs to open. */
export interface OutboxParts extends Omit<OpenRequest, 'nowMs'> {
  readonly worker: WorkerThread;
  readonly commitsPerSecond: number;
  readonly sizeMaxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** New rows of the outbox's own stream. */
export interface Arrival {
  readonly lane: Lane;
  /** The highest sequence in this lane. */
  readonly last: number;
  readonly rows: number;
}

/**
 * The durable queue as the main thread sees it: readings go in and are on disk when `record` resolves; pages come out
 * in order; what is settled is written along with the next commit.
 */
export class Outbox {
  /** What stood in the file when it was opened. */
  readonly opened: Opened;
  readonly #worker: WorkerThread;
  readonly #clock: Clock;
  readonly #commits: GroupCommit<Entry>;
  readonly #capacity: Capacity;
  readonly #notes: Map<string, string>;
  #arrived: ((arrival: Arrival) => void) | undefined;
  #unannounced: Arrival[] = [];
  #settlements: () => readonly Settlement[] = () => [];
  #quarantined: Quarantined[] = [];
  #settlementDue = false;
  #settledAtMs = Number.NEGATIVE_INFINITY;
  #connected = false;
  #closing = false;
  #fault: string | undefined;

  private constructor(opened: Opened, parts: OutboxParts) {
    this.#worker = parts.worker;
    this.opened = opened;
    this.#clock = parts.clock;
    this.#notes = new Map(Object.entries(opened.notes));
    this.#capacity = new Capacity(parts);
    this.#capacity.recorded(0, opened.usedBytes);
    this.#commits = new GroupCommit({
      clock: parts.clock,
      commitsPerSecond: parts.commitsPerSecond,
      rowsMax: GATHER_ROWS_MAX,
      bytesMax: GATHER_BYTES_MAX,
      commit: (entries) => this.#commit(entries),
    });
  }

  /** Opens the outbox; rejects with a StorageError that says what stands in the way. */
  static async open(parts: OutboxParts): Promise<Outbox> {
    const { worker, clock, log, directory, site, gateway, fingerprint, newStreamId } = parts;
    const nowMs = clock.stamp().wallMs;
    const opened = await worker.call('open', { directory, site, gateway, fingerprint, newStreamId, nowMs });
    log.info('outbox open', { directory, source: opened.stream.source, ...opened.pragmas });
    return new Outbox(opened, parts);
  }

  /** Stores readings and notes in one transaction; see RecordReadings. */
  readonly record: RecordReadings = (readings: readonly Reading[], notes: Notes = {}, options: RecordOptions = {}) => {
    const rows = readings.map(rowOf);
    if (rows.length === 0 && Object.keys(notes).length === 0) return Promise.resolve({ source: this.opened.stream.source, sequences: [] });
    return new Promise<Recorded>((resolve, reject) => {
      const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 0);
      const entry = { rows: rows.length, bytes, lingerMs: options.lingerMs ?? 0, content: rows, notes, resolve, reject };
      if (this.#commits.add(entry)) return;
      reject(
        new StorageError({
          where: 'outbox',
          what: `${this.#commits.rows} readings wait for their commit, and that is the most`,
          remedy: 'The disk is slower than the readings come: see the commit time in tailgate status',
        }),
      );
    });
  };

  /** A note as it was last recorded. */
  note(key: string): string | undefined {
    return this.#notes.get(key);
  }

  /** Whether a broker is connected; readings committed while none is are `historical`. */
  set connected(connected: boolean) {
    this.#connected = connected;
  }

  /** Why the last commit failed, in words; undefined when it did not. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** How full it is, in bytes and in time. */
  get capacity(): CapacityReport {
    return this.#capacity.report();
  }

  /** Readings that wait for their commit to start. */
  get gathered(): number {
    return this.#commits.rows;
  }

  /** Told after each commit which lanes have grown since the opening. There is one listener: the forwarder. */
  set arrived(listener: (arrival: Arrival) => void) {
    this.#arrived = listener;
    for (const arrival of this.#unannounced.splice(0)) listener(arrival);
  }

  /** Asked for the settled ranges when they are written. There is one source: the forwarder. */
  set settlements(source: () => readonly Settlement[]) {
    this.#settlements = source;
  }

  /**
   * The settlements have changed: they go with the next commit, but no more often than once a second, and on their own
   * only after half a minute. What a crash forgets of them is sent once more, and the receiver drops it.
   */
  settlementChanged(): void {
    if (this.#settlementDue) return;
    this.#settlementDue = true;
    this.#commits.expectWithin(SETTLEMENT_ALONE_AFTER_MS);
  }

  /** Puts a refused row aside, along with the settlement that covers it. */
  quarantine(row: Quarantined): void {
    this.#quarantined.push(row);
    this.#settlementDue = true;
    this.#settledAtMs = Number.NEGATIVE_INFINITY;
    this.#commits.expectWithin(0);
  }

  /** Unsettled rows of a lane, in order. */
  page(request: PageRequest): Promise<readonly StoredRow[]> {
    return this.#worker.call('page', request);
  }

  /** Commits what waits, writes the settlements and closes the file. */
  async close(): Promise<void> {
    this.#settledAtMs = Number.NEGATIVE_INFINITY;
    if (this.#settlementDue) this.#commits.expectWithin(0);
    this.#closing = true;
    await this.#commits.flush();
    await this.#worker.close();
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    const rows = entries.flatMap((entry) => entry.content);
    const notes = new Map(entries.flatMap((entry) => Object.entries(entry.notes)));
    const { wallMs, monotonicMs } = this.#clock.stamp();
    const settling = this.#settlementDue && (entries.length === 0 || monotonicMs - this.#settledAtMs >= SETTLEMENT_EVERY_MS);
    if (this.#settlementDue && !settling) this.#commits.expectWithin(SETTLEMENT_ALONE_AFTER_MS);
    if (rows.length === 0 && notes.size === 0 && !settling) return;
    const quarantined = this.#quarantined;
    this.#quarantined = [];
    if (settling) this.#settlementDue = false;
    const settlements = settling ? this.#settlements() : [];
    try {
      const batch = { rows, notes: [...notes], settlements, quarantined, nowMs: wallMs, historical: !this.#connected };
      const { first, usedBytes } = await this.#worker.call('commit', batch);
      this.#capacity.recorded(
        entries.reduce((sum, { bytes }) => sum + bytes, 0),
        usedBytes,
      );
      this.#fault = undefined;
      if (settling) this.#settledAtMs = monotonicMs;
      this.#keepNotes(notes);
      this.#resolve(entries, first);
      this.#announce(rows, first);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#fault = error.message;
      this.#quarantined.unshift(...quarantined);
      if (settling) this.#retrySettlement();
      for (const { reject } of entries) reject(error);
    }
  }

  /** Not while closing: what cannot be written now is sent again after the next start, and dropped as known. */
  #retrySettlement(): void {
    if (this.#closing) return;
    this.#settlementDue = true;
    this.#commits.expectWithin(SETTLEMENT_ALONE_AFTER_MS);
  }

  #keepNotes(notes: ReadonlyMap<string, string | null>): void {
    for (const [key, value] of notes) {
      if (value === null) this.#notes.delete(key);
      else this.#notes.set(key, value);
    }
  }

  #resolve(entries: readonly Entry[], first: number): void {
    let sequence = first;
    for (const { resolve, rows } of entries) {
      const from = sequence;
      resolve({ source: this.opened.stream.source, sequences: Array.from({ length: rows }, (_, index) => from + index) });
      sequence += rows;
    }
  }

  #announce(rows: readonly NewRow[], first: number): void {
    for (const lane of LANES) {
      let [count, last] = [0, 0];
      for (const [index, row] of rows.entries()) {
        if (row.lane !== lane) continue;
        count += 1;
        last = first + index;
      }
      if (count === 0) continue;
      if (this.#arrived === undefined) this.#unannounced.push({ lane, last, rows: count });
      else this.#arrived({ lane, last, rows: count });
    }
  }
}

interface Entry extends Waiting {
  readonly content: readonly NewRow[];
  readonly notes: Notes;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (fault: StorageError) => void;
}

/** The gather buffer's bounds: some seconds of a busy gateway on a card that stalls. */
const GATHER_ROWS_MAX = 20_000;
const GATHER_BYTES_MAX = 32 * 1024 * 1024;

const SETTLEMENT_EVERY_MS = 1000;
const SETTLEMENT_ALONE_AFTER_MS = 30_000;

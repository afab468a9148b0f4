import { spokenDuration } from '../core/amount.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Reading, Stamp } from '../core/reading.ts';
import type { Notes, Recorded, RecordOptions, RecordReadings } from '../core/record.ts';
import type { Batch, Fetched, FetchRequest, News, Opened, OpenRequest, Page, PageRequest, Quarantined, QuarantinedRow, RowIdentity, StreamReason, StreamReport } from './calls.ts';
import { Capacity, type CapacityReport } from './capacity.ts';
import type { Follower } from './follower.ts';
import { GroupCommit, type Waiting } from './group-commit.ts';
import { bytesOf, type NewRow, rowOf, storedRows } from './row.ts';
import type { WorkerThread } from './worker-thread.ts';

/** What the outbox needs to open. */
export interface OutboxParts extends Omit<OpenRequest, 'now'> {
  readonly worker: Pick<WorkerThread, 'call' | 'close' | 'news'>;
  readonly commitsPerSecond: number;
  /** Told of a time that was good in an earlier run, as soon as the file is open. */
  readonly lastGood?: (wallMs: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The durable queue as the main thread sees it: readings go in and are on disk when `record` resolves; pages come out
 * in order; what is settled is written along with the next commit.
 */
export class Outbox {
  readonly #worker: OutboxParts['worker'];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lastGood: (wallMs: number) => void;
  readonly #commits: GroupCommit<Entry>;
  readonly #capacity: Capacity;
  readonly #notes = new Map<string, string>();
  #source: string | undefined;
  #follower: Follower | undefined;
  #untold: News[] = [];
  #quarantined: { readonly row: Quarantined; readonly event: Reading | undefined }[] = [];
  #released: RowIdentity[] = [];
  #settlementDue = false;
  #settledAtMs = Number.NEGATIVE_INFINITY;
  #connected = false;
  #closing = false;
  #cancelOpenAgain: Cancel | undefined;
  #fault: string | undefined;
  #alarms: readonly string[] = [];
  #own: StreamReport | undefined;

  private constructor(parts: OutboxParts) {
    this.#worker = parts.worker;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#lastGood = parts.lastGood ?? ((): void => undefined);
    this.#capacity = new Capacity(parts.clock);
    this.#commits = new GroupCommit({
      clock: parts.clock,
      commitsPerSecond: parts.commitsPerSecond,
      rowsMax: GATHER_ROWS_MAX,
      bytesMax: GATHER_BYTES_MAX,
      commit: (entries) => this.#commit(entries),
    });
    parts.worker.news = (news) => this.#heard(news);
  }

  /**
   * Opens the outbox. Rejects with a StorageError when its directory must not be used, for another process holds it or
   * a newer version wrote it. A disk that cannot be used now is no reason: then `record` rejects until it can.
   */
  static async open(parts: OutboxParts): Promise<Outbox> {
    const { worker, clock, directory, site, gateway, fingerprint, newStreamId, limits } = parts;
    const outbox = new Outbox(parts);
    const { fault } = await worker.call('open', { directory, site, gateway, fingerprint, newStreamId, limits, now: clock.stamp() });
    outbox.#fault = fault;
    if (fault === undefined) return outbox;
    parts.log.error('the outbox cannot be opened; readings are refused until it can', { why: fault });
    outbox.#openAgain();
    return outbox;
  }

  /** Stores readings and notes in one transaction; see RecordReadings. */
  readonly record: RecordReadings = (readings: readonly Reading[], notes: Notes = {}, options: RecordOptions = {}) => {
    const rows = readings.map(rowOf);
    if (rows.length === 0 && Object.keys(notes).length === 0) return Promise.resolve({ source: this.#source ?? '', sequences: [] });
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

  /** The source of the stream that new readings go to; undefined while the file cannot be opened. */
  get source(): string | undefined {
    return this.#source;
  }

  /** Whether a broker is connected; readings committed while none is are `historical`. */
  set connected(connected: boolean) {
    this.#connected = connected;
  }

  /** Why nothing can be stored, in words; undefined when it can. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** How full it is, in bytes and in time. */
  get capacity(): CapacityReport {
    return this.#capacity.report();
  }

  /** What a person should know of the storage, in words. */
  get alarms(): readonly string[] {
    return [...(this.#fault === undefined ? [] : [`storage: ${this.#fault}`]), ...this.#alarms, ...this.#capacityAlarms(), ...this.#streamAlarms()];
  }

  /** Readings that wait for their commit to start. */
  get gathered(): number {
    return this.#commits.rows;
  }

  /** Tells the one who moves rows on everything from the opening on. */
  follow(follower: Follower): void {
    this.#follower = follower;
    for (const news of this.#untold.splice(0)) tell(follower, news);
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

  /** Puts a refused row aside, along with the settlement that covers it and the event that tells of it. */
  quarantine(row: Quarantined, event?: Reading): void {
    this.#quarantined.push({ row, event });
    this.#settleSoon();
  }

  /** Takes a row out of quarantine: it was delivered after all, or given up by a person. */
  release(row: RowIdentity): void {
    this.#released.push(row);
    this.#settleSoon();
  }

  /** What is in quarantine, oldest first. */
  quarantinedRows(): Promise<readonly QuarantinedRow[]> {
    return this.#worker.call('quarantine', undefined);
  }

  /** Unsettled rows of a lane, in order. */
  page(request: PageRequest): Promise<Page> {
    return this.#worker.call('page', request);
  }

  /** Rows by their sequences, settled or not, as far as they are still kept. */
  fetch(request: FetchRequest): Promise<Fetched> {
    return this.#worker.call('fetch', request);
  }

  /** The clock was set: rows of this boot that were never sent get their time from it. */
  async correct(at: Stamp): Promise<void> {
    await this.#worker.call('correct', at);
  }

  /** Begins a new stream: the other side has more of the present one than this outbox ever gave out, which is so in a copy. */
  async restart(reason: StreamReason, newStreamId: string): Promise<void> {
    await this.#worker.call('restart', { reason, newStreamId, now: this.#clock.stamp() });
  }

  /** Resolves when the thread answers at all, whatever the disk does. */
  async ping(): Promise<void> {
    await this.#worker.call('ping', undefined);
  }

  /** Commits what waits, writes the settlements and closes the file. */
  async close(): Promise<void> {
    this.#settledAtMs = Number.NEGATIVE_INFINITY;
    if (this.#settlementDue) this.#commits.expectWithin(0);
    this.#closing = true;
    this.#cancelOpenAgain?.();
    await this.#commits.flush();
    await this.#worker.close();
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    const taken = entries.flatMap((entry) => entry.content);
    const notes = new Map(entries.flatMap((entry) => Object.entries(entry.notes)));
    const now = this.#clock.stamp();
    const settling = this.#settlementDue && (entries.length === 0 || now.monotonicMs - this.#settledAtMs >= SETTLEMENT_EVERY_MS);
    if (this.#settlementDue && !settling) this.#commits.expectWithin(SETTLEMENT_ALONE_AFTER_MS);
    if (taken.length === 0 && notes.size === 0 && !settling) return;
    const [quarantined, released] = [this.#quarantined.splice(0), this.#released.splice(0)];
    if (settling) this.#settlementDue = false;
    const settlements = settling ? (this.#follower?.settlements() ?? []) : [];
    const rows = [...taken, ...quarantined.flatMap(({ event }) => (event === undefined ? [] : [rowOf(event)]))];
    try {
      await this.#store({ rows, notes: [...notes], settlements, quarantined: quarantined.map(({ row }) => row), released, read: this.#follower?.read() ?? [], now, historical: !this.#connected }, entries);
      if (settling) this.#settledAtMs = now.monotonicMs;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#failed(error);
      this.#quarantined.unshift(...quarantined);
      this.#released.unshift(...released);
      if (settling) this.#retrySettlement();
      for (const { reject } of entries) reject(error);
    }
  }

  async #store(batch: Batch, entries: readonly Entry[]): Promise<void> {
    const { source, first, arrivals, usage } = await this.#worker.call('commit', batch);
    this.#capacity.recorded(
      entries.reduce((sum, { bytes }) => sum + bytes, 0),
      usage,
    );
    this.#works();
    for (const [key, value] of batch.notes) {
      if (value === null) this.#notes.delete(key);
      else this.#notes.set(key, value);
    }
    let sequence = first;
    for (const { resolve, rows } of entries) {
      const from = sequence;
      resolve({ source, sequences: Array.from({ length: rows }, (_, index) => from + index) });
      sequence += rows;
    }
    const at = { first, recordedMs: batch.now.wallMs, historical: batch.historical };
    for (const arrival of arrivals) this.#follower?.arrived(arrival, this.#connected ? storedRows(batch.rows, arrival.lane, at) : undefined);
    if (this.#follower === undefined && arrivals.length > 0) this.#untold.push({ news: 'arrived', arrivals });
  }

  /** Also where nothing is recorded: what was stored before has to go out. */
  #openAgain(): void {
    this.#cancelOpenAgain = this.#clock.after(OPEN_AGAIN_MS, () => {
      this.#worker.call('ready', undefined).then(
        () => this.#works(),
        (error: unknown) => {
          if (!(error instanceof StorageError)) throw error;
          this.#fault = error.message;
          if (!this.#closing) this.#openAgain();
        },
      );
    });
  }

  #works(): void {
    this.#cancelOpenAgain?.(); // what is told of the opening later says nothing of a fault that came since
    if (this.#fault !== undefined) this.#log.info('readings can be stored again');
    this.#fault = undefined;
  }

  #failed(error: StorageError): void {
    if (this.#fault === undefined) this.#log.error('readings cannot be stored', { why: error.message });
    this.#fault = error.message;
  }

  #settleSoon(): void {
    this.#settlementDue = true;
    this.#settledAtMs = Number.NEGATIVE_INFINITY;
    this.#commits.expectWithin(0);
  }

  /** Not while closing: what cannot be written now is sent again after the next start, and dropped as known. */
  #retrySettlement(): void {
    if (this.#closing) return;
    this.#settlementDue = true;
    this.#commits.expectWithin(SETTLEMENT_ALONE_AFTER_MS);
  }

  #heard(news: News): void {
    if (news.news === 'opened') this.#opened(news);
    if (news.news === 'usage') this.#capacity.recorded(0, news.usage);
    if (news.news === 'alarms') this.#alarms = news.alarms;
    if (this.#follower === undefined) this.#untold.push(news);
    else tell(this.#follower, news);
  }

  #capacityAlarms(): readonly string[] {
    const { waitingBytes, limitBytes, leftMs } = this.capacity;
    if (limitBytes === 0 || waitingBytes < limitBytes * NEARLY_FULL) return [];
    const left = leftMs === undefined ? '' : `; it holds ${spokenDuration(leftMs)} more at the present rate`;
    return [`the outbox is ${Math.round((waitingBytes / limitBytes) * 100)} % full of what waits for the broker${left}`];
  }

  #streamAlarms(): readonly string[] {
    if (this.#own === undefined || this.#own.reason === 'new') return [];
    const ageMs = this.#clock.stamp().wallMs - this.#own.createdMs;
    return ageMs < NEW_STREAM_ALARM_MS ? [`a new count has begun (${this.#own.source}): ${REASONS[this.#own.reason]}`] : [];
  }

  #opened({ streams, own, notes, pragmas, lastGoodMs }: Opened): void {
    this.#own = streams.find(({ number }) => number === own) ?? this.#own;
    const source = this.#own?.source;
    for (const [key, value] of Object.entries(notes)) this.#notes.set(key, value);
    this.#source = source;
    if (lastGoodMs !== undefined) this.#lastGood(lastGoodMs);
    this.#log.info('outbox open', { streams: streams.map((stream) => stream.source).join(' '), ...pragmas });
  }
}

function tell(follower: Follower, news: News): void {
  switch (news.news) {
    case 'opened':
      for (const stream of news.streams) follower.opened(stream);
      return;
    case 'withdrawn':
      for (const stream of news.streams) follower.withdrawn(stream);
      return;
    case 'arrived':
      for (const arrival of news.arrivals) follower.arrived(arrival);
      return;
    case 'evicted':
      for (const eviction of news.evictions) follower.evicted(eviction);
      return;
    case 'usage':
    case 'alarms':
      return;
  }
}

const REASONS: Readonly<Record<Exclude<StreamReason, 'new'>, string>> = {
  renamed: 'the gateway or its site was renamed, or this is the outbox of another gateway; what was stored before goes out under the old name',
  'other-hardware': 'the outbox comes from another machine: was the card copied? Two gateways must not run from copies of one card',
  damaged: 'the outbox was damaged and begun anew; what can be read of the old one still goes out',
  incomplete: "the outbox's file or its log was missing: readings that waited may be lost. Never remove files from its directory",
  copied: 'the receiver has counted more than this outbox ever gave out: it is an old copy. Was the card restored from a backup?',
};

interface Entry extends Waiting {
  readonly content: readonly NewRow[];
  readonly notes: Notes;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (fault: StorageError) => void;
}

/** The gather buffer's bounds: some seconds of a busy gateway on a card that stalls. */
const GATHER_ROWS_MAX = 20_000;
const GATHER_BYTES_MAX = 32 * 1024 * 1024;

/** From here on people are told; meter readings are thinned at 0.9. */
const NEARLY_FULL = 0.8;
const NEW_STREAM_ALARM_MS = 7 * 86_400_000;

const OPEN_AGAIN_MS = 10_000;
const SETTLEMENT_EVERY_MS = 1000;
const SETTLEMENT_ALONE_AFTER_MS = 30_000;

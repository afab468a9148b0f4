import Database from 'better-sqlite3';
import { codeOf, messageOf, StorageError } from '../../core/errors.ts';
import { type Lane, LANES, type Stamp } from '../../core/reading.ts';
import type { Arrival, Batch, Committed, Fetched, FetchRequest, Opened, OpenRequest, Page, PageRequest, QuarantinedRow, RestartRequest, StreamReason } from '../calls.ts';
import { isIntact } from './checksum.ts';
import { gapRows, rangesOf } from './gap.ts';
import { SEQUENCE_MAX } from '../row-key.ts';
import { isIntactRow } from './row-columns.ts';
import { RowReader } from './row-reader.ts';
import { Boots, RowWriter } from './row-writer.ts';
import type { NewRow } from '../row.ts';
import { prepareSchema, refuseUnknown } from './schema.ts';
import { checkSettings, LOCKING, SETTINGS } from './settings.ts';
import { prepare, type Statements } from './statements.ts';
import { damage, storageError } from './storage-fault.ts';
import { StreamBook } from './stream-book.ts';

/** How a file is opened beside what the gateway asks for. */
export interface StoreParts {
  readonly file: string;
  readonly request: OpenRequest;
  /** Why a stream is begun if the file holds none. */
  readonly reason?: StreamReason;
  /** The number of that stream, where an old file has had others. */
  readonly number?: number;
}

/**
 * The outbox's SQLite file, open. Synchronous: it lives in the worker thread, where an fsync may take its time. Whatever
 * it throws is a StorageError, or a bug.
 */
export class Store {
  readonly file: string;
  readonly statements: Statements;
  readonly book: StreamBook;
  readonly #database: Database.Database;
  readonly #boots: Boots;
  readonly #notes = new Map<string, string>();
  readonly #writer: RowWriter;
  readonly #reader: RowReader;
  /** Keys of the notes of batches whose commit failed. */
  readonly #doubt = new Set<string>();
  /** Meter readings whose giving up was begun and is not known to be done or undone. */
  #givingUp: { readonly stream: number; readonly keys: readonly number[] }[] = [];
  #next = 1;
  /** When the clock was set, while the disk has not taken it. */
  #uncorrected: Stamp | undefined;

  private constructor(database: Database.Database, { file, request, reason, number }: StoreParts) {
    this.#database = database;
    this.file = file;
    this.statements = prepare(database);
    this.book = new StreamBook(this.statements, file);
    this.#boots = new Boots(this.statements);
    for (const { key, value, crc } of this.statements.notes.all()) {
      if (!isIntact(crc, [key, value])) throw damage(file, 'a note is damaged');
      this.#notes.set(key, value);
    }
    const { statements, book } = this;
    this.#checkEnds();
    this.#writer = new RowWriter({ statements, book, boots: this.#boots });
    this.#reader = new RowReader({ file, statements, book, boots: this.#boots, bootId: request.now.bootId, transact: (run) => this.transact(run) });
    this.transact(() => {
      if (book.own === 0 && number !== undefined) book.begin({ ...request, reason: reason ?? 'new', nowMs: request.now.wallMs, number });
      else book.openOwn(request, reason);
    });
    this.#next = book.lastOf(book.own) + 1;
  }

  /** Opens the file, makes it if it is not there, and verifies what durability hangs on. */
  static open(parts: StoreParts): Store {
    const { file } = parts;
    let database: Database.Database | undefined;
    try {
      database = new Database(file);
      database.pragma(LOCKING);
      refuseUnknown(database, file);
      for (const pragma of SETTINGS) database.pragma(pragma);
      checkSettings(database, file);
      rewriteWal(database, file);
      prepareSchema(database);
      checkTables(database, file);
      return new Store(database, parts);
    } catch (error) {
      database?.close(); // or this process would hold its lock
      // The statements fit the schema, unless its text is damaged.
      if (codeOf(error) === 'SQLITE_ERROR') throw damage(file, `its tables are damaged: ${messageOf(error)}`);
      throw storageError(error, file);
    }
  }

  /** What stands in the file. */
  report(): Opened {
    return this.guarded(() => ({
      news: 'opened',
      streams: this.book.numbers.map((number) => this.book.report(number)),
      own: this.book.own,
      notes: Object.fromEntries(this.#notes),
      pragmas: checkSettings(this.#database, this.file),
      lastGoodMs: this.#reader.lastGoodMs(),
    }));
  }

  /** The sequence that the next row gets. */
  get next(): number {
    return this.#next;
  }

  /**
   * Stores a batch in one transaction, along with what is tidied up. When it returns, the batch is on disk; when it throws, nothing of it was told as
   * stored, and its sequences are given out again.
   */
  commit(batch: Batch, tidyInside: () => void): Omit<Committed, 'usage'> {
    const first = this.#next;
    this.#checkLeft(batch.rows.length);
    const sealed = !batch.historical && this.#reader.sealsAtOnce(batch.now.bootId);
    try {
      this.transact(() => {
        this.#writer.write(batch, first, sealed);
        tidyInside();
      });
    } catch (error) {
      for (const [key] of batch.notes) this.#doubt.add(key);
      throw error;
    }
    this.#doubt.clear(); // the same place of the WAL was written again
    this.#givingUp = [];
    for (const settlement of batch.settlements) if (this.book.has(settlement.stream)) this.book.settled(settlement);
    for (const [key, value] of batch.notes) {
      if (value === null) this.#notes.delete(key);
      else this.#notes.set(key, value);
    }
    return { source: this.book.sourceOf(this.book.own), first, arrivals: this.#arrivals(batch.rows, first) };
  }

  /**
   * Takes back what the connection before may have left behind of batches that it failed to commit: their outcome is not
   * known, and they were told as not stored. What it has given up by such a one is gone, and told anew.
   */
  takeBack(before: Store, now: Stamp): void {
    if (before.#next > this.#next) throw damage(this.file, `it ends before reading ${before.#next - 1}, which was stored`);
    this.transact(() => {
      this.#writer.takeBack(before.#next, before.#notes, before.#doubt);
      this.book.lowerFloor(this.book.own, before.#next - 1);
    });
    for (const key of before.#doubt) {
      const value = before.#notes.get(key);
      if (value === undefined) this.#notes.delete(key);
      else this.#notes.set(key, value);
    }
    this.#next = before.#next;
    for (const { stream, keys } of before.#givingUp) {
      const gone = this.guarded(() => keys.filter((key) => this.statements.row.meter.get(key) === undefined));
      if (gone.length > 0) this.#insert(this.#gaps(stream, gone, now), now);
    }
  }

  /** Gives up meter readings of a stream, told by their numbers in events of the same transaction. Returns what has arrived. */
  giveUp(stream: number, keys: readonly number[], now: Stamp): readonly Arrival[] {
    this.#givingUp.push({ stream, keys });
    const arrivals = this.#insert(this.#gaps(stream, keys, now), now, () => {
      this.book.raiseFloor(stream);
      for (const key of keys) this.statements.removeOne.meter.run(key);
    });
    this.#givingUp = []; // the same place of the WAL was written again
    return arrivals;
  }

  #gaps(stream: number, keys: readonly number[], now: Stamp): readonly NewRow[] {
    return gapRows({ source: this.book.sourceOf(stream), ranges: rangesOf(keys), reason: 'no-room' }, now);
  }

  #insert(rows: readonly NewRow[], now: Stamp, along = (): void => undefined): readonly Arrival[] {
    let arrived: (() => readonly Arrival[]) | undefined;
    this.transact(() => {
      along();
      arrived = this.insertInside(rows, now);
    });
    return arrived?.() ?? [];
  }

  /** Adds rows of the outbox's own making inside a transaction, and says afterwards that they have arrived. */
  insertInside(rows: readonly NewRow[], now: Stamp): () => readonly Arrival[] {
    const first = this.#next;
    this.#checkLeft(rows.length);
    this.#writer.insert(rows, first, { now, historical: false });
    return () => this.#arrivals(rows, first);
  }

  /** Rows of a lane that are not settled, in order. */
  page(request: PageRequest): Page {
    this.#correctLate();
    return this.guarded(() => this.#reader.page(request));
  }

  /** Rows of a stream by their sequences, settled or not. */
  fetch(request: FetchRequest): Fetched {
    return this.guarded(() => this.#reader.fetch(request));
  }

  /** What is in quarantine, oldest first. */
  quarantine(): readonly QuarantinedRow[] {
    return this.guarded(() => this.#reader.quarantine());
  }

  /** The clock was set: rows of this boot that are not sealed get their time from it when they are given out. */
  correct(at: Stamp): void {
    const { bootId, wallMs, monotonicMs } = at;
    this.#uncorrected = at;
    let boot = 0;
    const zeroMs = Math.round(wallMs - monotonicMs);
    this.transact(() => {
      boot = this.#boots.number(bootId);
      this.statements.correct.run(boot, zeroMs);
    });
    this.#reader.correct(boot, zeroMs);
    this.#uncorrected = undefined;
  }

  /** What the disk did not take then: before a time is given out that can be put right. */
  #correctLate(): void {
    if (this.#uncorrected === undefined) return;
    try {
      this.correct(this.#uncorrected);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error; // nor now: what is given out is written first, which then fails too
    }
  }

  /** Begins a new stream in this file, with rows of the outbox's own making. */
  restart({ reason, newStreamId, now }: RestartRequest, rows: readonly NewRow[] = []): void {
    this.transact(() => {
      this.book.beginAnother({ reason, newStreamId, nowMs: now.wallMs });
      this.#writer.insert(rows, 1, { now, historical: false });
    });
    this.#arrivals(rows, 1);
  }

  /** Takes over a note of a damaged file, unless there is a newer one; in a transaction. */
  takeNote(key: string, value: string, crc: number): void {
    if (this.statements.putMissingNote.run(key, value, crc).changes > 0) this.#notes.set(key, value);
  }

  /** The number of a boot id; in a transaction. */
  bootNumber(id: string): number {
    return this.#boots.number(id);
  }

  /** Runs what it is given in one transaction; what was written in memory along with it counts only after the commit. */
  transact(run: () => void): void {
    this.guarded(() => {
      try {
        this.#database.transaction(run).immediate();
        this.#boots.confirm();
        this.book.confirm();
      } catch (error) {
        this.#boots.discard();
        this.book.discard();
        throw error;
      }
    });
  }

  /** Writes down how far the count has come, so that it goes on behind that even if a damaged page hides the last rows. */
  keepCount(): void {
    if (this.book.own !== 0) this.transact(() => this.book.raiseFloor(this.book.own));
  }

  /** Closes the file; nothing may be called afterwards. */
  close(): void {
    this.guarded(() => void this.#database.close());
  }

  /** A fault of the disk is a StorageError wherever it comes up; a bug stays what it is. */
  guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw storageError(error, this.file);
    }
  }

  /** The count goes on behind the last row of each lane: one with another key, or with other bytes, must not be gone by. */
  #checkEnds(): void {
    if (this.book.isShort) throw damage(this.file, 'its last readings are hidden');
    for (const lane of LANES) {
      const { key } = this.statements.highest[lane].get(0, Number.MAX_SAFE_INTEGER) ?? { key: null };
      const last = key === null ? undefined : this.statements.row[lane].get(key);
      if (last !== undefined && !isIntactRow(last)) throw damage(this.file, `the last reading of the ${lane} lane is not as it was written`);
    }
  }

  #checkLeft(rows: number): void {
    if (this.#next + rows <= SEQUENCE_MAX) return;
    throw new StorageError({ where: this.file, what: 'the stream has no sequence numbers left' });
  }

  /** What has arrived; from here on the sequences are given out. */
  #arrivals(rows: readonly NewRow[], first: number): readonly Arrival[] {
    const { own } = this.book;
    this.#next = first + rows.length;
    return LANES.flatMap((lane) => {
      const arrival = arrivalOf(rows, first, lane, own);
      if (arrival === undefined) return [];
      this.book.lane(own, lane).waiting += arrival.rows;
      return [arrival];
    });
  }
}

/** The outbox's file in its directory. */
export const FILE_NAME = 'outbox.db';

/**
 * What the WAL holds after a crash may be in the system's cache and not on the disk, if an fsync had failed: the kernel
 * takes such pages for written, and no later fsync writes them. So it goes to the file, and the WAL begins anew, before
 * anything is appended that a hole in it would swallow.
 */
function rewriteWal(database: Database.Database, file: string): void {
  const [result] = database.pragma('wal_checkpoint(TRUNCATE)') as readonly { readonly busy: number }[];
  if (result?.busy !== 0) throw new StorageError({ where: file, what: 'its write-ahead log cannot be taken over' });
}

function arrivalOf(rows: readonly NewRow[], first: number, lane: Lane, stream: number): Arrival | undefined {
  let [count, last] = [0, 0];
  for (const [index, row] of rows.entries()) {
    if (row.lane !== lane) continue;
    count += 1;
    last = first + index;
  }
  return count === 0 ? undefined : { stream, lane, last, rows: count };
}

/**
 * Looks for damage to the file's structure: in the small tables always; in the rows while they are few, since reading a
 * week of them would keep a technician waiting. Damage to more than that comes up when the rows are read.
 */
function checkTables(database: Database.Database, file: string): void {
  const size = Number(database.pragma('page_count', { simple: true })) * Number(database.pragma('page_size', { simple: true }));
  const whole = size <= CHECKED_WHOLE_BYTES_MAX;
  for (const table of whole ? [''] : SMALL_TABLES) {
    const found = database.pragma(table === '' ? 'quick_check(1)' : `quick_check(${table})`, { simple: true });
    if (found !== 'ok') throw damage(file, `it is damaged: ${String(found).slice(0, DAMAGE_CHARACTERS_MAX)}`);
  }
}

const SMALL_TABLES = ['stream', 'settled', 'sent', 'note', 'boot', 'correction', 'quarantine'];
const CHECKED_WHOLE_BYTES_MAX = 16 * 1024 * 1024;
const DAMAGE_CHARACTERS_MAX = 200;

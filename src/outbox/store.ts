import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StorageError } from '../core/errors.ts';
import { Ranges } from '../core/ranges.ts';
import { type ClockState, type Lane, LANES } from '../core/reading.ts';
import type { Batch, Committed, LaneReport, Opened, OpenRequest, PageRequest, StreamReport } from './calls.ts';
import { checkSettings, SETTINGS } from './settings.ts';
import { rowKey, SEQUENCE_MAX, sequenceOf, STREAM_MAX } from './row-key.ts';
import type { NewRow, StoredRow } from './row.ts';
import { storageError } from './storage-fault.ts';
import { prepare, type RowRecord, type Statements } from './statements.ts';

/** The outbox's SQLite file. Synchronous: it lives in the worker thread, where an fsync may take its time. */
export class Store {
  readonly #database: Database.Database;
  readonly #statements: Statements;
  readonly #boots = new Map<string, number>();
  /** Boots of the transaction that is running: they count only once it is committed. */
  readonly #newBoots = new Map<string, number>();
  readonly #sources = new Map<number, string>();
  readonly #settled = new Map<string, Ranges>();
  readonly #stream: number;
  readonly #write: Database.Transaction<(batch: Batch, first: number) => void>;
  #next: number;
  #lastUsedBytes = 0;

  private constructor(database: Database.Database, request: OpenRequest) {
    this.#database = database;
    this.#statements = prepare(database);
    this.#write = database.transaction((batch, first) => this.#writeAll(batch, first));
    for (const { number, id } of this.#statements.boots.all()) this.#boots.set(id, number);
    this.#stream = this.#openStream(request);
    for (const { number, source } of this.#statements.streams.all()) this.#sources.set(number, source);
    for (const { stream, lane, first, last } of this.#statements.settled.all()) {
      this.#settledOf(stream, laneNumbered(lane)).add(first, last);
    }
    this.#next = this.#lastOf(this.#stream) + 1;
  }

  /** Opens the file, makes it if it is not there, and verifies what durability hangs on. Throws a StorageError. */
  static open(request: OpenRequest): Store {
    const file = join(request.directory, FILE_NAME);
    let database: Database.Database | undefined;
    try {
      mkdirSync(request.directory, { recursive: true, mode: 0o700 });
      database = new Database(file);
      for (const pragma of SETTINGS) database.pragma(pragma);
      checkSettings(database, file);
      createSchema(database, file);
      return new Store(database, request);
    } catch (error) {
      database?.close(); // or this process would hold its lock
      throw storageError(error, file);
    }
  }

  /** What stands in the file. */
  report(): Opened {
    return this.#guarded(() => this.#report());
  }

  #report(): Opened {
    const streams = [...this.#sources.keys()].map((number) => this.#streamReport(number));
    const stream = streams.find(({ number }) => number === this.#stream);
    if (stream === undefined) throw new StorageError({ where: this.#database.name, what: 'its own stream is missing' });
    const notes = Object.fromEntries(this.#statements.notes.all().map(({ key, value }) => [key, value]));
    return { stream, streams, notes, pragmas: checkSettings(this.#database, this.#database.name), usedBytes: this.#usedBytes() };
  }

  /**
   * Stores a batch in one transaction. When it returns, the batch is on disk; when it throws a StorageError, nothing
   * of it is and its sequences are given out again.
   */
  commit(batch: Batch): Committed {
    const first = this.#next;
    this.#newBoots.clear();
    if (first + batch.rows.length > SEQUENCE_MAX) {
      throw new StorageError({ where: this.#database.name, what: 'the stream has no sequence numbers left' });
    }
    try {
      this.#write.immediate(batch, first);
    } catch (error) {
      throw storageError(error, this.#database.name);
    }
    this.#next += batch.rows.length;
    for (const [id, number] of this.#newBoots) this.#boots.set(id, number);
    for (const { stream, lane, ranges } of batch.settlements) {
      this.#settled.set(settledName(stream, lane), new Ranges(ranges));
    }
    return { first, usedBytes: this.#usedBytesAfterCommit() };
  }

  /** Rows of a lane that are not settled, in order. */
  page(request: PageRequest): readonly StoredRow[] {
    return this.#guarded(() => this.#page(request));
  }

  /** Closes the file; nothing may be called afterwards. */
  close(): void {
    this.#guarded(() => void this.#database.close());
  }

  /** A fault of the disk is a StorageError wherever it comes up; a bug stays what it is. */
  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw storageError(error, this.#database.name);
    }
  }

  #page({ stream, lane, after, rowsMax }: PageRequest): readonly StoredRow[] {
    const settled = this.#settledOf(stream, lane);
    const rows: StoredRow[] = [];
    let bytes = 0;
    const last = rowKey(stream, SEQUENCE_MAX);
    const from = settled.endOf(after + 1) ?? after;
    for (const record of this.#statements.page[lane].iterate(rowKey(stream, from), last)) {
      const sequence = sequenceOf(record.key);
      if (settled.has(sequence)) continue;
      rows.push(storedRow(record, sequence));
      bytes += record.content.length;
      if (rows.length >= rowsMax || bytes >= PAGE_BYTES) break;
    }
    return rows;
  }

  #writeAll(batch: Batch, first: number): void {
    batch.rows.forEach((row, index) => this.#insert(row, first + index, batch));
    for (const [key, value] of batch.notes) {
      if (value === null) this.#statements.removeNote.run(key);
      else this.#statements.putNote.run(key, value);
    }
    for (const { stream, lane, sequence, code, message } of batch.quarantined) {
      this.#statements.quarantine.run(rowKey(stream, sequence), LANES.indexOf(lane), code, message, batch.nowMs);
    }
    for (const { stream, lane, ranges } of batch.settlements) {
      this.#statements.clearSettled.run(stream, LANES.indexOf(lane));
      for (const [from, to] of ranges) this.#statements.putSettled.run(stream, LANES.indexOf(lane), from, to);
    }
  }

  #insert(row: NewRow, sequence: number, { nowMs, historical }: Batch): void {
    this.#statements.insert[row.lane].run(
      rowKey(this.#stream, sequence),
      row.kind,
      row.subject,
      row.takenMs,
      nowMs,
      historical ? 1 : 0,
      CLOCK_STATES.indexOf(row.clock),
      row.bootId === undefined ? null : this.#bootNumber(row.bootId),
      row.monotonicMs ?? null,
      row.content,
    );
  }

  #bootNumber(id: string): number {
    const known = this.#boots.get(id) ?? this.#newBoots.get(id);
    if (known !== undefined) return known;
    this.#statements.addBoot.run(id);
    const added = this.#statements.boots.all().find((boot) => boot.id === id);
    if (added === undefined) throw new StorageError({ where: this.#database.name, what: 'a boot was not added' });
    this.#newBoots.set(id, added.number);
    return added.number;
  }

  #openStream({ site, gateway, fingerprint, newStreamId, nowMs }: OpenRequest): number {
    const newest = this.#statements.streams.all().at(-1);
    if (newest?.site === site && newest.gateway === gateway && newest.fingerprint === fingerprint) return newest.number;
    const number = (newest?.number ?? 0) + 1;
    if (number > STREAM_MAX) throw new StorageError({ where: this.#database.name, what: `${STREAM_MAX} streams are the most` });
    const source = `urn:tailgate:${site}:${gateway}:${newStreamId}`;
    this.#statements.addStream.run(number, source, site, gateway, fingerprint, nowMs);
    return number;
  }

  #streamReport(number: number): StreamReport {
    const [scan, meter] = LANES.map((lane) => this.#laneReport(number, lane));
    if (scan === undefined || meter === undefined) throw new TypeError('a lane is missing');
    return { number, source: this.#sources.get(number) ?? '', last: this.#lastOf(number), lanes: { scan, meter } };
  }

  #laneReport(stream: number, lane: Lane): LaneReport {
    const settled = this.#settledOf(stream, lane).list();
    let waiting = 0;
    let from = 0;
    for (const [first, last] of [...settled, [SEQUENCE_MAX, SEQUENCE_MAX] as const]) {
      // Between the settled ranges only: there can be a week of settled rows, and none of them is looked at.
      waiting += this.#statements.count[lane].get(rowKey(stream, from), rowKey(stream, first) - 1)?.rows ?? 0;
      from = last + 1;
    }
    return { settled, waiting };
  }

  #lastOf(stream: number): number {
    const [from, to] = [rowKey(stream, 0), rowKey(stream, SEQUENCE_MAX)];
    const floor = this.#statements.streams.all().find(({ number }) => number === stream)?.floor ?? 0;
    const highest = LANES.map((lane) => this.#statements.highest[lane].get(from, to)?.key ?? from);
    return Math.max(floor, ...highest.map(sequenceOf));
  }

  /** The commit stands, whether or not its size can be told. */
  #usedBytesAfterCommit(): number {
    try {
      this.#lastUsedBytes = this.#usedBytes();
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
    }
    return this.#lastUsedBytes;
  }

  #usedBytes(): number {
    return this.#statements.usedBytes.get()?.bytes ?? 0;
  }

  #settledOf(stream: number, lane: Lane): Ranges {
    const name = settledName(stream, lane);
    const ranges = this.#settled.get(name) ?? new Ranges();
    this.#settled.set(name, ranges);
    return ranges;
  }
}

/** The outbox's file in its directory. */
export const FILE_NAME = 'outbox.db';

/** The version of schema.sql, kept as `user_version`. */
const SCHEMA_VERSION = 1;

/** "Tlgt": tells the file apart from any other SQLite file. */
const APPLICATION_ID = 0x546c6774;

const PAGE_BYTES = 512 * 1024;

const CLOCK_STATES: readonly ClockState[] = ['synced', 'holdover', 'unsynced'];

function createSchema(database: Database.Database, file: string): void {
  const version = database.pragma('user_version', { simple: true });
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new StorageError({
      where: file,
      what: `it was written by a newer Tailgate (schema ${String(version)}, this one knows ${SCHEMA_VERSION})`,
      remedy: 'Install the newer version again; the file was not touched',
    });
  }
  const schema = readFileSync(new URL('schema.sql', import.meta.url), 'utf8');
  database
    .transaction(() => {
      database.exec(schema);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })
    .exclusive();
}

function storedRow(record: RowRecord, sequence: number): StoredRow {
  const row = {
    sequence,
    kind: record.kind,
    subject: record.subject,
    takenMs: record.taken_ms,
    recordedMs: record.recorded_ms,
    historical: record.historical === 1,
    clock: CLOCK_STATES[record.clock] ?? 'unsynced',
    content: record.content,
  };
  if (record.boot_id === null) return row;
  return { ...row, bootId: record.boot_id, monotonicMs: record.monotonic_ms ?? 0 };
}

function settledName(stream: number, lane: Lane): string {
  return `${stream}/${lane}`;
}

function laneNumbered(number: number): Lane {
  return LANES[number] ?? 'scan';
}

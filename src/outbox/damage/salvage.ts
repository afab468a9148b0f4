import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StorageError } from '../../core/errors.ts';
import { Ranges } from '../../core/ranges.ts';
import { type Lane, LANES, type Stamp } from '../../core/reading.ts';
import type { News } from '../calls.ts';
import { checksum, isIntact } from '../file/checksum.ts';
import { gapRows } from '../file/gap.ts';
import { restoreFirstPage } from './first-page.ts';
import { LaneSalvage } from './lane-salvage.ts';
import { type PutAside, salvaged } from './put-aside.ts';
import { recordColumns } from '../file/row-columns.ts';
import { rowKey, SEQUENCE_MAX, sequenceOf, STREAM_MAX } from '../row-key.ts';
import type { QuarantineRecord, RowRecord, StreamRecord } from '../file/statements.ts';
import { FILE_NAME, type Store } from '../file/store.ts';
import { isIntactStream, laneNumbered } from '../file/stream-book.ts';
import type { NamedStream } from './streams-file.ts';

/** What a Salvage is made of. */
export interface SalvageParts {
  readonly aside: PutAside;
  readonly store: Store;
  readonly tell: (news: News) => void;
}

/**
 * Copies what can be read of a damaged outbox into the present one, under its old sources and sequences, and tells what
 * cannot by `gap` events. It works in small steps between the gateway's own commits, and can begin again at any time.
 */
export class Salvage {
  /** Rows that were copied. */
  copied = 0;
  readonly #parts: SalvageParts;
  readonly #database: Database.Database | undefined;
  readonly #lanes: LaneSalvage[] = [];
  readonly #sources: readonly NamedStream[];
  readonly #settled = new Map<string, Ranges>();
  #boots = new Map<number, string>();

  constructor(parts: SalvageParts) {
    this.#parts = parts;
    const file = join(parts.aside.folder, FILE_NAME);
    this.#database = openDamaged(file) ?? (existsSync(file) && restoreFirstPage(file) ? openDamaged(file) : undefined);
    const found = this.#readStreams();
    this.#sources = [...found, ...parts.aside.streams.filter(({ source }) => found.every((stream) => stream.source !== source))];
    for (const { number, source } of this.#sources) {
      for (const lane of LANES) this.#lanes.push(new LaneSalvage(number, source, lane));
    }
  }

  /** Copies a piece; true when all is done. Throws a StorageError when the present file does not take it. */
  step(now: Stamp): boolean {
    const lane = this.#lanes.find(({ isDone }) => !isDone);
    if (lane === undefined) {
      this.#finish(now);
      return true;
    }
    this.#copy(lane);
    return false;
  }

  #copy(lane: LaneSalvage): void {
    const { store } = this.#parts;
    const rows = lane.next({
      from: (sequence, rowsMax) => this.#read(lane, 'ASC', sequence, rowsMax),
      last: (rowsMax) => this.#read(lane, 'DESC', 0, rowsMax),
    });
    const number = this.#targetOf(lane.source);
    const wanted = rows.filter((row) => !this.#isUntold(row));
    store.transact(() => {
      for (const row of wanted) {
        const bootId = row.boot === null ? undefined : this.#boots.get(row.boot);
        const boot = bootId === undefined ? null : store.bootNumber(bootId);
        const taken = ifTaken(() => store.statements.insertMissing[lane.lane].run(...recordColumns(row, rowKey(number, sequenceOf(row.key)), boot)).changes);
        if (taken === undefined) lane.unusable(sequenceOf(row.key));
        this.copied += taken ?? 0;
      }
    });
  }

  /** Adds the small tables, tells what is lost, and hands the streams over. */
  #finish(now: Stamp): void {
    const { store, tell, aside } = this.#parts;
    let arrived: (() => ReturnType<ReturnType<Store['insertInside']>>) | undefined;
    store.transact(() => {
      this.#copyNotes();
      for (const { number, source } of this.#sources) {
        this.#copySettled(number, source);
        this.#copyQuarantine(number, source);
      }
      arrived = store.insertInside(this.#gaps(now), now);
    });
    const arrivals = arrived?.() ?? []; // at once: from here on the numbers are given out
    store.guarded(() => {
      salvaged(aside);
      this.#database?.close();
    });
    store.book.reload();
    const numbers = this.#sources.map(({ source }) => store.book.numberOf(source)).filter((number) => number !== undefined);
    tell({ news: 'withdrawn', streams: numbers });
    tell({ ...store.report(), streams: numbers.map((number) => store.book.report(number)), own: undefined });
    tell({ news: 'arrived', arrivals });
  }

  /**
   * What stood in the file and was not found: a number that is settled in both lanes is no loss, whichever lane it stood
   * in. It may name some that have arrived; what has arrived counts whatever a gap says.
   */
  #gaps(now: Stamp): ReturnType<typeof gapRows> {
    return this.#sources.flatMap(({ number, source }) => {
      const lanes = this.#lanes.filter((lane) => lane.source === source);
      const highest = Math.max(this.#floorOf(number), ...lanes.map(({ found }) => found.list().at(-1)?.[1] ?? 0));
      const lost = new Ranges();
      for (const { lane } of lanes) {
        const open = new Ranges([[1, highest], ...lanes.flatMap((any) => any.lost.list())]);
        for (const [first, last] of this.#settledOf(number, lane).list()) open.remove(first, last);
        for (const [first, last] of open.list()) lost.add(first, last);
      }
      for (const { found } of lanes) for (const [first, last] of found.list()) lost.remove(first, last);
      lost.remove(0);
      const ranges = lost.list();
      const whole = [[ranges.at(0)?.[0] ?? 0, ranges.at(-1)?.[1] ?? 0]] as const;
      return gapRows({ source, ranges: ranges.length > GAP_RANGES_MAX ? whole : ranges, reason: 'damaged' }, now);
    });
  }

  /** How far the count is known to have come, whatever rows are found; 0 where that is not known. */
  #floorOf(number: number): number {
    const found = this.#try(() => this.#database?.prepare<[number], StreamRecord>('SELECT * FROM stream WHERE number = ?').get(number));
    return found !== undefined && isIntactStream(found) ? found.floor : 0;
  }

  #isUntold({ key }: RowRecord): boolean {
    const { untoldFrom } = this.#parts.aside;
    return untoldFrom !== undefined && key >= rowKey(untoldFrom.stream, untoldFrom.sequence) && key <= rowKey(untoldFrom.stream, SEQUENCE_MAX);
  }

  /** The stream in the present file that continues to stand for a source; its number there may be another. */
  #targetOf(source: string): number {
    const { book } = this.#parts.store;
    const known = book.numberOf(source);
    if (known !== undefined) return known;
    const numbers = new Set(book.numbers);
    const old = this.#sources.find((stream) => stream.source === source)?.number ?? 1;
    let number = old < book.own && !numbers.has(old) ? old : 1;
    while (numbers.has(number)) number += 1;
    if (number >= book.own) throw new StorageError({ where: this.#parts.store.file, what: 'there is no number left for a salvaged stream' });
    const [, , , site = '', gateway = ''] = source.split(':');
    this.#parts.store.transact(() => book.add({ number, source, site, gateway, fingerprint: '', created_ms: 0, floor: 0, reason: 'new', crc: 0 }));
    return number;
  }

  #readStreams(): readonly NamedStream[] {
    const boots = this.#try(() => this.#database?.prepare<[], { number: number; id: string }>('SELECT number, id FROM boot').all()) ?? [];
    this.#boots = new Map(boots.filter(({ id }) => typeof id === 'string').map(({ number, id }) => [number, id]));
    const streams = this.#try(() => this.#database?.prepare<[], NamedStream>('SELECT number, source FROM stream').all()) ?? [];
    // A damaged name would be a new identity for readings that may have been delivered under the true one.
    return streams.filter(({ number, source }) => Number.isSafeInteger(number) && number > 0 && number <= STREAM_MAX && /^urn:tailgate:[\w-]+:[\w-]+:[0-9a-f]{8}$/.test(source) && this.#isTrue(number, source));
  }

  #isTrue(number: number, source: string): boolean {
    const { streams } = this.#parts.aside;
    return streams.length === 0 || streams.some((stream) => stream.number === number && stream.source === source);
  }

  #copyNotes(): void {
    const notes = this.#try(() => this.#database?.prepare<[], { key: string; value: string; crc: number | null }>('SELECT * FROM note').all()) ?? [];
    for (const { key, value, crc } of notes) {
      if (isIntact(crc, [key, value])) ifTaken(() => this.#parts.store.takeNote(key, value, checksum([key, value])));
    }
  }

  #copySettled(number: number, source: string): void {
    const { store } = this.#parts;
    const target = this.#targetOf(source);
    for (const lane of LANES) {
      const sent = this.#try(() => this.#database?.prepare<[number, number], { upto: number }>('SELECT upto FROM sent WHERE stream = ? AND lane = ?').get(number, LANES.indexOf(lane)));
      store.book.write({ stream: target, lane, ranges: this.#settledOf(number, lane).list(), sentUpto: isSequence(sent?.upto) ? sent.upto : SEQUENCE_MAX, waiting: 0 });
    }
  }

  /** They count as settled: without their entry they would be delivered by nobody and shown to nobody. */
  #copyQuarantine(number: number, source: string): void {
    const { statements } = this.#parts.store;
    const target = this.#targetOf(source);
    const found = this.#try(() => this.#database?.prepare<[number, number], QuarantineRecord>('SELECT * FROM quarantine WHERE key BETWEEN ? AND ?').all(rowKey(number, 0), rowKey(number, SEQUENCE_MAX))) ?? [];
    for (const { key, lane, code, message, at_ms: atMs } of found) ifTaken(() => statements.quarantine.run(rowKey(target, sequenceOf(key)), lane, code, message, atMs));
  }

  #settledOf(number: number, lane: Lane): Ranges {
    const name = `${number}/${lane}`;
    const known = this.#settled.get(name);
    if (known !== undefined) return known;
    const ranges = new Ranges();
    this.#settled.set(name, ranges);
    const found = this.#try(() => this.#database?.prepare<[number], { lane: number; first: number; last: number; crc: number | null }>('SELECT lane, first, last, crc FROM settled WHERE stream = ?').all(number)) ?? [];
    for (const { lane: laneNumber, first, last, crc } of found) {
      if (laneNumbered(laneNumber) === lane && isIntact(crc, [number, laneNumber, first, last])) ranges.add(first, last);
    }
    return ranges;
  }

  #read({ lane, number }: LaneSalvage, order: 'ASC' | 'DESC', from: number, rowsMax: number): readonly RowRecord[] | undefined {
    const [first, last] = [rowKey(number, from), rowKey(number, SEQUENCE_MAX)];
    const sql = `SELECT * FROM ${lane}_lane WHERE key >= ? AND key <= ? ORDER BY key ${order} LIMIT ?`;
    return this.#try(() => this.#database?.prepare<[number, number, number], RowRecord>(sql).all(first, last, rowsMax));
  }

  /** What cannot be read is lost, and counted as such by who asked. */
  #try<T>(read: () => T | undefined): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof Database.SqliteError) return undefined;
      throw error;
    }
  }
}

/** More ranges than this are told as one, from the first to the last: what has arrived counts whatever a gap says. */
const GAP_RANGES_MAX = 5000;

/** Writes what the present file takes; a column that damage has made another type must not hold up all the rest. */
function ifTaken<T>(write: () => T): T | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT')) return undefined;
    throw error;
  }
}

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= SEQUENCE_MAX;
}

function openDamaged(file: string): Database.Database | undefined {
  let database: Database.Database | undefined;
  try {
    database = new Database(file);
    database.pragma('locking_mode = EXCLUSIVE');
    // The tables' definitions are damaged as easily as the rest.
    for (const lane of LANES) database.prepare(`SELECT key, kind, subject, taken_ms, recorded_ms, historical, clock, boot, monotonic_ms, content FROM ${lane}_lane`);
    database.prepare('SELECT source, lane, first, last, key, value, id FROM stream, settled, note, boot');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Database.SqliteError) return undefined; // nothing of it can be read: all is told as lost
    throw error;
  }
}

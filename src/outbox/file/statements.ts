import type Database from 'better-sqlite3';
import type { Lane } from '../../core/reading.ts';

/** A row of a lane as SQLite gives it. */
export interface RowRecord {
  readonly key: number;
  readonly kind: string;
  readonly subject: string;
  readonly taken_ms: number;
  readonly recorded_ms: number;
  readonly historical: number;
  readonly clock: number;
  readonly boot: number | null;
  readonly monotonic_ms: number | null;
  readonly content: string;
  readonly crc: number;
}

/** A row of `stream`. */
export interface StreamRecord {
  readonly number: number;
  readonly source: string;
  readonly site: string;
  readonly gateway: string;
  readonly fingerprint: string;
  readonly created_ms: number;
  readonly floor: number;
  readonly reason: string;
  readonly crc: number;
}

/** A row of `settled`. */
export interface SettledRecord {
  readonly stream: number;
  readonly lane: number;
  readonly first: number;
  readonly last: number;
  readonly crc: number;
}

/** A row of `quarantine`. */
export interface QuarantineRecord {
  readonly key: number;
  readonly lane: number;
  readonly code: string;
  readonly message: string;
  readonly at_ms: number;
}

/** A row of `note`. */
export interface NoteRecord {
  readonly key: string;
  readonly value: string;
  readonly crc: number;
}

/** Every statement the outbox runs on rows. */
export type Statements = ReturnType<typeof prepare>;

/** Prepares them once for a connection; there is no other SQL but the schema and the settings. */
export function prepare(database: Database.Database) {
  return { ...rowStatements(database), ...streamStatements(database), ...noteStatements(database) };
}

function rowStatements(database: Database.Database) {
  const each = <T>(make: (table: string) => T): Record<Lane, T> => ({ scan: make('scan_lane'), meter: make('meter_lane') });
  return {
    insert: each((table) => database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)),
    insertMissing: each((table) => database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)),
    rows: each((table) => database.prepare<[number, number], RowRecord>(`SELECT * FROM ${table} WHERE key > ? AND key <= ? ORDER BY key`)),
    row: each((table) => database.prepare<[number], RowRecord>(`SELECT * FROM ${table} WHERE key = ?`)),
    keys: each((table) => database.prepare<[number, number, number], { key: number; recorded_ms: number }>(`SELECT key, recorded_ms FROM ${table} WHERE key > ? AND key <= ? ORDER BY key LIMIT ?`)),
    seal: each((table) => database.prepare<[number, number, number, number, number]>(`UPDATE ${table} SET taken_ms = ?, recorded_ms = ?, clock = ?, crc = ? WHERE key = ?`)),
    // A row in quarantine stays until a person has decided.
    remove: each((table) => database.prepare<[number, number]>(`DELETE FROM ${table} WHERE key > ? AND key <= ? AND key NOT IN (SELECT key FROM quarantine)`)),
    removeOne: each((table) => database.prepare<[number]>(`DELETE FROM ${table} WHERE key = ?`)),
    removeAbove: each((table) => database.prepare<[number]>(`DELETE FROM ${table} WHERE key > ?`)),
    newest: each((table) => database.prepare<[number], { recorded_ms: number; clock: number }>(`SELECT recorded_ms, clock FROM ${table} ORDER BY key DESC LIMIT ?`)),
    count: each((table) => database.prepare<[number, number], { rows: number }>(`SELECT count(*) AS rows FROM ${table} WHERE key BETWEEN ? AND ?`)),
    highest: each((table) => database.prepare<[number, number], { key: number | null }>(`SELECT max(key) AS key FROM ${table} WHERE key BETWEEN ? AND ?`)),
    lowest: each((table) => database.prepare<[number, number], { key: number | null }>(`SELECT min(key) AS key FROM ${table} WHERE key BETWEEN ? AND ?`)),
    /** Whether a meter has a later row than this key that is settled and not in quarantine; the ranges are looked at by the caller. */
    later: database.prepare<[number, number, string], { key: number }>(
      'SELECT key FROM meter_lane WHERE key > ? AND key <= ? AND subject = ? AND key NOT IN (SELECT key FROM quarantine) ORDER BY key',
    ),
  };
}

function streamStatements(database: Database.Database) {
  return {
    streams: database.prepare<[], StreamRecord>('SELECT * FROM stream ORDER BY number'),
    putStream: database.prepare(`INSERT INTO stream VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (number) DO UPDATE SET fingerprint = excluded.fingerprint, floor = excluded.floor, crc = excluded.crc`),
    removeStream: database.prepare<[number]>('DELETE FROM stream WHERE number = ?'),
    settled: database.prepare<[], SettledRecord>('SELECT * FROM settled'),
    clearSettled: database.prepare<[number, number]>('DELETE FROM settled WHERE stream = ? AND lane = ?'),
    putSettled: database.prepare<[number, number, number, number, number]>('INSERT INTO settled VALUES (?, ?, ?, ?, ?)'),
    sent: database.prepare<[], { stream: number; lane: number; upto: number }>('SELECT * FROM sent'),
    putSent: database.prepare<[number, number, number]>('INSERT INTO sent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET upto = max(upto, excluded.upto) WHERE excluded.upto > upto'),
    clearSent: database.prepare<[number]>('DELETE FROM sent WHERE stream = ?'),
    quarantined: database.prepare<[number], QuarantineRecord>('SELECT * FROM quarantine ORDER BY key LIMIT ?'),
    quarantine: database.prepare(
      'INSERT INTO quarantine VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET code = excluded.code, message = excluded.message, at_ms = excluded.at_ms',
    ),
    release: database.prepare<[number]>('DELETE FROM quarantine WHERE key = ?'),
    usedBytes: database.prepare<[], { used: number; size: number }>(
      `SELECT (page_count - freelist_count) * page_size AS used, page_count * page_size AS size
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    ),
  };
}

function noteStatements(database: Database.Database) {
  return {
    notes: database.prepare<[], NoteRecord>('SELECT * FROM note'),
    putNote: database.prepare<[string, string, number]>(
      'INSERT INTO note VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, crc = excluded.crc WHERE value <> excluded.value',
    ),
    putMissingNote: database.prepare<[string, string, number]>('INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    removeNote: database.prepare<[string]>('DELETE FROM note WHERE key = ?'),
    boots: database.prepare<[], { number: number; id: string }>('SELECT number, id FROM boot'),
    addBoot: database.prepare<[string]>('INSERT INTO boot (id) VALUES (?) ON CONFLICT DO NOTHING'),
    corrections: database.prepare<[], { boot: number; zero_ms: number }>('SELECT * FROM correction'),
    correct: database.prepare<[number, number]>('INSERT INTO correction VALUES (?, ?) ON CONFLICT (boot) DO UPDATE SET zero_ms = excluded.zero_ms'),
  };
}

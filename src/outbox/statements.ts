import type Database from 'better-sqlite3';
import type { Lane } from '../core/reading.ts';

/** A row of a lane as SQLite gives it. */
export interface RowRecord {
  readonly key: number;
  readonly kind: string;
  readonly subject: string;
  readonly taken_ms: number;
  readonly recorded_ms: number;
  readonly historical: number;
  readonly clock: number;
  readonly boot_id: string | null;
  readonly monotonic_ms: number | null;
  readonly content: string;
}

/** A row of `stream`. */
export interface StreamRecord {
  readonly number: number;
  readonly source: string;
  readonly site: string;
  readonly gateway: string;
  readonly fingerprint: string;
  readonly floor: number;
}

/** Every statement the outbox runs on rows. */
export type Statements = ReturnType<typeof prepare>;

/** Prepares them once for a connection; there is no other SQL but the schema and the settings. */
export function prepare(database: Database.Database) {
  const each = <T>(make: (table: string) => T): Record<Lane, T> => ({ scan: make('scan_lane'), meter: make('meter_lane') });
  return {
    insert: each((table) => database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)),
    page: each((table) =>
      database.prepare<[number, number], RowRecord>(
        `SELECT ${table}.*, boot.id AS boot_id FROM ${table} LEFT JOIN boot ON boot.number = ${table}.boot
         WHERE key > ? AND key <= ? ORDER BY key`,
      ),
    ),
    count: each((table) =>
      database.prepare<[number, number], { rows: number }>(`SELECT count(*) AS rows FROM ${table} WHERE key BETWEEN ? AND ?`),
    ),
    highest: each((table) =>
      database.prepare<[number, number], { key: number | null }>(`SELECT max(key) AS key FROM ${table} WHERE key BETWEEN ? AND ?`),
    ),
    streams: database.prepare<[], StreamRecord>('SELECT * FROM stream ORDER BY number'),
    addStream: database.prepare('INSERT INTO stream VALUES (?, ?, ?, ?, ?, ?, 0)'),
    usedBytes: database.prepare<[], { bytes: number }>(
      'SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    ),
    boots: database.prepare<[], { number: number; id: string }>('SELECT number, id FROM boot'),
    addBoot: database.prepare<[string]>('INSERT INTO boot (id) VALUES (?) ON CONFLICT DO NOTHING'),
    notes: database.prepare<[], { key: string; value: string }>('SELECT key, value FROM note'),
    putNote: database.prepare<[string, string]>(
      'INSERT INTO note VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value',
    ),
    removeNote: database.prepare<[string]>('DELETE FROM note WHERE key = ?'),
    quarantine: database.prepare('INSERT INTO quarantine VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'),
    settled: database.prepare<[], { stream: number; lane: number; first: number; last: number }>('SELECT * FROM settled'),
    clearSettled: database.prepare<[number, number]>('DELETE FROM settled WHERE stream = ? AND lane = ?'),
    putSettled: database.prepare<[number, number, number, number]>('INSERT INTO settled VALUES (?, ?, ?, ?)'),
  };
}

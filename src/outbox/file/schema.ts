import { readFileSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { StorageError } from '../../core/errors.ts';
import { checksum } from './checksum.ts';

/** The version of schema.sql, kept as `user_version`. */
export const SCHEMA_VERSION = 2;

/** Throws a StorageError on a file of a newer version or of another program; to be asked before anything touches it. */
export function refuseUnknown(database: Database.Database, file: string): void {
  const version = versionOf(database);
  if (version > SCHEMA_VERSION) {
    throw new StorageError({
      where: file,
      what: `it was written by a newer Tailgate (schema ${version}, this one knows ${SCHEMA_VERSION})`,
      remedy: 'Install the newer version again; the file was not touched',
    });
  }
  if (version === 0) refuseForeign(database, file);
}

/**
 * Makes the tables, or brings those of an older version up to date: all in one transaction, so that a power cut leaves
 * the one or the other.
 */
export function prepareSchema(database: Database.Database): void {
  const version = versionOf(database);
  if (version === SCHEMA_VERSION) return;
  database.function('checksum', { varargs: true, deterministic: true }, (...columns: unknown[]) => checksum(columns as (string | number | null)[]));
  database
    .transaction(() => {
      for (const statement of statementsFrom(version)) database.exec(statement);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })
    .exclusive();
}

function versionOf(database: Database.Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/** "Tlgt": tells the file apart from any other SQLite file. */
const APPLICATION_ID = 0x546c6774;

const ROW_COLUMNS = 'key, kind, subject, taken_ms, recorded_ms, historical, clock, boot, monotonic_ms, content';

/** The tables that carry a checksum since version 2, and the columns that it is made of. */
const CHECKED_IN_VERSION_2 = {
  stream: 'number, source, site, gateway, fingerprint, created_ms, floor, reason',
  scan_lane: ROW_COLUMNS,
  meter_lane: ROW_COLUMNS,
  settled: 'stream, lane, first, last',
  note: 'key, value',
};

/** From each version to the next. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [],
  [
    "ALTER TABLE stream ADD COLUMN reason TEXT NOT NULL DEFAULT 'new'",
    ...Object.entries(CHECKED_IN_VERSION_2).flatMap(([table, columns]) => [
      `ALTER TABLE ${table} ADD COLUMN crc INTEGER NOT NULL DEFAULT 0`,
      `UPDATE ${table} SET crc = checksum(${columns})`,
    ]),
    'CREATE TABLE sent (stream INTEGER NOT NULL REFERENCES stream (number), lane INTEGER NOT NULL, upto INTEGER NOT NULL, PRIMARY KEY (stream, lane)) STRICT, WITHOUT ROWID',
    // What stands there may have been sent: nothing of it may be given up.
    ...['scan_lane', 'meter_lane'].map(
      (table, lane) => `INSERT INTO sent SELECT number, ${lane}, coalesce((SELECT max(key) % 1099511627776 FROM ${table} WHERE key / 1099511627776 = number), 0) FROM stream`,
    ),
    'CREATE TABLE correction (boot INTEGER PRIMARY KEY REFERENCES boot (number), zero_ms INTEGER NOT NULL) STRICT',
  ],
];

function statementsFrom(version: number): readonly string[] {
  return version === 0 ? [readFileSync(new URL('schema.sql', import.meta.url), 'utf8')] : MIGRATIONS.slice(version).flat();
}

function refuseForeign(database: Database.Database, file: string): void {
  const tables = database.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()?.count ?? 0;
  if (tables === 0) return;
  throw new StorageError({ where: file, what: 'it is a database of another program', remedy: 'Choose another directory under outbox.directory; the file was not touched' });
}

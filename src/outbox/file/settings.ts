import type Database from 'better-sqlite3';
import { StorageError } from '../../core/errors.ts';

/**
 * Set before anything reads the file: a second gateway on the same directory is refused, and would give out the same
 * sequences otherwise. The kernel releases the lock with the process, however that ends.
 */
export const LOCKING = 'locking_mode = EXCLUSIVE';

/**
 * Set on every connection. `synchronous` above all: better-sqlite3 is built so that a WAL database opens at NORMAL
 * in every run but the one that made it, and NORMAL loses committed rows at a power cut.
 */
export const SETTINGS: readonly string[] = [
  LOCKING,
  'journal_mode = WAL',
  'synchronous = FULL',
  'busy_timeout = 5000',
  'foreign_keys = ON',
  'wal_autocheckpoint = 1000',
  'journal_size_limit = 8388608',
  'trusted_schema = OFF',
];

/**
 * Reads back what durability hangs on and returns it; throws a StorageError when SQLite did not take a setting or is
 * too old (before 3.51.3 a WAL reset could corrupt the file).
 */
export function checkSettings(database: Database.Database, file: string): Record<string, string | number> {
  const version = database.prepare<[], { version: string }>('SELECT sqlite_version() AS version').get()?.version ?? '0';
  const found = {
    sqlite: version,
    journal_mode: read(database, 'journal_mode'),
    synchronous: read(database, 'synchronous'),
  };
  if (found.journal_mode !== 'wal' || found.synchronous !== SYNCHRONOUS_FULL) {
    throw new StorageError({
      where: file,
      what: `SQLite runs with journal_mode ${found.journal_mode} and synchronous ${found.synchronous} in place of wal and ${SYNCHRONOUS_FULL}`,
      remedy: 'A network file system cannot hold the outbox: choose a local disk',
    });
  }
  if (!atLeast(version, SQLITE_LEAST)) {
    throw new StorageError({ where: file, what: `SQLite ${version} is older than ${SQLITE_LEAST.join('.')}`, remedy: 'Install Tailgate with its own better-sqlite3' });
  }
  return found;
}

const SYNCHRONOUS_FULL = 2;
const SQLITE_LEAST = [3, 51, 3] as const;

function read(database: Database.Database, pragma: string): string | number {
  const value: unknown = database.pragma(pragma, { simple: true });
  return typeof value === 'number' ? value : String(value);
}

function atLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

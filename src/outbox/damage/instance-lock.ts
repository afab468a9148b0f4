import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf } from '../../core/errors.ts';
import { storageError } from '../file/storage-fault.ts';

/**
 * Makes a directory, if it is not there, and holds it for this process: a second gateway on it would give out the same sequences. The kernel releases the
 * lock with the process, however that ends. Undefined where no file can be made now: then the outbox's own lock has to do.
 * Throws a StorageError when another process holds it, or there is no directory and none can be made.
 */
export function lockDirectory(directory: string): { release(): void } | undefined {
  makeDirectory(directory);
  const file = join(directory, 'outbox.lock');
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: WAIT_MS });
    database.pragma('journal_mode = OFF');
    database.exec('BEGIN EXCLUSIVE'); // takes the lock and writes nothing
  } catch (error) {
    database?.close();
    if (codeOf(error)?.startsWith('SQLITE_BUSY') !== true) return undefined;
    throw storageError(error, file);
  }
  const held = database;
  return { release: () => void held.close() };
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, directory);
  }
}

/** A process that was killed a moment ago is gone by then. */
const WAIT_MS = 2000;

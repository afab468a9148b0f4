import Database from 'better-sqlite3';
import { codeOf, messageOf, StorageError } from '../core/errors.ts';

/** A fault of the disk or of SQLite as a StorageError with its remedy; anything else is a bug and comes back as it is. */
export function storageError(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const ofTheDisk = code !== undefined && (error instanceof Database.SqliteError || REMEDIES.some(([start]) => code.startsWith(start)));
  // Two rows with one key would mean that a sequence was given out twice: that is a bug, and the process has to end.
  if (!ofTheDisk || code.startsWith('SQLITE_CONSTRAINT')) return error;
  const remedy = REMEDIES.find(([start]) => code.startsWith(start))?.[1];
  return new StorageError({ where: file, what: messageOf(error), remedy, cause: error });
}

const REMEDIES: readonly (readonly [code: string, remedy: string])[] = [
  ['SQLITE_FULL', 'The disk is full: free some space; recording goes on by itself'],
  ['SQLITE_READONLY', 'The file system is read-only: see dmesg and remount it'],
  ['SQLITE_IOERR', 'The disk does not store: see dmesg, the card may be worn out'],
  ['SQLITE_CANTOPEN', 'Check that the directory exists and belongs to the user that runs Tailgate'],
  ['SQLITE_BUSY', 'Another process holds the file: is a second Tailgate running?'],
  ['SQLITE_CORRUPT', 'The file is damaged: keep it for salvage and start with another directory'],
  ['SQLITE_NOTADB', 'The file is not an outbox: keep it for salvage and start with another directory'],
  ['EACCES', 'Give the directory to the user that runs Tailgate'],
  ['ENOTDIR', 'Choose a directory under outbox.directory'],
  ['EEXIST', 'Choose a directory under outbox.directory'],
  ['ERR_DLOPEN_FAILED', 'The program was built for another Node.js: install it again with the one that runs it'],
  ['EROFS', 'The file system is read-only: see dmesg and remount it'],
  ['ENOSPC', 'The disk is full: free some space'],
];

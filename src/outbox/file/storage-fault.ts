import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, messageOf, StorageError } from '../../core/errors.ts';

/** What is the matter with the storage, as far as it decides what to do about it. */
export type StorageTrouble =
  /** Nothing more fits: shed, and try again. */
  | 'full'
  /** The disk does not do what it should, or is read-only now: open the file again, and go on trying. */
  | 'faulty'
  /** The file is damaged: put it aside and begin a new one. */
  | 'damaged'
  /** The directory must not or cannot be used: say so and end. */
  | 'unusable';

/** A fault of the disk or of SQLite as a StorageError with its remedy; anything else is a bug and comes back as it is. */
export function storageError(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const rule = ruleFor(code);
  const ofTheDisk = code !== undefined && (error instanceof Database.SqliteError || rule !== undefined);
  // Two rows with one key would mean that a sequence was given out twice: that is a bug, and the process has to end.
  if (!ofTheDisk || code.startsWith('SQLITE_CONSTRAINT')) return error;
  return new StorageError({ where: file, what: messageOf(error), remedy: isReadOnly(rule, file) ? READ_ONLY : rule?.remedy, cause: error });
}

/** SQLite calls it an I/O error where it could not even lock the file. */
function isReadOnly(rule: Rule | undefined, file: string): boolean {
  if (rule?.trouble !== 'faulty') return false;
  try {
    accessSync(dirname(file), constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}

/** The trouble behind a StorageError that came from here. */
export function troubleOf(error: StorageError): StorageTrouble {
  return ruleFor(codeOf(error.cause))?.trouble ?? 'unusable';
}

/** Damage that SQLite cannot see: a row that is not as it was written. */
export function damage(file: string, what: string): StorageError {
  return new StorageError({ where: file, what, cause: Object.assign(new Error(what), { code: 'SQLITE_CORRUPT' }) });
}

interface Rule {
  /** What the code begins with. */
  readonly start: string;
  readonly trouble: StorageTrouble;
  readonly remedy: string;
}

function ruleFor(code: string | undefined): Rule | undefined {
  return RULES.find(({ start }) => code?.startsWith(start) === true);
}

const FULL = 'The disk is full: free some space; recording goes on by itself';
const READ_ONLY = 'The file system is read-only: see dmesg and remount it; recording goes on by itself';
const WORN = 'The disk does not store: see dmesg, the card may be worn out';
const ANOTHER = 'Choose a directory under outbox.directory';
const PUT_ASIDE = 'It is put aside, and what can be read of it is salvaged';

const RULES: readonly Rule[] = [
  { start: 'SQLITE_FULL', trouble: 'full', remedy: FULL },
  { start: 'ENOSPC', trouble: 'full', remedy: FULL },
  { start: 'EDQUOT', trouble: 'full', remedy: FULL },
  { start: 'SQLITE_READONLY', trouble: 'faulty', remedy: READ_ONLY },
  { start: 'EROFS', trouble: 'faulty', remedy: READ_ONLY },
  { start: 'SQLITE_IOERR', trouble: 'faulty', remedy: WORN },
  { start: 'EIO', trouble: 'faulty', remedy: WORN },
  { start: 'SQLITE_CANTOPEN', trouble: 'faulty', remedy: 'Check that the directory is there and belongs to the user that runs Tailgate' },
  { start: 'ENOENT', trouble: 'faulty', remedy: 'Check that the disk of outbox.directory is mounted and not read-only; recording goes on by itself' }, // also of a directory that cannot be made
  { start: 'SQLITE_CORRUPT', trouble: 'damaged', remedy: PUT_ASIDE },
  { start: 'SQLITE_NOTADB', trouble: 'damaged', remedy: PUT_ASIDE },
  { start: 'SQLITE_BUSY', trouble: 'unusable', remedy: 'Another process holds the file: is a second Tailgate running?' },
  { start: 'EACCES', trouble: 'unusable', remedy: 'Give the directory to the user that runs Tailgate' },
  { start: 'EPERM', trouble: 'unusable', remedy: 'Give the directory to the user that runs Tailgate' },
  { start: 'ENOTDIR', trouble: 'unusable', remedy: ANOTHER },
  { start: 'EEXIST', trouble: 'unusable', remedy: ANOTHER },
  { start: 'ERR_DLOPEN_FAILED', trouble: 'unusable', remedy: 'The program was built for another Node.js: install it again with the one that runs it' },
];

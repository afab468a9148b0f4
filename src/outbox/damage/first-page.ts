import { closeSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { prepareSchema } from '../file/schema.ts';
import { SETTINGS } from '../file/settings.ts';

/**
 * Writes the first page of a damaged outbox anew. It holds SQLite's header and the tables' definitions and places, which
 * are the same in every outbox of one version; only the number of pages differs (SQLite, Database File Format, section
 * 1.3). The old page is kept beside the file. False when the file has no whole page.
 */
export function restoreFirstPage(file: string): boolean {
  const pages = Math.floor(statSync(file).size / PAGE_BYTES);
  if (pages === 0) return false;
  const page = freshFirstPage(`${file}-fresh`);
  page.writeUInt32BE(pages, PAGES_AT);
  page.copy(page, VALID_FOR_AT, CHANGES_AT, CHANGES_AT + 4); // then the number of pages is believed
  page.writeUInt32BE(0, FREE_LIST_AT);
  page.writeUInt32BE(0, FREE_LIST_AT + 4);
  const descriptor = openSync(file, 'r+');
  try {
    const old = Buffer.alloc(PAGE_BYTES);
    readSync(descriptor, old, 0, PAGE_BYTES, 0);
    writeFileSync(`${file}-first-page`, old);
    writeSync(descriptor, page, 0, PAGE_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

const PAGE_BYTES = 4096;
const CHANGES_AT = 24;
const PAGES_AT = 28;
const FREE_LIST_AT = 32;
const VALID_FOR_AT = 92;

function freshFirstPage(file: string): Buffer {
  rmSync(file, { force: true });
  const database = new Database(file);
  for (const pragma of SETTINGS) database.pragma(pragma);
  prepareSchema(database);
  database.close();
  const page = readFileSync(file).subarray(0, PAGE_BYTES);
  rmSync(file, { force: true });
  return Buffer.from(page);
}

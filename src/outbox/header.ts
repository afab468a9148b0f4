import { closeSync, openSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';

/**
 * Writes the header of a damaged SQLite file anew: everything in its 100 bytes is known beforehand, but for counters that
 * a salvage does not need (SQLite, Database File Format, section 1.3). The old one is kept beside the file. False when the
 * file is too short to have one.
 */
export function restoreHeader(file: string): boolean {
  const { size } = statSync(file);
  if (size < PAGE_BYTES) return false;
  const descriptor = openSync(file, 'r+');
  try {
    const old = Buffer.alloc(HEADER_BYTES);
    readSync(descriptor, old, 0, HEADER_BYTES, 0);
    writeFileSync(`${file}-header`, old);
    writeSync(descriptor, header(Math.floor(size / PAGE_BYTES)), 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

const PAGE_BYTES = 4096;
const HEADER_BYTES = 100;

function header(pages: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write('SQLite format 3\0', 0, 'latin1');
  bytes.writeUInt16BE(PAGE_BYTES, 16);
  bytes.set([WAL_MODE, WAL_MODE, 0, 64, 32, 32], 18);
  bytes.writeUInt32BE(CHANGES, 24);
  bytes.writeUInt32BE(pages, 28);
  bytes.writeUInt32BE(1, 40); // the schema's cookie
  bytes.writeUInt32BE(4, 44); // the schema's format
  bytes.writeUInt32BE(1, 56); // UTF-8
  bytes.writeUInt32BE(CHANGES, 92);
  return bytes;
}

const WAL_MODE = 2;
/** The same in both of its places: the number of pages is then believed. */
const CHANGES = 1;

import { crc32 } from 'node:zlib';

/** The CRC-32 of a row's other columns, in the order of the schema: tells a row from one that a worn card has altered. */
export function checksum(columns: readonly (string | number | null)[]): number {
  return crc32(columns.join(SEPARATOR));
}

/** Whether a row is as it was written; a bit that makes a text a blob leaves its bytes as they were. */
export function isIntact(crc: number | null, columns: readonly (string | number | Uint8Array | null)[]): boolean {
  return columns.every(isPlain) && crc === checksum(columns);
}

function isPlain(column: string | number | Uint8Array | null): column is string | number | null {
  return typeof column !== 'object' || column === null;
}

/** A character that no column holds, so that no two rows have the same text. */
const SEPARATOR = '\u0000';

import { crc32 } from 'node:zlib';

/** The CRC-32 of a row's other columns, in the order of the schema: tells a row from one that a worn card has altered. */
export function checksum(columns: readonly (string | number | null)[]): number {
  return crc32(columns.join(SEPARATOR));
}

/** Whether a row is as it was written. */
export function isIntact(crc: number | null, columns: readonly (string | number | null)[]): boolean {
  return crc === checksum(columns);
}

/** A character that no column holds, so that no two rows have the same text. */
const SEPARATOR = '\u0000';

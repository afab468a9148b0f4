import { createHash } from 'node:crypto';
import { hexOf } from './bytes.ts';

/** A short name for bytes: the same for the same, and for no others that anybody will see. The first 64 bits of SHA-256, in hexadecimal. */
export function fingerprintOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hexOf(hash.digest().subarray(0, FINGERPRINT_BYTES));
}

const FINGERPRINT_BYTES = 8;

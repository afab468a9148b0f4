/** Upper-case hexadecimal without spaces: "0D0A". */
export function hexOf(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_BYTES_MAX) return shortHex(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();
}

/** The same for `length` bytes from a position, without a view of them first; bytes beyond the end are left out. */
export function hexAt(bytes: Uint8Array, at: number, length: number): string {
  const end = Math.min(at + length, bytes.length);
  let digits = '';
  for (let index = at; index < end; index += 1) digits += pairOf(bytes[index]);
  return digits;
}

/** One byte in two digits, upper case. */
export function pairOf(byte: number | undefined): string {
  return PAIRS[byte ?? -1] ?? '';
}

/** A value of a few bytes, of which tags send thousands a second: faster than the way over a Buffer. */
function shortHex(bytes: Uint8Array): string {
  let digits = '';
  for (let at = 0; at < bytes.length; at += 1) digits += pairOf(bytes[at]);
  return digits;
}

const SHORT_BYTES_MAX = 32;
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

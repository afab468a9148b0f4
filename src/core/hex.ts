/** Upper-case hexadecimal without spaces: "0D0A". */
export function hexOf(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_BYTES_MAX) return shortHex(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();
}

/** A value of a few bytes, of which tags send thousands a second: faster than the way over a Buffer. */
function shortHex(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += PAIRS[byte] ?? '';
  return digits;
}

const SHORT_BYTES_MAX = 32;
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

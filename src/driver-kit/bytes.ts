/** Upper-case hexadecimal without spaces: "0D0A". */
export function hexOf(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_BYTES_MAX) return shortHex(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();
}

/** The bytes of hexadecimal digits; spaces between them are allowed. Throws a RangeError on anything else. */
export function bytesOfHex(text: string): Uint8Array {
  const digits = text.replaceAll(' ', '');
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(digits)) throw new RangeError(`not hexadecimal bytes: ${text}`);
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** One byte a character, U+0000 to U+00FF: loses nothing. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes of a text in which each character is one byte. */
export function bytesOfLatin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Whether `part` stands in `whole` at the position. */
export function standsAt(whole: Uint8Array, at: number, part: Uint8Array): boolean {
  if (at + part.length > whole.length) return false;
  for (let index = 0; index < part.length; index += 1) {
    if (whole[at + index] !== part[index]) return false;
  }
  return true;
}

/** A value of a few bytes, of which tags send thousands a second: faster than the way over a Buffer. */
function shortHex(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += PAIRS[byte] ?? '';
  return digits;
}

const SHORT_BYTES_MAX = 32;
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

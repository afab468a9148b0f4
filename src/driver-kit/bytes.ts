export { hexAt, hexOf } from '../core/hex.ts';

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

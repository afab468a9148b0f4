/**
 * The character that a 7-bit code stands for, one of the 82 that GS1 allows (TDS 1.13, table A-1); nothing for any
 * other code.
 */
export function sevenBitCharacter(code: number): string | undefined {
  return SEVEN_BIT[code];
}

/** The character that a 6-bit code stands for: the low six bits of its ASCII code (TDS 1.13, table G-1). */
export function sixBitCharacter(code: number): string | undefined {
  return SIX_BIT[code];
}

/** The text in a URI: each character itself, or a percent sign and its code where RFC 2141 does not let it stand (TDS 1.13, section 5). */
export function escapedForUri(text: string): string {
  return text.replace(/["#%&/<>?]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Whether the text is a CAGE code (5 characters) or a DoDAAC (6): digits and capitals but I and O (TDS 1.13, section 6.3.17). */
export function isCageOrDodaac(text: string): boolean {
  return /^[0-9A-HJ-NP-Z]{5,6}$/.test(text);
}

/** Looked up by code, since thousands of tags a second are read. */
const SEVEN_BIT = Array.from({ length: 128 }, (_, code) => allowed(code, /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]$/));
const SIX_BIT = Array.from({ length: 64 }, (_, code) => allowed(code < 0x20 ? code + 0x40 : code, /^[#\-/0-9A-Z]$/));

function allowed(ascii: number, characters: RegExp): string | undefined {
  const character = String.fromCharCode(ascii);
  return characters.test(character) ? character : undefined;
}

/**
 * How many of the bytes are not text. Text is what barcodes carry on purpose: printable ASCII, tab, line ends, the
 * separators of GS1 and ISO/IEC 15434 (EOT, FS, GS, RS, US), and well-formed UTF-8 sequences.
 */
export function countUnprintable(bytes: Uint8Array): number {
  let unprintable = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) unprintable += 1;
    at += Math.max(length, 1);
  }
  return unprintable;
}

/** The text of valid UTF-8, a byte order mark kept; undefined when the bytes are not. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined; // a fatal TextDecoder tells invalid bytes by throwing; there is nothing else to say
  }
}

/** The length of the text character that starts here, 0 when none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return (lead >= 0x20 && lead < 0x7f) || CONTROLS_IN_TEXT.has(lead) ? 1 : 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  for (let index = 1; index < length; index += 1) {
    if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return isShortest(lead, bytes[at + 1] ?? 0) ? length : 0;
}

/** Rules out overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629, section 4). */
function isShortest(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  if (lead === 0xf4) return second < 0x90;
  return true;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Tab, line feed, carriage return, EOT, FS, GS, RS, US. */
const CONTROLS_IN_TEXT: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x04, 0x1c, 0x1d, 0x1e, 0x1f]);

import type { ScanObservation } from '../core/observation.ts';
import type { ScanContent } from '../core/reading.ts';
import { countUnprintable } from '../core/text-bytes.ts';
import { isGs1Carrier, symbologyName } from './symbology.ts';

/**
 * What a scan means: its text, its symbology, and what looks wrong with it. It never refuses a scan; what cannot be
 * interpreted keeps its raw bytes, so that a better decoder can be run on them later.
 */
export function scanContent(scan: ScanObservation, { device }: { readonly device: string }): ScanContent {
  const bytes = Buffer.from(scan.bytes.buffer, scan.bytes.byteOffset, scan.bytes.length);
  const text = textOf(bytes);
  const problems = problemsOf(scan);
  return {
    device,
    text,
    hex: bytes.toString('hex').toUpperCase(),
    ...(scan.aim !== undefined && { symbology: { aim: scan.aim, name: symbologyName(scan.aim) } }),
    role: 'unknown',
    ...(problems.length > 0 && { valid: false, problems }),
    ...(problems.length === 0 && !isGs1(scan) && { identity: { value: text } }),
  };
}

/** The key of a GS1 code is one of its elements, which nobody has taken apart here: no key is better than a wrong one. */
function isGs1({ aim }: ScanObservation): boolean {
  return aim !== undefined && isGs1Carrier(aim);
}

/** UTF-8 where the bytes are, otherwise one character a byte, which loses nothing. */
function textOf(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return bytes.toString('latin1'); // a fatal TextDecoder tells invalid bytes by throwing; there is nothing else to say
  }
}

function problemsOf({ bytes, aim, binary }: ScanObservation): readonly string[] {
  if (bytes.length === 0) return ['the code is empty'];
  if (binary === true || aim !== undefined) return [];
  const unprintable = countUnprintable(bytes);
  return unprintable === 0 ? [] : [`${unprintable} of ${bytes.length} bytes are not text: noise on the line, or a binary code`];
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

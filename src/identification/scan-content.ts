import type { ScanObservation } from '../core/observation.ts';
import type { ScanContent } from '../core/reading.ts';
import { countUnprintable, utf8Of } from '../core/text-bytes.ts';
import { isGs1Carrier, symbologyName } from './symbology.ts';

/**
 * What a scan means: its text, its symbology, and what looks wrong with it. It never refuses a scan; what cannot be
 * interpreted keeps its raw bytes, so that a better decoder can be run on them later.
 */
export function scanContent(scan: ScanObservation, { device }: { readonly device: string }): ScanContent {
  const bytes = Buffer.from(scan.bytes.buffer, scan.bytes.byteOffset, scan.bytes.length);
  const text = utf8Of(bytes) ?? bytes.toString('latin1'); // one character a byte loses nothing
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

function problemsOf({ bytes, aim, binary, unterminated }: ScanObservation): readonly string[] {
  const problems: string[] = [];
  if (bytes.length === 0) problems.push('the code is empty');
  if (unterminated === true) problems.push('silence ended the code in place of its terminator: it may be a part of one, or several');
  const unprintable = binary === true || aim !== undefined ? 0 : countUnprintable(bytes);
  if (unprintable > 0) problems.push(`${unprintable} of ${bytes.length} bytes are not text: noise on the line, or a binary code`);
  return problems;
}

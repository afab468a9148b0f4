import type { ScanObservation } from '../core/observation.ts';
import { printable } from '../core/printable.ts';
import { countUnprintable, utf8Of } from '../core/text-bytes.ts';
import { symbologyOfCodeId, symbologyOfName } from './code-ids.ts';
import { type Gs1Reading, interpretGs1, readCarrier } from './gs1/interpret-gs1.ts';
import type { Meaning } from './meaning.ts';

/**
 * What a barcode means: its text, and its GS1 content where it has some. A GS1 code without a key among its elements has none
 * at all: its text would match nothing but a print of the same lot and date.
 */
export function barcodeMeaning(scan: ScanObservation): Meaning {
  const text = textOf(scan.bytes);
  const gs1 = gs1Of(scan, text);
  const problems = gs1?.problems ?? [];
  const wrong = [...problemsOf(scan), ...problems.filter(({ kind }) => kind === 'content').map(({ words }) => words)];
  return {
    text,
    elements: gs1?.elements ?? [],
    identity: wrong.length > 0 ? undefined : gs1 === undefined ? { value: text } : gs1.identity,
    wrong,
    remarks: problems.filter(({ kind }) => kind === 'pairing').map(({ words }) => words),
  };
}

/** UTF-8 where it is that, otherwise one character a byte, which loses nothing. */
function textOf(bytes: Uint8Array): string {
  return utf8Of(bytes) ?? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function gs1Of({ aim, symbologyName, codeId }: ScanObservation, text: string): Gs1Reading | undefined {
  if (aim === undefined && codeId !== undefined) return readCarrier(symbologyOfCodeId(codeId.vendor, codeId.id)?.carrier, text);
  if (aim !== undefined || symbologyName === undefined) return interpretGs1(aim, text);
  return readCarrier(symbologyOfName(symbologyName)?.carrier, text);
}

function problemsOf({ bytes, aim, symbologyName, codeId, binary, unterminated }: ScanObservation): readonly string[] {
  const problems: string[] = [];
  if (bytes.length === 0) problems.push('the code is empty');
  if (unterminated === true) problems.push('silence ended the code in place of its terminator: it may be a part of one, or several');
  if (codeId !== undefined && symbologyOfCodeId(codeId.vendor, codeId.id) === undefined) {
    problems.push(`${codeId.id === '' ? 'the code begins with none of the code ids' : `"${printable(codeId.id)}" is none of the code ids`} that are known of ${codeId.vendor}`);
  }
  const unprintable = binary === true || aim !== undefined || symbologyName !== undefined ? 0 : countUnprintable(bytes);
  if (unprintable > 0) problems.push(`${unprintable} of ${bytes.length} bytes are not text: noise on the line, or a binary code`);
  return problems;
}

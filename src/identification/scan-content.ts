import { hexOf } from '../core/hex.ts';
import type { ScanObservation } from '../core/observation.ts';
import type { ScanContent } from '../core/reading.ts';
import { barcodeMeaning } from './barcode-content.ts';
import { symbologyOfCodeId } from './code-ids.ts';
import type { Element } from './element.ts';
import { isElementString, symbologyName } from './symbology.ts';
import { tagMeaning } from './tag-content.ts';

/**
 * What a scan means: its text, what kind of code it is, its GS1 elements or EPC, the one key to match on, and what looks
 * wrong with it. It never refuses a scan; what cannot be interpreted keeps its raw bytes, so that a better decoder can be
 * run on them later.
 */
export function scanContent(scan: ScanObservation, { device }: { readonly device: string }): ScanContent {
  const { text, elements, epc, identity, wrong, remarks } = scan.tag === undefined ? barcodeMeaning(scan) : tagMeaning(scan);
  const symbology = symbologyOf(scan);
  const problems = [...wrong, ...remarks];
  return {
    device,
    text,
    hex: scan.tag === undefined ? hexOf(scan.bytes) : text,
    ...(symbology !== undefined && { symbology }),
    role: 'unknown',
    ...(elements.length > 0 && { elements: byIdentifier(elements) }),
    ...(epc !== undefined && { epc }),
    ...(identity !== undefined && { identity }),
    ...(wrong.length > 0 && { valid: false }),
    ...(problems.length > 0 && { problems }),
    ...(scan.tag?.rssi !== undefined && { rssi: scan.tag.rssi }),
    ...(scan.tag?.antenna !== undefined && { antenna: scan.tag.antenna }),
    ...presenceOf(scan),
  };
}

function presenceOf({ presence }: ScanObservation): Partial<ScanContent> {
  if (presence === undefined) return {};
  const { kind, firstSeen, lastSeen, count } = presence;
  return {
    presence: kind,
    ...(firstSeen !== undefined && { firstSeen }),
    ...(lastSeen !== undefined && { lastSeen }),
    ...(count !== undefined && { count }),
  };
}

function symbologyOf({ aim, codeId, symbologyName: driversName }: ScanObservation): ScanContent['symbology'] {
  const id = codeId === undefined || codeId.id === '' ? undefined : codeId;
  const nameOfId = id === undefined ? undefined : (symbologyOfCodeId(id.vendor, id.id)?.name ?? 'unknown');
  const nameOfAim = aim === undefined ? undefined : symbologyName(aim);
  const name = isElementString(aim) ? nameOfAim : (driversName ?? nameOfAim ?? nameOfId); // no other name says that it is GS1's
  return name === undefined ? undefined : { ...(aim !== undefined && { aim }), ...(id !== undefined && { codeId: id.id }), name };
}

/** An identifier that stands twice keeps its first value, as the key does; the code's text has both. */
function byIdentifier(elements: readonly Element[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { ai, value } of elements) values[ai] ??= value;
  return values;
}

import { gs1CheckDigit } from '../checks.ts';
import type { Element } from '../element.ts';

/** From an EPC's values, in the order of its URI, to the elements that the same thing has as a barcode (TDS 1.13, section 7). */
export type Elements = (values: readonly string[]) => readonly Element[];

/** GTIN and serial: the indicator digit goes in front of the prefix (section 7.3). */
export const tradeItem: Elements = ([prefix = '', reference = '', serial = '']) => [
  { ai: '01', value: reordered(prefix, reference) },
  { ai: '21', value: serial },
];

/** SSCC: the extension digit goes in front of the prefix (section 7.4). */
export const logisticUnit: Elements = ([prefix = '', reference = '']) => [{ ai: '00', value: reordered(prefix, reference) }];

/** GLN, and its extension but for "0", which says that there is none (section 7.5). */
export const location: Elements = ([prefix = '', reference = '', extension = '']) => [
  { ai: '414', value: checked(prefix + reference) },
  ...(extension === '0' ? [] : [{ ai: '254', value: extension }]),
];

/** GRAI: a zero that pads it to the length of a GTIN, the key, the serial (section 7.6). */
export const returnableAsset: Elements = ([prefix = '', type = '', serial = '']) => [{ ai: '8003', value: `0${checked(prefix + type)}${serial}` }];

/** GIAI, the only key without a check digit but for CPI (section 7.7). */
export const individualAsset: Elements = ([prefix = '', reference = '']) => [{ ai: '8004', value: prefix + reference }];

/** GSRN of the recipient (section 7.8) and of the provider (section 7.9) of a service. */
export const serviceRelation =
  (ai: '8018' | '8017'): Elements =>
  ([prefix = '', reference = '']) => [{ ai, value: checked(prefix + reference) }];

/** GDTI (section 7.10) and GCN (section 7.12), with their serials. */
export const serialised =
  (ai: '253' | '255'): Elements =>
  ([prefix = '', reference = '', serial = '']) => [{ ai, value: checked(prefix + reference) + serial }];

/** CPID and its serial (section 7.11). */
export const part: Elements = ([prefix = '', reference = '', serial = '']) => [
  { ai: '8010', value: prefix + reference },
  { ai: '8011', value: serial },
];

/** ITIP, which is GTIN, piece and total, and its serial (section 7.15). */
export const tradeItemPiece: Elements = ([prefix = '', reference = '', piece = '', total = '', serial = '']) => [
  { ai: '8006', value: reordered(prefix, reference) + piece + total },
  { ai: '21', value: serial },
];

/** What no GS1 key stands for: GID, USDoD, ADI. */
export const none: Elements = () => [];

function reordered(prefix: string, reference: string): string {
  return checked(reference.slice(0, 1) + prefix + reference.slice(1));
}

function checked(digits: string): string {
  return digits + (gs1CheckDigit(digits) ?? '');
}

import { SYMBOLOGY_MODIFIERS } from './symbology-modifiers.ts';

/** What kind of code was read, and what GS1 content its data has. */
export interface Symbology {
  readonly name: string;
  /** What the modifier says beyond the name: "check character verified and left out". */
  readonly detail?: string;
  /** How GS1 content stands in its data; absent where the code is not GS1's own. */
  readonly carrier?: Carrier;
}

/**
 * How GS1 content stands in a code's data: as an element string; as 13 digits, with an add-on or without; as 8, 12 or 14
 * digits; as a UPC-E of 6 or 8 digits; or as an EAN or a UPC, told apart by their length and first digit alone.
 */
export type Carrier = 'element-string' | 'ean-13' | 'ean-13-with-add-on' | 'ean-8' | 'upc-a' | 'upc-e' | 'ean-or-upc' | 'itf-14';

/** The symbology that an AIM identifier such as "]C1" stands for (ISO/IEC 15424, GS1 General Specifications 5.1.2); undefined when unknown. */
export function symbologyOf(aim: string): Symbology | undefined {
  const own = CARRIERS.get(aim.slice(1));
  const name = own?.name ?? CODE_CHARACTERS.get(aim.slice(1, 2));
  if (name === undefined || !aim.startsWith(']')) return undefined;
  const detail = MODIFIERS.get(aim.slice(1));
  return { name, ...(detail !== undefined && { detail }), ...(own !== undefined && { carrier: own.carrier }) };
}

/** The name of the symbology that an AIM identifier stands for. */
export function symbologyName(aim: string): string {
  return symbologyOf(aim)?.name ?? 'unknown';
}

/** Whether the identifier says that a GS1 element string follows. */
export function isElementString(aim: string | undefined): boolean {
  return aim !== undefined && symbologyOf(aim)?.carrier === 'element-string';
}

/**
 * The AIM identifier that the text begins with, undefined when it begins with none. `]Y` counts further modifiers: `]Y2ab`
 * has two (ISO/IEC 15424).
 */
export function aimIdentifierOf(text: string): string | undefined {
  const [identifier, code = '', modifier = ''] = /^\]([A-Za-z])([0-9A-Za-z])/.exec(text) ?? [];
  if (identifier === undefined || !CODE_CHARACTERS.has(code)) return undefined;
  return code === 'Y' && /\d/.test(modifier) ? text.slice(0, identifier.length + Number(modifier)) : identifier;
}

/** The identifiers of GS1 codes: code character and modifier. */
const CARRIERS: ReadonlyMap<string, { readonly name: string; readonly carrier: Carrier }> = new Map([
  ['C1', { name: 'GS1-128', carrier: 'element-string' }],
  ['E0', { name: 'EAN-13 or UPC', carrier: 'ean-13' }],
  ['E3', { name: 'EAN-13 or UPC with add-on', carrier: 'ean-13-with-add-on' }],
  ['E4', { name: 'EAN-8', carrier: 'ean-8' }],
  ['I1', { name: 'ITF-14', carrier: 'itf-14' }],
  ['J1', { name: 'GS1 DotCode', carrier: 'element-string' }],
  ['Q3', { name: 'GS1 QR Code', carrier: 'element-string' }],
  ['d2', { name: 'GS1 DataMatrix', carrier: 'element-string' }],
  ['e0', { name: 'GS1 DataBar or Composite', carrier: 'element-string' }],
]);

const MODIFIERS: ReadonlyMap<string, string> = new Map(
  SYMBOLOGY_MODIFIERS.trim()
    .split('\n')
    .map((line) => [line.slice(0, 2), line.slice(3)]),
);

const CODE_CHARACTERS: ReadonlyMap<string, string> = new Map([
  ['A', 'Code 39'],
  ['B', 'Telepen'],
  ['C', 'Code 128'],
  ['D', 'Code One'],
  ['E', 'EAN/UPC'],
  ['F', 'Codabar'],
  ['G', 'Code 93'],
  ['H', 'Code 11'],
  ['I', 'Interleaved 2 of 5'],
  ['J', 'DotCode'],
  ['K', 'Code 16K'],
  ['L', 'PDF417'],
  ['M', 'MSI'],
  ['N', 'Anker Code'],
  ['O', 'Codablock'],
  ['P', 'Plessey'],
  ['Q', 'QR Code'],
  ['R', 'Straight 2 of 5'],
  ['S', 'Straight 2 of 5'],
  ['T', 'Code 49'],
  ['U', 'MaxiCode'],
  ['X', 'other'],
  ['Y', 'system expansion'],
  ['Z', 'not a barcode'],
  ['c', 'Channel Code'],
  ['d', 'Data Matrix'],
  ['e', 'GS1 DataBar or Composite'],
  ['h', 'Han Xin Code'],
  ['o', 'OCR'],
  ['p', 'PosiCode'],
  ['s', 'SuperCode'],
  ['z', 'Aztec Code'],
]);

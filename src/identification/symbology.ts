/** The name of the symbology that an AIM identifier such as "]C1" stands for (ISO/IEC 15424, GS1 General Specifications 5.1.2). */
export function symbologyName(aim: string): string {
  return CARRIERS.get(aim.slice(1)) ?? CODE_CHARACTERS.get(aim.slice(1, 2)) ?? 'unknown';
}

/** Whether the identifier says that a GS1 element string follows. */
export function isGs1Carrier(aim: string): boolean {
  return CARRIERS.has(aim.slice(1));
}

/** The identifiers of GS1 codes: code character and modifier. */
const CARRIERS: ReadonlyMap<string, string> = new Map([
  ['C1', 'GS1-128'],
  ['E0', 'EAN-13 or UPC'],
  ['E4', 'EAN-8'],
  ['I1', 'ITF-14'],
  ['J1', 'GS1 DotCode'],
  ['Q3', 'GS1 QR Code'],
  ['d2', 'GS1 DataMatrix'],
  ['e0', 'GS1 DataBar or Composite'],
]);

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
  ['o', 'OCR'],
  ['p', 'PosiCode'],
  ['s', 'SuperCode'],
  ['z', 'Aztec Code'],
]);

import type { CodeIdVendor } from '../core/code-id.ts';
import type { Carrier, Symbology } from './symbology.ts';

/**
 * The symbology that a maker's own code id stands for, for a scanner whose maker is configured; undefined when the maker's
 * manuals do not list it. Sources: Honeywell Xenon and Granit, Zebra DS457, Datalogic D8330 user manuals, code id tables.
 */
export function symbologyOfCodeId(vendor: CodeIdVendor, id: string): Symbology | undefined {
  return CODE_IDS[vendor].get(id);
}

/** The symbology of a name as this file and AIM's list write it, in any case of letters; undefined for a name of no GS1 code. */
export function symbologyOfName(name: string): Symbology | undefined {
  return GS1_SYMBOLOGIES.get(name.toLowerCase());
}

/** Names whose codes hold GS1 content, and how. UPC-A and UPC-E come as they are printed here, not filled up as with AIM identifiers. */
const CARRIERS: Readonly<Record<string, Carrier>> = {
  'EAN-13': 'ean-13',
  'EAN-8': 'ean-8',
  'UPC-A': 'upc-a',
  'UPC-E': 'upc-e',
  'EAN or UPC': 'ean-or-upc',
  Bookland: 'ean-13',
  'GS1-128': 'element-string',
  'GS1 DataBar': 'element-string',
  'GS1 DataBar Limited': 'element-string',
  'GS1 DataBar Expanded': 'element-string',
  'GS1 DataMatrix': 'element-string',
  'GS1 QR Code': 'element-string',
  'GS1 DotCode': 'element-string',
  'ITF-14': 'itf-14',
};

const GS1_SYMBOLOGIES: ReadonlyMap<string, Symbology> = new Map(Object.entries(CARRIERS).map(([name, carrier]) => [name.toLowerCase(), { name, carrier }]));

const CODE_IDS: Readonly<Record<CodeIdVendor, ReadonlyMap<string, Symbology>>> = {
  honeywell: tableOf(`
    a Codabar
    b Code 39
    c UPC-A
    d EAN-13
    D EAN-8
    E UPC-E
    e Interleaved 2 of 5
    f Straight 2 of 5
    g MSI
    h Code 11
    i Code 93
    j Code 128
    I GS1-128
    l Code 49
    r PDF417
    R MicroPDF417
    s QR Code
    w Data Matrix
    x MaxiCode
    y GS1 DataBar
    { GS1 DataBar Limited
    } GS1 DataBar Expanded
    z Aztec Code
    H Han Xin Code
    X Grid Matrix`),
  zebra: tableOf(`
    A EAN or UPC
    B Code 39
    C Codabar
    D Code 128
    E Code 93
    F Interleaved 2 of 5
    G Straight 2 of 5
    H Code 11
    J MSI
    K GS1-128
    L Bookland
    M Trioptic Code 39`),
  datalogic: tableOf(`
    N Interleaved 2 of 5
    A EAN-8
    B EAN-13
    C UPC-A
    D UPC-E
    V Code 39
    W Code 39 full ASCII
    R Codabar
    T Code 128
    k GS1-128
    f ISBT 128
    U Code 93
    Z MSI
    b Code 11
    t GS1 DataBar Expanded
    u GS1 DataBar
    v GS1 DataBar Limited`),
};

function tableOf(lines: string): ReadonlyMap<string, Symbology> {
  return new Map(
    lines
      .trim()
      .split(/\s*\n\s*/)
      .map((line) => {
        const [id = '', ...words] = line.split(' ');
        const name = words.join(' ');
        const carrier = CARRIERS[name];
        return [id, { name, ...(carrier !== undefined && { carrier }) }];
      }),
  );
}

import type { Element } from '../element.ts';

/** The one key to match assets on, in the form of a scan's `data.identity`. */
export interface Gs1Identity {
  /** The application identifier of the key, two to four digits. */
  readonly ai: string;
  /** The key's value. A serial number or extension of its own identifier follows in brackets: "09520123456788(21)A1". */
  readonly value: string;
}

/**
 * The key among the elements, or undefined when none is one. The first of `KEYS` that is there wins: what is one single thing
 * before what is a kind of thing, and an asset before the trade item it was bought as. A serial number or extension that
 * makes the key one single thing belongs to it; batches, variants and amounts do not.
 *
 * `(ai)value` is what stands below the code for people (GS1 General Specifications 4.14): (01)09520123456788(21)A1. It can be
 * taken apart again without doubt, since the values before a bracket are of fixed length or cannot hold a bracket. It depends
 * on the elements alone and not on their order, so a barcode, a Digital Link and a tag of one item give the same. A GTIN
 * has fourteen digits, whatever it was printed as.
 */
export function identityOf(elements: readonly Element[]): Gs1Identity | undefined {
  for (const { ai, qualifiers = [] } of KEYS) {
    const value = valueOf(elements, ai);
    if (value === undefined) continue;
    const qualifier = qualifiers.find((candidate) => valueOf(elements, candidate) !== undefined);
    return { ai, value: qualifier === undefined ? normalized(ai, value) : `${normalized(ai, value)}(${qualifier})${valueOf(elements, qualifier) ?? ''}` };
  }
  return undefined;
}

/** The keys in their order, each with the qualifiers that may make it one single thing, the first that is there. */
const KEYS: readonly { readonly ai: string; readonly qualifiers?: readonly string[] }[] = [
  { ai: '8004' }, // GIAI: an individual asset
  { ai: '8003' }, // GRAI: a returnable asset, its serial number inside
  { ai: '00' }, // SSCC: a logistic unit
  { ai: '01', qualifiers: ['21', '235'] }, // GTIN: a trade item
  { ai: '03', qualifiers: ['21'] }, // GTIN of what is made to order
  { ai: '8006', qualifiers: ['21'] }, // ITIP: a piece of a trade item
  { ai: '8010', qualifiers: ['8011'] }, // CPID: a component or part
  { ai: '8017' }, // GSRN: who gives a service; the instance (8019) is no part of who, and a tag has none
  { ai: '8018' }, // GSRN: who receives it
  { ai: '414', qualifiers: ['254'] }, // GLN: a place
  { ai: '417' }, // GLN: a party
  { ai: '253' }, // GDTI: a document, its serial number inside
  { ai: '255' }, // GCN: a coupon, its serial number inside
  { ai: '402' }, // GSIN: a shipment
  { ai: '401' }, // GINC: a consignment
  { ai: '8013' }, // GMN: a model
  { ai: '415', qualifiers: ['8020'] }, // GLN: who is paid, and for which bill
];

function valueOf(elements: readonly Element[], ai: string): string | undefined {
  return elements.find((element) => element.ai === ai)?.value;
}

function normalized(ai: string, value: string): string {
  return ai === '01' || ai === '03' ? value.padStart(14, '0') : value;
}

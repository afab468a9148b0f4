import { type Carrier, symbologyOf } from '../symbology.ts';
import type { Element } from '../element.ts';
import { type Gs1Content, SEPARATOR } from './content.ts';
import { isDigitalLink, parseDigitalLink } from './digital-link.ts';
import { elementProblems } from './element-problems.ts';
import { parseElementString } from './element-string.ts';
import { type Gs1Identity, identityOf } from './identity.ts';
import { pairingProblems } from './pairing.ts';
import { gtinOf, isAmbiguous } from './trade-item-digits.ts';

/** The GS1 content of a scanned code, in whatever form it came. */
export interface Gs1Reading extends Gs1Content {
  readonly form: 'element-string' | 'digital-link' | 'gtin';
  /** The key to match on; absent when there is none and when a `content` problem makes it doubtful. */
  readonly identity?: Gs1Identity;
}

/**
 * The GS1 content of a code, given the AIM identifier that the scanner sent (none: undefined) and the text after it;
 * undefined when it has none. A Digital Link counts in any code. Beside that the identifier decides: element strings in
 * GS1's carriers, the digits of EAN, UPC and ITF-14, and a composite of both. Without an identifier only a separator at the
 * start of the text makes it GS1's; digits alone never do, nor does what stands in the text like an identifier. It never throws.
 */
export function interpretGs1(aim: string | undefined, text: string): Gs1Reading | undefined {
  if (aim !== undefined) return readCarrier(symbologyOf(aim)?.carrier, text);
  return readCarrier(text.startsWith(SEPARATOR) ? 'element-string' : undefined, text);
}

/** The same for a scanner that tells the symbology in another way, such as by a maker's code id. */
export function readCarrier(carrier: Carrier | undefined, text: string): Gs1Reading | undefined {
  const link = text.replace(CHANNEL_INTERPRETATION, '');
  if (isDigitalLink(link)) return completed('digital-link', parseDigitalLink(link));
  if (carrier === undefined) return undefined;
  if (carrier === 'element-string') return completed('element-string', parseElementString(text));
  if (carrier === 'itf-14' && !/^\d{14}$/.test(text)) return undefined; // any checked Interleaved 2 of 5 has this identifier
  const [digits = '', component] = text.split(COMPOSITE, 2);
  if (isAmbiguous(carrier, digits)) return undefined;
  const item = gtinOf(carrier, digits);
  const elements: Element[] = 'gtin' in item ? [{ ai: '01', value: item.gtin }] : [];
  const beside = component === undefined ? undefined : parseElementString(component);
  return completed('gtin', {
    elements: [...elements, ...(beside?.elements ?? [])],
    problems: [...('words' in item ? [{ kind: 'content' as const, words: item.words }] : elementProblems(elements)), ...(beside?.problems ?? [])],
  });
}

function completed(form: Gs1Reading['form'], { elements, problems }: Gs1Content): Gs1Reading {
  const identity = problems.length === 0 ? identityOf(elements) : undefined;
  return { form, elements, problems: [...problems, ...pairingProblems(elements)].slice(0, PROBLEMS_MAX), ...(identity !== undefined && { identity }) };
}

/** What stands between the two parts of a composite symbol; some scanners leave the bar out. */
const COMPOSITE = /\|?\]e0/;

/** The encoding that a code declares, such as \000026 for UTF-8, before its text. */
const CHANNEL_INTERPRETATION = /^\\\d{6}/;

/** Enough to mend a label; more would only swell the message. */
const PROBLEMS_MAX = 16;

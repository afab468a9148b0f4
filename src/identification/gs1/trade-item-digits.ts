import { gs1CheckDigit } from '../checks.ts';
import type { Carrier } from '../symbology.ts';

/** A carrier that holds nothing but the digits of a GTIN. */
export type TradeItemCarrier = Exclude<Carrier, 'element-string'>;

/** The GTIN with fourteen digits that the text of such a code holds, its check digit unverified; or what is wrong, in words. */
export function gtinOf(carrier: TradeItemCarrier, text: string): { readonly gtin: string } | { readonly words: string } {
  const { name, digits, form } = FORMS[carrier];
  if (form.test(text)) return { gtin: wholeDigits(carrier, text).padStart(14, '0') };
  return { words: /^\d*$/.test(text) ? `${name} holds ${digits} digits, and this code has ${text.length}` : `${name} holds digits only` };
}

/**
 * Whether the digits are whole, but can be of two kinds: six to eight are a UPC-E, whose number system is 0 or 1, or an EAN-8, whose
 * first digit can be the same. As a text they are sound.
 */
export function isAmbiguous(carrier: TradeItemCarrier, text: string): boolean {
  return carrier === 'ean-or-upc' && /^(?:\d{6,7}|[01]\d{7})$/.test(text);
}

/**
 * Twelve digits where thirteen belong are not filled up: they can be a UPC-A that lost its zero, but as well an EAN-13 that
 * lost its check digit, and one in ten of those would pass for another article.
 */
const FORMS: Readonly<Record<TradeItemCarrier, { readonly name: string; readonly digits: string; readonly form: RegExp }>> = {
  'ean-13': { name: 'EAN-13', digits: '13', form: /^\d{13}$/ },
  'ean-13-with-add-on': { name: 'EAN-13 with add-on', digits: '15 or 18', form: /^\d{13}(?:\d{2}|\d{5})$/ },
  'ean-8': { name: 'EAN-8', digits: '8', form: /^\d{8}$/ },
  'upc-a': { name: 'UPC-A', digits: '12', form: /^0?\d{12}$/ },
  'upc-e': { name: 'UPC-E', digits: '6 or 8', form: /^(?:\d{6}|[01]\d{7})$/ },
  'ean-or-upc': { name: 'EAN or UPC', digits: '6 to 8, 12 or 13', form: /^(?:[2-9]\d{7}|\d{12,13})$/ },
  'itf-14': { name: 'ITF-14', digits: '14', form: /^\d{14}$/ },
};

function wholeDigits(carrier: TradeItemCarrier, text: string): string {
  if (carrier === 'ean-13-with-add-on') return text.slice(0, 13);
  return carrier === 'upc-e' ? upcEExpanded(text) : text;
}

/** The UPC-A that a UPC-E shortens (GS1 General Specifications 5.2.2.4): six digits, or eight with number system and check digit. */
function upcEExpanded(text: string): string {
  const whole = text.length === 8;
  const system = whole ? text.charAt(0) : '0';
  const body = `${system}${expandedBody(whole ? text.slice(1, 7) : text)}`;
  return body + (whole ? text.charAt(7) : (gs1CheckDigit(body) ?? ''));
}

/** The last of the six digits says which zeros were left out. */
function expandedBody(six: string): string {
  const last = six.charAt(5);
  if (last <= '2') return `${six.slice(0, 2)}${last}0000${six.slice(2, 5)}`;
  if (last === '3') return `${six.slice(0, 3)}00000${six.slice(3, 5)}`;
  if (last === '4') return `${six.slice(0, 4)}00000${six.charAt(4)}`;
  return `${six.slice(0, 5)}0000${last}`;
}

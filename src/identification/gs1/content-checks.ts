import { endsWithCheck, gs1CheckDigit, gs1CheckPair } from '../checks.ts';
import { COUNTRIES, COUNTRIES_ALPHA_2, CURRENCIES, PACKAGE_TYPES } from './code-lists.ts';
import { couponCodeFault, couponOfferFault } from './coupons.ts';
import { dateFault } from './dates.ts';
import type { Fault } from './fault.ts';

/** What a part's content must hold beyond its character set, which has been checked before. */
export type ContentCheck = (text: string) => Fault | undefined;

/** The checks by the names that GS1's Barcode Syntax Dictionary gives them; each is one of its "linters". */
export const CONTENT_CHECKS: Readonly<Record<string, ContentCheck>> = {
  csum: checkDigitFault,
  csumalpha: checkPairFault,
  gcppos1: (text) => companyPrefixFault(text, 0),
  gcppos2: (text) => companyPrefixFault(text, 1),
  yymmdd: (text) => worded(dateFault(text, { dayMayBeZero: false })),
  yymmd0: (text) => worded(dateFault(text, { dayMayBeZero: true })),
  yyyymmdd: (text) => worded(dateFault(text, { dayMayBeZero: false })),
  hh: (text) => timeFault(text, ['hour']),
  mi: (text) => timeFault(text, ['minute']),
  ss: (text) => timeFault(text, ['second']),
  hhmi: (text) => timeFault(text, ['hour', 'minute']),
  iso3166: (text) => unlisted(text, COUNTRIES, 'a country of ISO 3166'),
  iso3166999: (text) => (text === '999' ? undefined : unlisted(text, COUNTRIES, 'a country of ISO 3166 or 999')),
  iso3166alpha2: (text) => unlisted(text, COUNTRIES_ALPHA_2, 'a country of ISO 3166'),
  iso4217: (text) => unlisted(text, CURRENCIES, 'a currency of ISO 4217'),
  iso5218: (text) => expected(text, /^[0129]$/, '0, 1, 2 or 9 (ISO/IEC 5218)'),
  packagetype: (text) => unlisted(text, PACKAGE_TYPES, 'a package type of UN/ECE Recommendation 21'),
  mediatype: (text) => expected(text, /^(?:0[1-9]|10|[89]\d)$/, 'a media type that ICCBBA has given out'),
  winding: (text) => expected(text, /^[019]$/, '0, 1 or 9'),
  yesno: (text) => expected(text, /^[01]$/, '0 or 1'),
  hyphen: (text) => expected(text, /^-+$/, 'a hyphen'),
  zero: (text) => expected(text, /^0+$/, 'zero'),
  nonzero: (text) => expected(text, /[^0]/, 'other than zero'),
  nozeroprefix: (text) => expected(text, /^[^0]/, 'without leading zeros'),
  hasnondigit: (text) => expected(text, /\D/, 'with a character that is no digit'),
  importeridx: (text) => expected(text, /^[-0-9A-Z_a-z]$/, 'a letter, a digit, “-” or “_”'),
  latitude: (text) => (Number(text) > 180e7 ? { at: 0, words: `latitude ${text} is more than 1800000000` } : undefined),
  longitude: (text) => (Number(text) > 360e7 ? { at: 0, words: `longitude ${text} is more than 3600000000` } : undefined),
  pieceoftotal: pieceFault,
  posinseqslash: positionInSequenceFault,
  pcenc: percentFault,
  iban: ibanFault,
  couponcode: couponCodeFault,
  couponposoffer: couponOfferFault,
};

function checkDigitFault(text: string): Fault | undefined {
  const check = gs1CheckDigit(text.slice(0, -1));
  if (check === text.slice(-1)) return undefined;
  return { at: text.length - 1, words: `the check digit is ${text.slice(-1)}, expected ${check ?? 'another'}`, checkOnly: true };
}

function checkPairFault(text: string): Fault | undefined {
  if (endsWithCheck(text, gs1CheckPair)) return undefined;
  if (text.length < 3) return { at: 0, words: 'too short to hold a check pair' };
  return { at: text.length - 2, words: `the check pair is “${text.slice(-2)}”, expected “${gs1CheckPair(text.slice(0, -2)) ?? ''}”`, checkOnly: true };
}

/** The shortest GS1 company prefix has four digits; which prefixes exist is not checked. */
function companyPrefixFault(text: string, start: number): Fault | undefined {
  const end = start + 4;
  const at = text.slice(start, end).search(/\D/);
  if (at >= 0) return { at: start + at, words: 'the GS1 company prefix does not begin with four digits' };
  return text.length < end ? { at: 0, words: 'too short for a GS1 company prefix' } : undefined;
}

function timeFault(text: string, units: readonly ('hour' | 'minute' | 'second')[]): Fault | undefined {
  for (const [index, unit] of units.entries()) {
    const number = text.slice(2 * index, 2 * index + 2);
    if (Number(number) > (unit === 'hour' ? 23 : 59)) return { at: 2 * index, words: `there is no ${unit} ${number}` };
  }
  return undefined;
}

function pieceFault(text: string): Fault | undefined {
  const piece = Number(text.slice(0, text.length / 2));
  const total = Number(text.slice(text.length / 2));
  if (piece > 0 && piece <= total) return undefined;
  return { at: 0, words: `there is no piece ${piece} of ${total}` };
}

function positionInSequenceFault(text: string): Fault | undefined {
  const [, position, total] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? [];
  if (position === undefined) return { at: 0, words: `“${text}” is not a position such as 1/3` };
  return Number(position) > Number(total) ? { at: 0, words: `there is no ${position} of ${total}` } : undefined;
}

function percentFault(text: string): Fault | undefined {
  const at = text.search(/%(?![0-9A-Fa-f]{2})/);
  return at < 0 ? undefined : { at, words: 'a percent sign without two hexadecimal digits' };
}

/** ISO 13616: country, two check digits, account; the remainder by 97 of all, letters as 10 to 35 and the first four at the end, is 1. */
function ibanFault(text: string): Fault | undefined {
  if (!COUNTRIES_ALPHA_2.has(text.slice(0, 2))) return { at: 0, words: `“${text.slice(0, 2)}” is not a country of ISO 3166` };
  if (text.length <= 10) return { at: 0, words: 'too short for an IBAN' };
  const foreign = text.search(/[^0-9A-Z]/);
  if (foreign >= 0) return { at: foreign, words: `“${text.charAt(foreign)}” is not in an IBAN` };
  let remainder = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1 ? undefined : { at: 2, words: 'the check digits of the IBAN are wrong' };
}

function unlisted(text: string, codes: ReadonlySet<string>, what: string): Fault | undefined {
  return codes.has(text) ? undefined : { at: 0, words: `“${text}” is not ${what}` };
}

function expected(text: string, pattern: RegExp, what: string): Fault | undefined {
  return pattern.test(text) ? undefined : { at: 0, words: `“${text}” is not ${what}` };
}

function worded(words: string | undefined): Fault | undefined {
  return words === undefined ? undefined : { at: 0, words };
}

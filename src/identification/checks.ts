/**
 * Check digits and check characters. Each function takes the text without its check and gives the check, or undefined
 * where the text is empty or holds a character that the method does not know.
 */
export type CheckMethod = (body: string) => string | undefined;

/**
 * GS1 mod 10 with the weights 3 and 1 from the right: GTIN-8, -12, -13 and -14, SSCC, GLN, GSRN, GSIN, and the first
 * thirteen digits of GRAI, GDTI and GCN (GS1 General Specifications 7.9.1). Leading zeros do not change it.
 */
export const gs1CheckDigit: CheckMethod = (body) => {
  if (body.length === 0) return undefined;
  let sum = 0;
  for (let at = body.length - 1, weight = 3; at >= 0; at -= 1, weight = 4 - weight) {
    const digit = digitAt(body, at);
    if (!(digit >= 0 && digit <= 9)) return undefined;
    sum += digit * weight;
  }
  return String((10 - (sum % 10)) % 10);
};

/**
 * The pair of check characters of a GMN and of a Master UDI-DI (GS1 General Specifications 7.9.5): each character's place
 * in character set 82 times a prime that grows to the left, modulo 1021, written in base 32. Bodies are at most 97 long.
 */
export const gs1CheckPair: CheckMethod = (body) => {
  if (body.length === 0 || body.length > PRIMES.length) return undefined;
  let sum = 0;
  for (let at = 0; at < body.length; at += 1) {
    const place = CHARACTER_SET_82.indexOf(body.charAt(at));
    if (place < 0) return undefined;
    sum += place * (PRIMES[body.length - 1 - at] ?? 0);
  }
  const check = sum % 1021;
  return PAIR_CHARACTERS.charAt(check >> 5) + PAIR_CHARACTERS.charAt(check & 31);
};

/** Luhn's mod 10 (ISO/IEC 7812-1 Annex B): every second digit from the right doubled, its digits summed. IMEI and card numbers. */
export const luhnDigit: CheckMethod = (body) => {
  if (!DIGITS.test(body)) return undefined;
  let sum = 0;
  for (let at = 0; at < body.length; at += 1) {
    const digit = digitAt(body, at);
    sum += (body.length - at) % 2 === 1 ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return String((10 - (sum % 10)) % 10);
};

/** ISO/IEC 7064 MOD 11-2, a pure system: a digit or X. Not the weighted mod 11 below. */
export const iso7064Mod11Character: CheckMethod = (body) => {
  if (!DIGITS.test(body)) return undefined;
  let product = 0;
  for (let at = 0; at < body.length; at += 1) product = ((product + digitAt(body, at)) * 2) % 11;
  return mod11Character((12 - product) % 11);
};

/** Mod 11 with the weights 2 to 7 from the right, again from 2 after that (MSI's "IBM" mod 11, many asset numbers): a digit or X. */
export const weightedMod11To7: CheckMethod = (body) => weightedMod11(body, 7);

/** Mod 11 with the weights 2 to 10 from the right, as in ISBN-10 (ISO 2108:1992): a digit or X. */
export const weightedMod11To10: CheckMethod = (body) => weightedMod11(body, 10);

/** Code 39's optional mod 43 check character (ISO/IEC 16388 Annex A); lower case is no Code 39. */
export const code39CheckCharacter: CheckMethod = (body) => {
  if (body.length === 0) return undefined;
  let sum = 0;
  for (const character of body) {
    const value = CODE_39_CHARACTERS.indexOf(character);
    if (value < 0) return undefined;
    sum += value;
  }
  return CODE_39_CHARACTERS.charAt(sum % 43);
};

/** Whether the text ends with the check that the method gives for what stands before it. */
export function endsWithCheck(text: string, method: CheckMethod): boolean {
  const length = method === gs1CheckPair ? 2 : 1;
  return text.length > length && method(text.slice(0, -length)) === text.slice(-length);
}

/** GS1's character set 82 (General Specifications 7.11), in the order that the check pair counts by. */
export const CHARACTER_SET_82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

function weightedMod11(body: string, weightMax: number): string | undefined {
  if (!DIGITS.test(body)) return undefined;
  let sum = 0;
  for (let at = 0; at < body.length; at += 1) sum += digitAt(body, at) * (2 + ((body.length - 1 - at) % (weightMax - 1)));
  return mod11Character((11 - (sum % 11)) % 11);
}

function mod11Character(value: number): string {
  return value === 10 ? 'X' : String(value);
}

function digitAt(digits: string, at: number): number {
  return digits.charCodeAt(at) - 0x30;
}

const DIGITS = /^\d+$/;

const PAIR_CHARACTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

const CODE_39_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%';

/** The first 97 primes: the weights of the check pair, counted from the right. */
const PRIMES: readonly number[] = Array.from({ length: 508 }, (_, index) => index + 2).filter((candidate) => {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) return false;
  return true;
});

/**
 * The check digit of GS1 keys: weights 3 and 1 in turn from the right, up to the next ten (GS1 General Specifications,
 * section 7.9). "061414112345" gives "2".
 */
export function mod10(digits: string): string {
  let sum = 0;
  for (let at = digits.length - 1, weight = 3; at >= 0; at -= 1, weight = 4 - weight) sum += weight * (digits.charCodeAt(at) - ZERO);
  return String((10 - (sum % 10)) % 10);
}

const ZERO = 0x30;

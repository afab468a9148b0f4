import { printable } from '../../core/printable.ts';
import type { BitReader } from './bits.ts';
import { isCageOrDodaac, sevenBitCharacter, sixBitCharacter } from './characters.ts';
import type { Partition, PartitionTable } from './partitions.ts';

/** One stretch of an EPC's bits: the names of the values it holds, and how they are read. */
export interface Part {
  readonly names: readonly string[];
  /** Appends the values, in the order of the names, and returns nothing; or says in words what is wrong. */
  readonly read: (bits: BitReader, values: string[]) => string | undefined;
}

/** A number without leading zeros (TDS 1.13, section 14.4.1), of at most so many digits. */
export function integer(name: string, count: number, digitsMax = Infinity): Part {
  return {
    names: [name],
    read: (bits, values) => {
      if (bits.left < count) return ended(name, bits, count);
      const digits = bits.takeNumeral(count);
      if (digits.length > digitsMax) return tooLong(name, digits, digitsMax);
      values.push(digits);
      return undefined;
    },
  };
}

/** A number of an exact count of digits, with leading zeros (TDS 1.13, section 14.4.10). */
export function fixedWidth(name: string, count: number, digits: number): Part {
  const { names, read } = integer(name, count, digits);
  return { names, read: (bits, values) => read(bits, values) ?? padLast(values, digits) };
}

/** Digits with leading zeros, kept by a 1 in front of them (TDS 1.13, section 14.4.6). */
export function numericString(name: string, count: number): Part {
  return {
    names: [name],
    read: (bits, values) => {
      const digits = bits.takeNumeral(count);
      if (!/^1\d+$/.test(digits)) return `the ${inWords(name)} is ${digits}, and not a 1 with digits after it`;
      values.push(digits.slice(1));
      return undefined;
    },
  };
}

/** Text in 7-bit characters, at least one, with nothing but zero bits behind it (TDS 1.13, section 14.4.2). */
export function text(name: string, count: number, charactersMax = count / 7): Part {
  return { names: [name], read: (bits, values) => readText(bits, values, { name, count, charactersMax }) };
}

/** What the characters of a 6-bit text must be besides those of the table. */
export interface SixBitText {
  readonly name: string;
  readonly charactersMin: number;
  readonly charactersMax: number;
  readonly pattern?: { readonly allowed: RegExp; readonly problem: string };
}

/** Text in 6-bit characters that 000000 ends (TDS 1.13, section 14.4.8). */
export function endedText(rules: SixBitText): Part {
  return { names: [rules.name], read: (bits, values) => readEndedText(bits, values, rules) };
}

/** Bits that must be zero (TDS 1.13, section 14.4, step 5). */
export function reserved(count: number): Part {
  return { names: [], read: (bits) => (bits.takeZeros(count) ? undefined : `the ${count} reserved bits are not all zero`) };
}

/**
 * A CAGE code or DoDAAC: six characters, of which a space may be the first. ADI has them in 6 bits (TDS 1.13, section
 * 14.4.7), USDoD in 8 (DoD Suppliers' Passive RFID Information Guide).
 */
export function cageOrDodaac(bitsEach: 6 | 8): Part {
  return {
    names: ['cageOrDodaac'],
    read: (bits, values) => {
      const six = Array.from({ length: 6 }, () => asciiOf(bits.take(bitsEach), bitsEach)).join('');
      const code = six.startsWith(' ') ? six.slice(1) : six;
      if (!isCageOrDodaac(code)) return `"${printable(code)}" is neither a CAGE code nor a DoDAAC`;
      values.push(code);
      return undefined;
    },
  };
}

/** How the reference after a company prefix stands on the tag. */
export type ReferenceForm = 'exact digits' | 'at most digits' | 'seven-bit text' | 'six-bit text';

/** The partition value, the company prefix, and the reference that takes the rest (TDS 1.13, sections 14.4.3 to 14.4.5 and 14.4.9). */
export function partitioned(table: PartitionTable, reference: string, form: ReferenceForm): Part {
  const rows = table.map((row) => [fixedWidth('companyPrefix', row.prefixBits, row.prefixDigits), referencePart(row, reference, form)] as const);
  return {
    names: ['companyPrefix', reference],
    read: (bits, values) => {
      const value = bits.take(3);
      const [prefix, rest] = rows[value] ?? [];
      if (prefix === undefined || rest === undefined) return `partition ${value} does not exist`;
      return prefix.read(bits, values) ?? rest.read(bits, values);
    },
  };
}

function referencePart({ referenceBits, referenceLength }: Partition, name: string, form: ReferenceForm): Part {
  switch (form) {
    case 'exact digits':
      return referenceLength === 0 ? absent(name, referenceBits) : fixedWidth(name, referenceBits, referenceLength);
    case 'at most digits':
      return integer(name, referenceBits, referenceLength);
    case 'seven-bit text':
      return text(name, referenceBits, referenceLength);
    case 'six-bit text':
      return endedText({ name, charactersMin: 1, charactersMax: referenceLength });
  }
}

/** A reference of no digits, where the prefix takes all of them: its bits are zero, and in a URI it is empty. */
function absent(name: string, count: number): Part {
  return {
    names: [name],
    read: (bits, values) => {
      if (!bits.takeZeros(count)) return `the ${inWords(name)} is not zero, and a company prefix of 12 digits leaves none for it`;
      values.push('');
      return undefined;
    },
  };
}

function readText(bits: BitReader, values: string[], { name, count, charactersMax }: { name: string; count: number; charactersMax: number }): string | undefined {
  let characters = '';
  let used = 0;
  for (; characters.length < charactersMax; ) {
    const code = bits.take(7);
    used += 7;
    if (code === 0) break;
    const character = sevenBitCharacter(code);
    if (character === undefined) return notACharacter(name, characters.length, code);
    characters += character;
  }
  if (characters === '') return `the ${inWords(name)} is empty`;
  if (!bits.takeZeros(count - used)) return `the ${inWords(name)} has bits that are not zero after its end`;
  values.push(characters);
  return undefined;
}

function readEndedText(bits: BitReader, values: string[], { name, charactersMin, charactersMax, pattern }: SixBitText): string | undefined {
  let characters = '';
  for (;;) {
    if (bits.left < 6) return `the ${inWords(name)} is not ended by six zero bits`;
    const code = bits.take(6);
    if (code === 0) break;
    const character = sixBitCharacter(code);
    if (character === undefined) return notACharacter(name, characters.length, code);
    if (characters.length === charactersMax) return `the ${inWords(name)} has more than ${charactersMax} characters`;
    characters += character;
  }
  if (characters.length < charactersMin) return `the ${inWords(name)} is empty`;
  if (pattern !== undefined && !pattern.allowed.test(characters)) return `the ${inWords(name)} "${characters}" ${pattern.problem}`;
  values.push(characters);
  return undefined;
}

function asciiOf(code: number, bitsEach: 6 | 8): string {
  return String.fromCharCode(bitsEach === 6 && code < 0x20 ? code + 0x40 : code);
}

function padLast(values: string[], digits: number): undefined {
  values.push((values.pop() ?? '').padStart(digits, '0'));
}

/** What to say of bits that are fewer than a value takes. */
export function ended(name: string, { left }: BitReader, count: number): string {
  return `the bytes end inside the ${inWords(name)}: ${left} bits are left of ${count}`;
}

function tooLong(name: string, digits: string, digitsMax: number): string {
  return `the ${inWords(name)} is ${digits}, which is more than ${digitsMax} digits`;
}

function notACharacter(name: string, index: number, code: number): string {
  return `character ${index + 1} of the ${inWords(name)} has code ${code.toString(16).toUpperCase().padStart(2, '0')}, which is not allowed`;
}

function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

import type { SeededRandom } from './random.ts';

/*
 * The opposite of src/identification/epc, written from the coding procedures of TDS 1.13 (section 14.3) apart from it:
 * partition rows are not tabled here but follow from what prefix and reference have together.
 */

/** A scheme as the encoder sees it, and how to make values for it. */
export interface EncodedScheme {
  readonly name: string;
  readonly header: number;
  readonly filterBits: number;
  readonly encode: (values: readonly string[]) => string;
  readonly values: (random: SeededRandom) => readonly string[];
}

/** The bits of an EPC as text of 0 and 1, without the padding. */
export function epcBits(scheme: EncodedScheme, filter: number, values: readonly string[]): string {
  return binary(scheme.header, 8) + (scheme.filterBits === 0 ? '' : binary(filter, scheme.filterBits)) + scheme.encode(values);
}

/** Bytes of bits, padded with zero bits to whole words of 16. */
export function paddedBytes(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 16) * 16, '0');
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** A whole number in so many bits. */
export function binary(value: number | string, count: number): string {
  const bits = BigInt(value).toString(2).padStart(count, '0');
  if (bits.length > count) throw new RangeError(`${value} needs more than ${count} bits`);
  return bits;
}

/** Text in 7-bit characters, filled up with zero bits. */
export function sevenBits(text: string, count: number): string {
  return Array.from(text, (character) => binary(character.charCodeAt(0), 7)).join('').padEnd(count, '0');
}

/** Text in 6-bit characters. */
export function sixBits(text: string): string {
  return Array.from(text, (character) => binary(character.charCodeAt(0) & 0x3f, 6)).join('');
}

/** Bits of a company prefix of 6 to 12 digits. */
const PREFIX_BITS: Readonly<Record<number, number>> = { 6: 20, 7: 24, 8: 27, 9: 30, 10: 34, 11: 37, 12: 40 };

/** Prefix and reference share so many bits, and so many digits or characters. */
export interface Shared {
  readonly bits: number;
  readonly length: number;
  readonly form: 'padded' | 'number' | 'text' | 'ended';
}

export const ITEM: Shared = { bits: 44, length: 13, form: 'padded' };
export const SERIAL_REFERENCE: Shared = { bits: 58, length: 17, form: 'padded' };
export const LOCATION: Shared = { bits: 41, length: 12, form: 'padded' };
export const ASSET_TYPE: Shared = { bits: 44, length: 12, form: 'padded' };
export const ASSET_NUMBER: Shared = { bits: 82, length: 25, form: 'number' };
export const ASSET_TEXT: Shared = { bits: 188, length: 30, form: 'text' };
export const PART_NUMBER: Shared = { bits: 51, length: 15, form: 'number' };
export const PART_TEXT: Shared = { bits: 0, length: 30, form: 'ended' };

/** Partition, prefix and reference. */
export function partitionBits(shared: Shared, prefix: string, reference: string): string {
  const prefixBits = PREFIX_BITS[prefix.length]!;
  const rest = shared.bits - prefixBits;
  const head = binary(12 - prefix.length, 3) + binary(prefix, prefixBits);
  switch (shared.form) {
    case 'padded':
    case 'number':
      return head + binary(reference === '' ? 0 : reference, rest);
    case 'text':
      return head + sevenBits(reference, rest);
    case 'ended':
      return `${head}${sixBits(reference)}000000`;
  }
}

export const GS1_CHARACTERS = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PART_CHARACTERS = '#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const CAGE_CHARACTERS = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ';

function key(shared: Shared, random: SeededRandom): [prefix: string, reference: string] {
  const prefix = random.text(6 + random.below(7), DIGITS);
  const length = shared.length - prefix.length;
  const bits = shared.bits - PREFIX_BITS[prefix.length]!;
  switch (shared.form) {
    case 'padded':
      return [prefix, random.text(length, DIGITS)];
    case 'number':
      return [prefix, random.numeral(bits, length)];
    case 'text':
      return [prefix, random.text(1 + random.below(length), GS1_CHARACTERS)];
    case 'ended':
      return [prefix, random.text(1 + random.below(length), PART_CHARACTERS)];
  }
}

interface Tail {
  readonly encode: (value: string) => string;
  readonly value: (random: SeededRandom) => string;
}

const number = (bits: number, digitsMax?: number): Tail => ({ encode: (value) => binary(value, bits), value: (random) => random.numeral(bits, digitsMax) });
const characters = (count: number): Tail => ({
  encode: (value) => sevenBits(value, count * 7),
  value: (random) => random.text(1 + random.below(count), GS1_CHARACTERS),
});
const digits = (bits: number, digitsMax: number): Tail => ({
  encode: (value) => binary(`1${value}`, bits),
  value: (random) => random.text(1 + random.below(digitsMax), DIGITS),
});

function keyed(name: string, header: number, shared: Shared, tail?: Tail): EncodedScheme {
  return {
    name,
    header,
    filterBits: 3,
    encode: ([prefix = '', reference = '', serial = '']) => partitionBits(shared, prefix, reference) + (tail?.encode(serial) ?? ''),
    values: (random) => [...key(shared, random), ...(tail === undefined ? [] : [tail.value(random)])],
  };
}

function reserving(name: string, header: number): EncodedScheme {
  const { encode, ...rest } = keyed(name, header, SERIAL_REFERENCE);
  return { ...rest, encode: (values) => `${encode(values)}${'0'.repeat(24)}` };
}

function itip(name: string, header: number, tail: Tail): EncodedScheme {
  return {
    name,
    header,
    filterBits: 3,
    encode: ([prefix = '', reference = '', piece = '', total = '', serial = '']) =>
      partitionBits(ITEM, prefix, reference) + binary(piece, 7) + binary(total, 7) + tail.encode(serial),
    values: (random) => [...key(ITEM, random), random.text(2, DIGITS), random.text(2, DIGITS), tail.value(random)],
  };
}

const cage = (random: SeededRandom): string => random.text(5 + random.below(2), CAGE_CHARACTERS);

/** Every scheme of TDS 1.13, table 14-1. */
export const SCHEMES: readonly EncodedScheme[] = [
  keyed('gdti-96', 0x2c, LOCATION, number(41)),
  reserving('gsrn-96', 0x2d),
  reserving('gsrnp-96', 0x2e),
  {
    name: 'usdod-96',
    header: 0x2f,
    filterBits: 4,
    encode: ([code = '', serial = '']) => Array.from(code.padStart(6, ' '), (each) => binary(each.charCodeAt(0), 8)).join('') + binary(serial, 36),
    values: (random) => [cage(random), random.numeral(36)],
  },
  keyed('sgtin-96', 0x30, ITEM, number(38)),
  reserving('sscc-96', 0x31),
  keyed('sgln-96', 0x32, LOCATION, number(41)),
  keyed('grai-96', 0x33, ASSET_TYPE, number(38)),
  keyed('giai-96', 0x34, ASSET_NUMBER),
  {
    name: 'gid-96',
    header: 0x35,
    filterBits: 0,
    encode: ([company = '', thing = '', serial = '']) => binary(company, 28) + binary(thing, 24) + binary(serial, 36),
    values: (random) => [random.numeral(28), random.numeral(24), random.numeral(36)],
  },
  keyed('sgtin-198', 0x36, ITEM, characters(20)),
  keyed('grai-170', 0x37, ASSET_TYPE, characters(16)),
  keyed('giai-202', 0x38, ASSET_TEXT),
  keyed('sgln-195', 0x39, LOCATION, characters(20)),
  keyed('gdti-113', 0x3a, LOCATION, digits(58, 17)),
  {
    name: 'adi-var',
    header: 0x3b,
    filterBits: 6,
    encode: ([code = '', part = '', serial = '']) => `${sixBits(code.padStart(6, ' '))}${sixBits(part)}000000${sixBits(serial)}000000`,
    values: (random) => [cage(random), random.text(random.below(33), PART_CHARACTERS.slice(1)), adiSerial(random)],
  },
  keyed('cpi-96', 0x3c, PART_NUMBER, number(31)),
  keyed('cpi-var', 0x3d, PART_TEXT, number(40, 12)),
  keyed('gdti-174', 0x3e, LOCATION, characters(17)),
  keyed('sgcn-96', 0x3f, LOCATION, digits(41, 12)),
  itip('itip-110', 0x40, number(38)),
  itip('itip-212', 0x41, characters(20)),
];

function adiSerial(random: SeededRandom): string {
  const hash = random.below(2) === 0 ? '#' : '';
  return hash + random.text(1 + random.below(30 - hash.length), PART_CHARACTERS.slice(1));
}

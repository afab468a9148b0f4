import type { SlaveQuestion } from './modbus-slave.ts';

/**
 * What a slave holds that no two questions find alike: every register and every bit depends on the unit, the table, the address and
 * the number of the question, so that a value of another place or another time shows. It shares no code with the gateway.
 */
export function heldWord(unit: number, table: number, address: number, number: number): number {
  let mixed = Math.imul(unit, 0x9e3779b1) ^ Math.imul(table, 0x27d4eb2f) ^ Math.imul(address + 1, 0x85ebca6b) ^ Math.imul(number, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  const word = (mixed ^ (mixed >>> 15)) & 0xffff;
  return TEXT_AT.includes(address) ? (LETTERS.charCodeAt(word & 0x0f) << 8) | LETTERS.charCodeAt((word >> 4) & 0x0f) : word;
}

/** The answer to a question from its function on; a question that spans the register that is not there is refused. */
export function heldAnswer({ address: unit, function: table, start, count }: SlaveQuestion, number: number): readonly number[] {
  if (start <= LACKING_AT && start + count > LACKING_AT) return [table | 0x80, 2];
  const words = Array.from({ length: count }, (_, at) => heldWord(unit, table, start + at, number));
  if (table > 2) return [table, 2 * count, ...words.flatMap((word) => [word >> 8, word & 0xff])];
  const bytes = Array.from({ length: Math.ceil(count / 8) }, () => 0);
  for (const [at, word] of words.entries()) bytes[at >> 3]! |= (word & 1) << (at & 7);
  return [table, bytes.length, ...bytes];
}

/** Registers that hold letters. */
export const TEXT_AT: readonly number[] = [120, 121, 122];
/** The register that no slave has. */
export const LACKING_AT = 131;
const LETTERS = 'ABCDEFGHIJKLMNOP';

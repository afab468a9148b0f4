import { CHARACTER_SET_82 } from '../checks.ts';

/** N digits, X character set 82, Y character set 39, Z base64url (GS1 General Specifications 7.11). */
export type CharacterSet = 'N' | 'X' | 'Y' | 'Z';

/** What a character set is called in a problem. */
export const CHARACTER_SET_NAMES: Readonly<Record<CharacterSet, string>> = {
  N: 'the digits',
  X: 'character set 82',
  Y: 'character set 39',
  Z: 'character set 64',
};

/** The index of the first character that is not in the set, -1 when all are. */
export function foreignCharacterAt(text: string, set: CharacterSet): number {
  const members = MEMBERS[set];
  const end = set === 'Z' ? text.replace(PADDING, '').length : text.length;
  for (let at = 0; at < end; at += 1) {
    if (members[text.charCodeAt(at)] !== 1) return at;
  }
  return -1;
}

/** How much padding a length calls for is left open: GS1's own check counts in threes, RFC 4648 section 5 in fours. */
const PADDING = /={1,2}$/;

const DIGITS = '0123456789';
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

const MEMBERS: Readonly<Record<CharacterSet, Uint8Array>> = {
  N: membersOf(DIGITS),
  X: membersOf(CHARACTER_SET_82),
  Y: membersOf(`#-/${DIGITS}${CAPITALS}`),
  Z: membersOf(`-_${DIGITS}${CAPITALS}${CAPITALS.toLowerCase()}`),
};

function membersOf(characters: string): Uint8Array {
  const members = new Uint8Array(0x80);
  for (let at = 0; at < characters.length; at += 1) members[characters.charCodeAt(at)] = 1;
  return members;
}

import { printable } from '../../core/printable.ts';
import type { ApplicationIdentifier, Part } from './ai-table.ts';
import { CHARACTER_SET_NAMES, foreignCharacterAt } from './character-sets.ts';
import type { Fault } from './fault.ts';

/** What is wrong with the value of an application identifier: its length, or the first fault of each of its parts. */
export function valueFaults(entry: ApplicationIdentifier, value: string): readonly Fault[] {
  const length = lengthFault(entry, value.length);
  if (length !== undefined) return [length];
  const faults: Fault[] = [];
  let at = 0;
  for (const part of entry.parts) {
    if (at === value.length) break; // only optional parts are left: the length is right
    const text = value.slice(at, at + part.charactersMax);
    const fault = partFault(part, text, at);
    if (fault !== undefined) faults.push({ ...fault, at: at + fault.at });
    at += text.length;
  }
  return faults;
}

function lengthFault({ charactersMin, charactersMax }: ApplicationIdentifier, length: number): Fault | undefined {
  if (length >= charactersMin && length <= charactersMax) return undefined;
  const expected = charactersMin === charactersMax ? `${charactersMax}` : `${charactersMin} to ${charactersMax}`;
  const hint = length > charactersMax ? '; a separator may be missing' : '';
  return { at: Math.min(length, charactersMax), words: length === 0 ? 'the value is missing' : `${counted(length)}, expected ${expected}${hint}` };
}

/** A fault's index is that in the part; `start`, where the part begins in the value, is for the words only. */
function partFault(part: Part, text: string, start: number): Fault | undefined {
  if (text.length < part.charactersMin) return { at: 0, words: `ends with a part of ${counted(text.length)}, expected ${part.charactersMin}` };
  const foreign = foreignCharacterAt(text, part.set);
  if (foreign >= 0) {
    const character = String.fromCodePoint(text.codePointAt(foreign) ?? 0);
    return { at: foreign, words: `character ${start + foreign + 1} “${printable(character)}” is not in ${CHARACTER_SET_NAMES[part.set]}` };
  }
  for (const check of part.checks) {
    const fault = check(text);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function counted(characters: number): string {
  return characters === 1 ? '1 character' : `${characters} characters`;
}

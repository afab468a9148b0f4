import { APPLICATION_IDENTIFIERS } from './application-identifiers.ts';
import type { CharacterSet } from './character-sets.ts';
import { CONTENT_CHECKS, type ContentCheck } from './content-checks.ts';

/** What the table says of one application identifier. */
export interface ApplicationIdentifier {
  readonly ai: string;
  readonly title: string;
  /** The value's length is predefined, so no separator ends it (GS1 General Specifications 7.8.5). */
  readonly predefined: boolean;
  /** May stand in the query of a Digital Link. */
  readonly linkAttribute: boolean;
  readonly parts: readonly Part[];
  readonly charactersMin: number;
  readonly charactersMax: number;
  /** At least one of these groups has to be on the item as well; empty when nothing is needed. */
  readonly needs: readonly (readonly string[])[];
  /** None of these may be on the item as well; n stands for any digit. */
  readonly excludes: readonly string[];
  /** The qualifiers of a Digital Link's primary key, in order; one list for each alternative. Absent when it is no primary key. */
  readonly qualifiers?: readonly (readonly string[])[];
}

/** One part of a value, with its own character set, length and checks. */
export interface Part {
  readonly set: CharacterSet;
  readonly charactersMin: number;
  readonly charactersMax: number;
  readonly optional: boolean;
  readonly checks: readonly ContentCheck[];
}

/** The application identifier of exactly these digits. */
export function applicationIdentifier(ai: string): ApplicationIdentifier | undefined {
  return BY_AI.get(ai);
}

/** The application identifier that the text has at this place. Its first two digits say how many it has, so there is no doubt. */
export function applicationIdentifierAt(text: string, at: number): ApplicationIdentifier | undefined {
  const length = LENGTH_BY_PREFIX.get(text.slice(at, at + 2));
  return length === undefined ? undefined : BY_AI.get(text.slice(at, at + length));
}

/** All application identifiers, in the table's order. */
export const ALL_APPLICATION_IDENTIFIERS: readonly ApplicationIdentifier[] = APPLICATION_IDENTIFIERS.trim().split('\n').flatMap(entriesOf);

const BY_AI: ReadonlyMap<string, ApplicationIdentifier> = new Map(ALL_APPLICATION_IDENTIFIERS.map((entry) => [entry.ai, entry]));

const LENGTH_BY_PREFIX: ReadonlyMap<string, number> = new Map(ALL_APPLICATION_IDENTIFIERS.map(({ ai }) => [ai.slice(0, 2), ai.length]));

function entriesOf(line: string): ApplicationIdentifier[] {
  const [range = '', flags = '', format = '', title = '', rules = ''] = line.split(/ {2,}/);
  const parts = format.split(' ').map(partOf);
  const shared = {
    title,
    predefined: flags.includes('f'),
    linkAttribute: flags.includes('a'),
    parts,
    charactersMin: sum(parts.map((part) => (part.optional ? 0 : part.charactersMin))),
    charactersMax: sum(parts.map((part) => part.charactersMax)),
    ...rulesOf(rules),
  };
  return identifiersOf(range).map((ai) => ({ ai, ...shared }));
}

function identifiersOf(range: string): string[] {
  const [first = '', last = first] = range.split('-');
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: count }, (_, index) => String(Number(first) + index).padStart(first.length, '0'));
}

function partOf(text: string): Part {
  const [, bracket, set, upTo, length, checks = ''] = /^(\[)?([NXYZ])(\.\.)?(\d+)\]?((?:,\w+)*)$/.exec(text) ?? [];
  if (set === undefined) throw new Error(`the table of application identifiers has a part “${text}”`);
  return {
    set: set as CharacterSet,
    charactersMin: upTo === undefined ? Number(length) : 1,
    charactersMax: Number(length),
    optional: bracket !== undefined,
    checks: checks.split(',').slice(1).map(checkNamed),
  };
}

function checkNamed(name: string): ContentCheck {
  const check = CONTENT_CHECKS[name];
  if (check === undefined) throw new Error(`the table of application identifiers names a check “${name}”`);
  return check;
}

function rulesOf(text: string): Pick<ApplicationIdentifier, 'needs' | 'excludes' | 'qualifiers'> {
  const rules = new Map(text.split(' ').map((rule) => [rule.split('=')[0] ?? '', rule.split('=')[1] ?? '']));
  const key = rules.get('key');
  return {
    needs: listed(rules.get('needs')).map((group) => group.split('+')),
    excludes: listed(rules.get('not')),
    ...(key !== undefined && { qualifiers: key.split('|').map(listed) }),
  };
}

function listed(text = ''): string[] {
  return text === '' ? [] : text.split(',');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

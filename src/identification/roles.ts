import { printable } from '../core/printable.ts';
import type { ScanContent } from '../core/reading.ts';
import type { CheckName, ScanRule } from '../core/scan-rule.ts';
import {
  type CheckMethod,
  code39CheckCharacter,
  endsWithCheck,
  gs1CheckDigit,
  iso7064Mod11Character,
  luhnDigit,
  weightedMod11To10,
  weightedMod11To7,
} from './checks.ts';

/** A scan with its role. */
export interface Ruled {
  readonly content: ScanContent;
  /** Stored all the same, but the person who scanned should look again: it is wrong by itself, or not in the list. */
  readonly isQuestioned: boolean;
}

/**
 * What the rules make of a scan. The first that fits gives the role; `unknown` when none does. A wrong check makes the code
 * invalid. A code that is in no list although there are lists for its role, or for a code that no rule fits, stays as good as it
 * is and is questioned.
 */
export function ruled(content: ScanContent, rules: readonly ScanRule[]): Ruled {
  const missing: ScanRule[] = [];
  for (const rule of rules) {
    if (!fits(content, rule)) continue;
    const listed = rule.list === undefined ? undefined : entryOf(content, rule.list.codes);
    if (rule.list !== undefined && listed === undefined) {
      missing.push(rule);
      continue;
    }
    const role = listed?.role ?? rule.role;
    const known = rule.list !== undefined || missing.every((other) => other.role !== role);
    return judged({ ...content, role }, wrongCheck(content, rule), known ? [] : missing);
  }
  return judged(content, undefined, missing);
}

function judged(content: ScanContent, wrong: string | undefined, missing: readonly ScanRule[]): Ruled {
  if (wrong === undefined && missing.length === 0) return { content, isQuestioned: content.valid === false };
  const lists = [...new Set(missing.map(({ list }) => printable(list?.name ?? '')))];
  const problems = [...(content.problems ?? []), ...(wrong === undefined ? [] : [wrong]), ...(lists.length === 0 ? [] : [`not in the list ${lists.join(', ')}`])];
  const { identity, ...rest } = content;
  return {
    content: {
      ...rest,
      ...(identity !== undefined && wrong === undefined && { identity }),
      ...(wrong !== undefined && { valid: false }),
      ...(problems.length > 0 && { problems }),
    },
    isQuestioned: content.valid === false || wrong !== undefined || lists.length > 0,
  };
}

function fits({ text, elements = {} }: ScanContent, { ai, prefix, pattern }: ScanRule): boolean {
  return (ai === undefined || Object.hasOwn(elements, ai)) && (prefix === undefined || text.startsWith(prefix)) && (pattern === undefined || pattern.matches(text));
}

/** A list may write a code as it is scanned, or as the key that barcode and tag have in common, with its identifier or without. */
function entryOf({ text, identity }: ScanContent, codes: ReadonlyMap<string, ScanContent['role'] | undefined>): { readonly role: ScanContent['role'] | undefined } | undefined {
  const names = identity === undefined ? [text] : [text, identity.value, ...(identity.ai === undefined ? [] : [`(${identity.ai})${identity.value}`])];
  const name = names.find((candidate) => codes.has(candidate));
  return name === undefined ? undefined : { role: codes.get(name) };
}

function wrongCheck({ text }: ScanContent, { check, prefix = '' }: ScanRule): string | undefined {
  return check === undefined || endsWithCheck(text.slice(prefix.length), METHODS[check]) ? undefined : `the check character at the end is wrong (${check})`;
}

const METHODS: Readonly<Record<CheckName, CheckMethod>> = {
  mod10: gs1CheckDigit,
  luhn: luhnDigit,
  mod11: weightedMod11To7,
  'mod11-isbn': weightedMod11To10,
  'mod11-2': iso7064Mod11Character,
  mod43: code39CheckCharacter,
};

import type { z } from '../driver-kit/options.ts';
import { nearest } from './nearest.ts';

/** What is expected in place of a wrong value, in words; given to every parse. A schema's own words go before these. */
export const inWords: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') return `expected ${NOUNS.get(issue.expected) ?? issue.expected}`;
  if (issue.code === 'invalid_value') return oneOf(issue.values, issue.input);
  if (issue.code === 'too_small') return bounded('at least', issue.origin, Number(issue.minimum));
  if (issue.code === 'too_big') return bounded('at most', issue.origin, Number(issue.maximum));
  return undefined;
};

/** `expected X`, or the choice with the nearest named. */
export function oneOf(values: readonly unknown[], found: unknown): string {
  const choices = [...new Set(values.map(String))];
  if (choices.length === 1) return `expected ${choices[0] ?? ''}`;
  const near = typeof found === 'string' ? nearest(found, choices) : undefined;
  return `expected one of ${choices.join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`;
}

const NOUNS: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['object', 'a map of keys and values'],
  ['record', 'a map of keys and values'],
  ['array', 'a list'],
]);

function bounded(word: string, origin: string, limit: number): string {
  if (origin === 'string') return limit === 1 ? 'expected text that is not empty' : `expected ${word} ${limit} characters`;
  return origin === 'array' ? `expected a list of ${word} ${limit}` : `expected ${word} ${limit}`;
}

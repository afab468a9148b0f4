import type { z } from '../driver-kit/options.ts';
import { printable } from '../core/printable.ts';
import { fieldAt } from './field-at.ts';
import { suggestion } from './nearest.ts';
import type { Path } from './plain-value.ts';
import type { Problem } from './problem.ts';
import { inWords, oneOf } from './words.ts';
import { valueAt, type YamlSource } from './yaml-source.ts';

/** What came of a value: the schema's output, unless there are problems. */
export interface Validated<Output> {
  readonly output?: Output | undefined;
  readonly problems: readonly Problem[];
}

/** The part of a file that is meant. */
export interface Part {
  readonly source: YamlSource;
  readonly path: Path;
}

/** Holds a value against a schema; `value` is the part's own unless given. */
export function validate<Schema extends z.ZodType>(schema: Schema, part: Part, value = valueAt(part.source.value, part.path)): Validated<z.output<Schema>> {
  const result = schema.safeParse(value, { error: inWords });
  if (result.success) return { output: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, schema, part)) };
}

/** The fields of a map that are right, and what is wrong with the others. */
export interface ValidatedFields<Schema extends z.ZodObject> {
  readonly output: Partial<z.output<Schema>>;
  /** The same, when nothing is wrong. */
  readonly complete?: z.output<Schema> | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Holds each field of a map against the schema by itself, so that a wrong value does not hide what is wrong with
 * others when they are compared. Keys that the schema does not know are left to the caller where `strict` is false.
 */
export function validateFields<Schema extends z.ZodObject>(schema: Schema, part: Part, strict = true): ValidatedFields<Schema> {
  const value = valueAt(part.source.value, part.path) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) return { output: {}, problems: validate(schema, part).problems };
  const output: Record<string, unknown> = {};
  const problems = strict ? unknownKeys(Object.keys(value), Object.keys(schema.shape), part) : [];
  for (const [name, field] of Object.entries(schema.shape)) {
    const checked = validate(field as z.ZodType, { ...part, path: [...part.path, name] });
    output[name] = checked.output;
    problems.push(...checked.problems);
  }
  return { output: output as Partial<z.output<Schema>>, complete: problems.length === 0 ? (output as z.output<Schema>) : undefined, problems };
}

/** A problem for every key that is not known, with what was probably meant. */
export function unknownKeys(keys: readonly string[], known: readonly string[], { source, path }: Part): Problem[] {
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => {
      const asFile = known.find((name) => name === `${key}File`);
      const what =
        asFile === undefined
          ? `unknown key${suggestion(key, known)}`
          : `this does not stand in the configuration itself; write it into a file of its own and name that file under "${asFile}"`;
      return source.problem([...path, key], what, 'key');
    });
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, { source, path }: Part): readonly Problem[] {
  const within = issue.path.map((name) => (typeof name === 'number' ? name : String(name)));
  const here = [...path, ...within];
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, fieldAt(schema, within).keys, { source, path: here });
  if (issue.code === 'invalid_key') return [source.problem(here, issue.issues[0]?.message ?? issue.message, 'key')];
  if (issue.code === 'invalid_union') return unionProblems(issue, schema, { source, path });
  const found = valueAt(source.value, here);
  if (found === undefined) return [source.problem(here, issue.code === 'custom' ? issue.message : missing(fieldAt(schema, within).description))];
  const message = issue.code === 'invalid_type' && issue.expected === 'string' ? inQuotes(issue.message, found, source.written(here)) : issue.message;
  const written = source.written(here);
  return [source.problem(here, written === undefined ? message : `found ${written}; ${message}`)];
}

/** Of several alternatives, only the one whose kind of value stands there is worth talking about, and of several maps the one whose keys these are. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, schema: z.ZodType, { source, path }: Part): readonly Problem[] {
  const wrongKind = (branch: readonly z.core.$ZodIssue[]): boolean => branch.some(({ code, path: at }) => at.length === 0 && (code === 'invalid_type' || code === 'invalid_value'));
  const otherKeys = (branch: readonly z.core.$ZodIssue[]): boolean => branch.some(({ code, path: at }) => at.length === 0 && code === 'unrecognized_keys');
  const ofItsKind = issue.errors.filter((branch) => !wrongKind(branch));
  const meant = ofItsKind.find((branch) => !otherKeys(branch)) ?? ofItsKind[0];
  if (meant !== undefined) return meant.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, schema, { source, path }));
  const here = [...path, ...issue.path.map((name) => (typeof name === 'number' ? name : String(name)))];
  const found = valueAt(source.value, here);
  const values = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []));
  const expected = values.length > 0 ? oneOf(values, found) : alternatives(issue.errors);
  if (found === undefined) return [source.problem(here, missing(fieldAt(schema, issue.path.map(String)).description))];
  const written = source.written(here);
  return [source.problem(here, written === undefined ? expected : `found ${written}; ${expected}`)];
}

function alternatives(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const kinds = branches.flatMap((branch) => branch.slice(0, 1).map(({ message }) => message.replace(/^expected /, '')));
  return `expected ${[...new Set(kinds)].join(' or ')}`;
}

function missing(description: string | undefined): string {
  return description === undefined ? 'missing' : `missing (${firstSentence(description)})`;
}

function firstSentence(text: string): string {
  return printable(text.split(/(?<=\w)\. /)[0] ?? text).replace(/\.$/, '');
}

/** YAML reads 0403 as a number and true as a truth value; where text is wanted, quotes say so. */
function inQuotes(message: string, found: unknown, written: string | undefined): string {
  const plain = typeof found === 'number' || typeof found === 'boolean';
  return plain && written !== undefined && message === 'expected text' ? `write it in quotes: "${written}"` : message;
}

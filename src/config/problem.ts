import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';

/** One thing that is wrong in a configuration file, and where it stands. */
export interface Problem {
  readonly file: string;
  /** Where in the file; the file as a whole when left out. */
  readonly place?: Place | undefined;
  /** The key, such as "devices.cab-scanner.terminator"; empty for the file as a whole. */
  readonly key: string;
  readonly what: string;
}

/** A stretch of one line. */
export interface Place {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** How many characters are meant; at least 1. */
  readonly length: number;
  /** The line as it stands in the file. */
  readonly text: string;
}

/** All problems as one error, in the order in which they stand in the files, the configuration file first. */
export function configurationError(file: string, problems: readonly Problem[]): ConfigurationError {
  const sorted = [...problems].sort((a, b) => inOrder(file, a, b));
  const shown = sorted.slice(0, PROBLEMS_SHOWN_MAX).map(spokenProblem);
  const hidden = sorted.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more`);
  const count = sorted.length === 1 ? '1 problem' : `${sorted.length} problems`;
  return new ConfigurationError({ where: printable(file, PATH_SHOWN_MAX), what: `${count}\n${shown.join('\n')}` });
}

/** The words for one problem, with the line it stands in when that can be shown: `FILE:LINE:COLUMN  KEY: WHAT`. */
function spokenProblem({ file, place, key, what }: Problem): string {
  const path = printable(file, PATH_SHOWN_MAX);
  const where = place === undefined ? path : `${path}:${place.line}:${place.column}`;
  const sentence = `${where}  ${key === '' ? '' : `${printable(key)}: `}${what}`;
  return place === undefined ? sentence : [sentence, ...excerpt(place)].join('\n');
}

/** Whether a key's name says that a secret could stand beside it, which no message may repeat. */
export function namesSecret(name: string): boolean {
  return SECRET_WORDS.test(name);
}

/** Whether a text is an address that could hold a password. */
export function holdsLogin(text: string): boolean {
  return URL_WITH_LOGIN.test(text);
}

const PROBLEMS_SHOWN_MAX = 50;
const PATH_SHOWN_MAX = 1000;
const EXCERPT_CHARACTERS_MAX = 120;
const SECRET_WORDS = /pass(?:word|wd|phrase|code)|secret|token|credential|private|\bkey\b/i;
const URL_WITH_LOGIN = /\/\/[^/\s]*@/;

/** Plain ASCII only: everything else can be wider or narrower than one column, and the caret would point elsewhere. */
function excerpt({ line, column, length, text }: Place): readonly string[] {
  const readable = /^[ -~]+$/.test(text) && text.length <= EXCERPT_CHARACTERS_MAX && !namesSecret(text) && !holdsLogin(text);
  if (!readable) return [];
  const margin = String(line).padStart(6);
  const carets = '^'.repeat(Math.max(1, Math.min(length, text.length - column + 1)));
  return [`${margin} | ${text}`, `${' '.repeat(margin.length)} | ${' '.repeat(column - 1)}${carets}`];
}

function inOrder(file: string, a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file === file ? -1 : b.file === file ? 1 : a.file < b.file ? -1 : 1;
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0);
}

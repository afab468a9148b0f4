import type { ErrorCode } from 'yaml';
import { printable } from '../core/printable.ts';

/** What a YAML error means to the person who wrote the file; the library's own words where they are as good. */
export function yamlWords(code: ErrorCode, message: string): string {
  return WORDS.get(code) ?? `not valid YAML: ${printable(message)}`;
}

const WORDS: ReadonlyMap<ErrorCode, string> = new Map([
  ['TAB_AS_INDENT', 'a tab in the indentation; indent with spaces'],
  ['BLOCK_AS_IMPLICIT_KEY', 'a value and another key on one line; begin a new line, or put text that holds ": " in quotes'],
  ['MULTILINE_IMPLICIT_KEY', 'this line is indented deeper than the one above, which has a value of its own'],
  ['BAD_INDENT', 'the indentation fits no line above, or a bracket above is not closed'],
  ['MULTIPLE_DOCS', 'a second document begins here; write one document without "---" between'],
  ['BAD_SCALAR_START', 'text that begins with this character must stand in quotes'],
  ['TAG_RESOLVE_FAILED', 'tags such as "!name" are not used here; leave it out'],
]);

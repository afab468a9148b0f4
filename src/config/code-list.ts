import { printable } from '../core/printable.ts';
import type { Role } from '../core/reading.ts';
import { RULE_ROLES } from '../core/scan-rule.ts';
import { decodeText } from './decode-text.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';

/**
 * Reads a list of codes in CSV (RFC 4180, with comma, semicolon or tab): a first line that names a column "code" says which
 * column holds the codes, and "role" which a role of their own; without such a line the first column holds codes, from the
 * first line on. Other columns are for people. Spaces around a value and empty lines count for nothing; a line is one code.
 */
export function readCodeList(file: string, bytes: Uint8Array): { readonly codes: ReadonlyMap<string, Role | undefined>; readonly problems: readonly Problem[] } {
  const decoded = decodeText(bytes);
  if ('what' in decoded) return { codes: new Map(), problems: [{ file, key: '', what: decoded.what }] };
  const lines = decoded.text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const separator = /[;,\t]/.exec(lines[0] ?? '')?.[0] ?? ',';
  const head = (lines[0] === undefined ? undefined : cellsOf(lines[0], separator))?.map((name) => name.toLowerCase());
  const column = head?.indexOf('code') ?? -1;
  const roleColumn = column < 0 ? -1 : (head?.indexOf('role') ?? -1);
  const codes = new Map<string, Role | undefined>();
  const problems: Problem[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || (index === 0 && column >= 0)) continue;
    const problem = (what: string): void => void problems.push({ file, place: { line: index + 1, column: 1, length: 1, text: line }, key: '', what });
    const cells = cellsOf(line, separator);
    const code = cells?.[Math.max(column, 0)] ?? '';
    const role = roleOf(cells?.[roleColumn] ?? '');
    if (cells === undefined) problem('a quotation mark that is not closed on its line; write one within a value twice');
    else if (code === '') problem('a line without a code');
    else if (codes.has(code)) problem(`"${printable(code)}" stands in the list twice`);
    else if (role === undefined) problem(unknownRole(cells[roleColumn] ?? ''));
    else codes.set(code, role === '' ? undefined : role);
    if (problems.length >= PROBLEMS_MAX) break;
  }
  return { codes, problems };
}

function roleOf(text: string): Role | '' | undefined {
  return text === '' ? '' : RULE_ROLES.find((role) => role === text);
}

function unknownRole(text: string): string {
  const near = nearest(text, RULE_ROLES);
  return `there is no role "${printable(text, 60)}"; ${near === undefined ? `there is ${RULE_ROLES.join(', ')}` : `did you mean "${near}"?`}`;
}

/** The values of a line of CSV; undefined when a quotation mark is not closed. */
export function cellsOf(line: string, separator: string): readonly string[] | undefined {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (isQuoted && character === '"' && line.charAt(at + 1) === '"') {
      cell += character;
      at += 1;
    } else if (character === '"') {
      isQuoted = !isQuoted;
    } else if (character === separator && !isQuoted) {
      cells.push(cell.trim());
      cell = '';
    } else {
      cell += character;
    }
  }
  return isQuoted ? undefined : [...cells, cell.trim()];
}

const PROBLEMS_MAX = 50;

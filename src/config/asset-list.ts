import { dirname, resolve } from 'node:path';
import { Decimal } from '../core/decimal.ts';
import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { cellsOf } from './code-list.ts';
import { decodeText } from './decode-text.ts';
import type { ListedMeter } from './meter-settings.ts';
import { suggestion } from './nearest.ts';
import type { Place, Problem } from './problem.ts';
import { readFileBounded } from './read-file.ts';
import type { YamlSource } from './yaml-source.ts';

/** Which asset each meter belongs to, by `meterKey`, with where that stands. */
export interface AssetList {
  readonly file: string;
  readonly meters: ReadonlyMap<string, ListedMeter & { readonly device: string; readonly name: string; readonly place: Place }>;
  readonly problems: readonly Problem[];
}

/** The key of a device's meter in the list. */
export function meterKey(device: string, meter: string): string {
  return `${device}/${meter}`;
}

/** Reads the list that `assets.list` names; its path is taken from the folder of the configuration file. */
export async function readAssetList(source: YamlSource, name: string | undefined): Promise<AssetList> {
  if (name === undefined) return { file: '', meters: new Map(), problems: [] };
  const file = resolve(dirname(resolve(source.file)), name);
  try {
    return parseAssetList(file, (await readFileBounded(file, LIST_BYTES_MAX)).bytes);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { file, meters: new Map(), problems: [source.problem(['assets', 'list'], error.message)] };
  }
}

/**
 * Reads the list in CSV (RFC 4180, with comma, semicolon or tab). The first line names the columns: `device`, `meter`, `asset`,
 * and as wanted `site`, `organization`, `name`, `min`, `max`. Other columns are an error, since one that is misspelt would book nothing.
 */
export function parseAssetList(file: string, bytes: Uint8Array): AssetList {
  const meters = new Map<string, ListedMeter & { device: string; name: string; place: Place }>();
  const problems: Problem[] = [];
  const decoded = decodeText(bytes);
  if ('what' in decoded) return { file, meters, problems: [{ file, key: '', what: decoded.what }] };
  const lines = decoded.text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const separator = /[;,\t]/.exec(lines[0] ?? '')?.[0] ?? ',';
  const head = (cellsOf(lines[0] ?? '', separator) ?? []).map((cell) => cell.toLowerCase());
  const problem = (index: number, what: string): void => void problems.push({ file, place: placeOf(lines, index), key: '', what });
  for (const what of headFaults(head)) problem(0, what);
  if (problems.length > 0) return { file, meters, problems };
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const row = rowOf(cellsOf(line, separator), head);
    const key = typeof row === 'string' ? '' : meterKey(row.device, row.name);
    if (typeof row === 'string') problem(index, row);
    else if (meters.has(key)) problem(index, `${key} stands in the list twice`);
    else meters.set(key, { ...row, place: placeOf(lines, index) });
    if (problems.length >= PROBLEMS_MAX) break;
  }
  return { file, meters, problems };
}

function headFaults(head: readonly string[]): readonly string[] {
  const unknown = head.filter((name) => !COLUMNS.includes(name)).map((name) => `there is no column "${printable(name, 60)}"${suggestion(name, COLUMNS)}`);
  const missing = NEEDED.filter((name) => !head.includes(name)).map((name) => `the first line names no column "${name}"; it needs ${NEEDED.join(', ')}`);
  const twice = head.filter((name, at) => head.indexOf(name) !== at).map((name) => `column "${printable(name, 60)}" stands twice`);
  return [...unknown, ...missing, ...twice];
}

function rowOf(cells: readonly string[] | undefined, head: readonly string[]): (ListedMeter & { device: string; name: string }) | string {
  if (cells === undefined) return 'a quotation mark that is not closed on its line; write one within a value twice';
  if (cells.length > head.length) return `${cells.length} values for ${head.length} columns; put a value that holds the separator in quotation marks`;
  const cell = (name: string): string | undefined => cells[head.indexOf(name)] || undefined;
  const [device, meter, number] = NEEDED.map(cell);
  if (device === undefined || meter === undefined || number === undefined) return `a line without ${NEEDED.find((name) => cell(name) === undefined) ?? ''}`;
  const [min, max] = [cell('min'), cell('max')].map((text) => (text === undefined ? undefined : (Decimal.parse(text) ?? text)));
  const wrong = [min, max].find((limit) => typeof limit === 'string');
  if (typeof min === 'string' || typeof max === 'string') return `"${printable(String(wrong), 60)}" is no decimal number; write it with a point, such as 0.5`;
  if (min !== undefined && max !== undefined && min.compare(max) > 0) return 'min is above max';
  const long = [number, cell('site'), cell('organization'), cell('name')].find((text) => (text?.length ?? 0) > NAME_CHARACTERS_MAX);
  if (long !== undefined) return `"${printable(long, 30)}" has more than ${NAME_CHARACTERS_MAX} characters`;
  return { device, name: meter, asset: { number, site: cell('site'), organization: cell('organization'), meter: cell('name') }, limits: { min, max } };
}

function placeOf(lines: readonly string[], index: number): Place {
  return { line: index + 1, column: 1, length: 1, text: lines[index] ?? '' };
}

const NEEDED = ['device', 'meter', 'asset'];
const COLUMNS: readonly string[] = [...NEEDED, 'site', 'organization', 'name', 'min', 'max'];
const NAME_CHARACTERS_MAX = 100;
const LIST_BYTES_MAX = 4 * 1024 * 1024;
const PROBLEMS_MAX = 50;

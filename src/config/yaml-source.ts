import { isMap, parseDocument } from 'yaml';
import { printable } from '../core/printable.ts';
import { decodeText } from './decode-text.ts';
import { type Path, plainValue, type Spot, spotKey } from './plain-value.ts';
import { Places, type Span } from './places.ts';
import { holdsLogin, namesSecret, type Problem } from './problem.ts';
import { beyondBounds } from './yaml-bounds.ts';
import { yamlWords } from './yaml-words.ts';

/** A YAML file that could be read: its content as plain data, and where everything stands. */
export class YamlSource {
  readonly file: string;
  readonly value: unknown;
  readonly #places: Places;
  readonly #spots: ReadonlyMap<string, Spot>;

  constructor(parts: { readonly file: string; readonly value: unknown; readonly places: Places; readonly spots: ReadonlyMap<string, Spot> }) {
    this.file = parts.file;
    this.value = parts.value;
    this.#places = parts.places;
    this.#spots = parts.spots;
  }

  /** A problem with a value or a key; one with a missing key stands where the map begins that lacks it. */
  problem(path: Path, what: string, part: 'key' | 'value' = 'value'): Problem {
    const spot = this.#spots.get(spotKey(path));
    const span = spot === undefined ? this.#above(path) : part === 'key' ? (spot.key ?? spot.value) : spot.value;
    return { file: this.file, place: span && this.#places.of(span), key: spoken(path), what };
  }

  /** What stands there, as it is written but safe to print; undefined where a secret could be. */
  written(path: Path): string | undefined {
    const value = valueAt(this.value, path);
    const name = String(path.at(-1) ?? '');
    const text = typeof value === 'string' ? value : (this.#spots.get(spotKey(path))?.written ?? String(value));
    if (namesSecret(name) || holdsLogin(text)) return undefined;
    if (value === null || value === undefined) return 'nothing';
    if (Array.isArray(value)) return 'a list';
    if (typeof value === 'object') return 'a map';
    return typeof value === 'string' ? `"${printable(value, VALUE_SHOWN_MAX)}"` : printable(text, VALUE_SHOWN_MAX);
  }

  #above(path: Path): Span | undefined {
    for (let length = path.length - 1; length > 0; length -= 1) {
      const spot = this.#spots.get(spotKey(path.slice(0, length)));
      if (spot !== undefined) return spot.key ?? spot.value;
    }
    return undefined;
  }
}

/** A file's content, or everything that keeps it from being read as YAML; with small faults both. */
export interface ParsedYaml {
  readonly source?: YamlSource | undefined;
  readonly problems: readonly Problem[];
}

/** Reads YAML 1.2 of one document. It never throws. */
export function parseYaml(file: string, bytes: Uint8Array): ParsedYaml {
  const decoded = decodeText(bytes);
  const places = new Places(decoded.text);
  const problem = (span: Span, what: string): Problem => ({ file, place: places.of(span), key: '', what });
  const torn = unfinished(decoded.text).map((span) => problem(span, UNFINISHED));
  if ('what' in decoded) return { problems: [problem([decoded.at, decoded.at + 1], decoded.what)] };
  const beyond = beyondBounds(decoded.text);
  if (beyond !== undefined) return { problems: [problem([beyond.at, beyond.at + 1], beyond.what)] };

  const document = parseDocument(decoded.text, { prettyErrors: false, uniqueKeys: false, resolveKnownTags: false, logLevel: 'error' });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) return { problems: [...onePerLine(faults.map(({ code, message, pos }) => problem(pos, yamlWords(code, message)))), ...torn] };
  if (document.contents === null) return { problems: [{ file, key: '', what: 'the file is empty' }] };
  if (!isMap(document.contents)) return { problems: [problem([0, 1], 'the file is no map of keys and values, such as "gateway: truck-17"')] };
  const { value, spots, problems } = plainValue(document, (span) => places.of(span).line);
  return {
    source: value === undefined ? undefined : new YamlSource({ file, value, places, spots }),
    problems: [...problems.map(({ path, span, what }) => ({ ...problem(span, what), key: spoken(path) })), ...torn],
  };
}

/** The value that a path leads to in plain data. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, name) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, name)) return undefined;
    return (inner as Record<string, unknown>)[name];
  }, value);
}

const VALUE_SHOWN_MAX = 60;

const UNFINISHED = 'the file ends within a line, so it may be half written; if it is whole, end its last line with a line break';

/**
 * A file that was cut off is often right YAML with a shorter number at its end: the address 11 becomes 1, another meter.
 * Only the line break tells.
 */
function unfinished(text: string): readonly Span[] {
  return text === '' || text.endsWith('\n') ? [] : [[text.length - 1, text.length]];
}

function spoken(path: Path): string {
  return path.reduce<string>((text, name) => (typeof name === 'number' ? `${text}[${name}]` : text === '' ? name : `${text}.${name}`), '');
}

/** One slip makes the parser complain several times about the same line; the first complaint is the useful one. */
function onePerLine(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<number | undefined>();
  return problems.filter(({ place }) => !seen.has(place?.line) && seen.add(place?.line));
}

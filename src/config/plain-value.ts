import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { Decimal } from '../core/decimal.ts';
import { printable } from '../core/printable.ts';
import type { Span } from './places.ts';
import { LEVELS_MAX } from './yaml-bounds.ts';

/** Keys and list positions from the top of a file down to a value. */
export type Path = readonly (string | number)[];

/** Where a value and its key stand, and how a scalar is written. */
export interface Spot {
  readonly key?: Span | undefined;
  readonly value: Span;
  readonly written?: string | undefined;
}

/** A document as plain data, with the place of everything. */
export interface PlainValue {
  /** Undefined when the document goes beyond a bound. */
  readonly value: unknown;
  /** By `spotKey`. */
  readonly spots: ReadonlyMap<string, Spot>;
  readonly problems: readonly { readonly path: Path; readonly span: Span; readonly what: string }[];
}

/** Turns a document into plain data in which every map has text keys that stand once, and aliases are followed. */
export function plainValue(document: Document, lineOf: (span: Span) => number): PlainValue {
  const walk = new Walk(lineOf);
  const value = walk.node(document.contents, { path: [], key: undefined, levels: 0, within: [0, 0] });
  return { value: walk.beyond ? undefined : value, spots: walk.spots, problems: walk.problems };
}

/** The name under which a path's spot is kept. */
export function spotKey(path: Path): string {
  return JSON.stringify(path.map(String));
}

interface Position {
  readonly path: Path;
  readonly key: Span | undefined;
  readonly levels: number;
  /** What to point at where a node has no place of its own. */
  readonly within: Span;
}

class Walk {
  readonly spots = new Map<string, Spot>();
  readonly problems: { path: Path; span: Span; what: string }[] = [];
  /** A bound was reached; the rest is not looked at. */
  beyond = false;
  readonly #lineOf: (span: Span) => number;
  readonly #anchors = new Map<string, unknown>();
  #values = 0;
  #aliasDepth = 0;

  constructor(lineOf: (span: Span) => number) {
    this.#lineOf = lineOf;
  }

  node(node: unknown, position: Position): unknown {
    const span = spanOf(node) ?? position.within;
    this.#values += 1;
    if (this.beyond) return undefined;
    if (this.#values > VALUES_MAX) return this.#beyond(position.path, span, `the file grows to more than ${VALUES_MAX} values; use fewer aliases ("*name")`);
    if (position.levels > LEVELS_MAX) return this.#beyond(position.path, span, `nested deeper than ${LEVELS_MAX} levels, perhaps by an alias ("*name") inside its own anchor`);
    if (isAlias(node)) return this.#alias(node, span, position);
    const written = isScalar(node) ? node.source : undefined;
    this.spots.set(spotKey(position.path), { key: position.key, value: span, written });
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    const lost = isScalar(node) ? lostDigits(node.value, written) : undefined;
    if (lost !== undefined) this.#problem(position.path, span, `has more digits than are kept of a number; write it in quotes: "${printable(lost)}"`);
    if (node.anchor !== undefined && this.#aliasDepth === 0) this.#anchors.set(node.anchor, node);
    return isMap(node) ? this.#map(node, position) : isSeq(node) ? this.#list(node, position) : node.value;
  }

  #alias(alias: Alias, span: Span, position: Position): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#problem(position.path, span, `"*${printable(alias.source)}" has no anchor "&${printable(alias.source)}" above it`);
      return undefined;
    }
    this.#aliasDepth += 1;
    const value = this.node(target, { ...position, levels: position.levels + 1 });
    this.#aliasDepth -= 1;
    return value;
  }

  #list(list: YAMLSeq, { path, levels, within }: Position): unknown[] {
    return list.items.map((item, at) => this.node(item, { path: [...path, at], key: undefined, levels: levels + 1, within }));
  }

  #map(map: YAMLMap, position: Position): Record<string, unknown> {
    const plain: Record<string, unknown> = {};
    const seen = new Map<string, Span>();
    for (const pair of map.items) {
      const key = this.#key(pair, position);
      if (key === undefined) continue;
      const path = [...position.path, key.name];
      const first = seen.get(key.name);
      if (first === undefined) {
        seen.set(key.name, key.span);
        plain[key.name] = this.node(pair.value, { path, key: key.span, levels: position.levels + 1, within: key.span });
      } else {
        this.#problem(path, key.span, `stands here a second time, first in line ${this.#lineOf(first)}; keep one`);
      }
    }
    return plain;
  }

  #key(pair: Pair, { path, within }: Position): { readonly name: string; readonly span: Span } | undefined {
    const span = spanOf(pair.key) ?? within;
    const name = isScalar(pair.key) ? (typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? '')) : undefined;
    if (name === '<<') this.#problem([...path, name], span, 'merging ("<<") is not supported; write the keys out');
    else if (name === '__proto__') this.#problem(path, span, 'a key cannot be named "__proto__"');
    else if (name === undefined || name === '') this.#problem(path, span, 'a key must be plain text, such as "name: value"');
    else return { name, span };
    return undefined;
  }

  #beyond(path: Path, span: Span, what: string): undefined {
    this.beyond = true;
    this.#problem(path, span, what);
  }

  #problem(path: Path, span: Span, what: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ path, span, what });
  }
}

/** What stands there where the number is not what is written, as a text that is read exactly. YAML's hexadecimal and octal numbers are whole. */
function lostDigits(value: unknown, written: string | undefined): string | undefined {
  if (typeof value !== 'number' || written === undefined) return undefined;
  const digits = /^0[xo][0-9A-Fa-f]{1,400}$/.test(written) ? BigInt(written).toString() : written;
  const [meant, kept] = [digits, String(value)].map((text) => Decimal.parse(text));
  return meant === undefined || kept?.compare(meant) === 0 ? undefined : digits;
}

/** A profile of 300 registers has about 3,000. */
const VALUES_MAX = 20_000;
const PROBLEMS_MAX = 100;

function spanOf(node: unknown): Span | undefined {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
  return range === null || range === undefined || range[1] <= range[0] ? undefined : [range[0], range[1]];
}

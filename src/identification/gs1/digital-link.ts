import { printable } from '../../core/printable.ts';
import { applicationIdentifier } from './ai-table.ts';
import type { Element } from '../element.ts';
import { ELEMENTS_MAX, type Gs1Content, type Gs1Problem } from './content.ts';
import { elementProblems } from './element-problems.ts';
import { valueFaults } from './value-faults.ts';

/**
 * Takes a GS1 Digital Link URI apart (GS1 Digital Link Standard: URI Syntax, sections 4 and 5): any domain and any stem, then
 * a primary key with its qualifiers in order, then attributes in the query; other query parameters and the fragment say
 * nothing. Identifiers are numbers; the words of early releases ("gtin") are not taken, since a shop's own addresses have them
 * too. A GTIN of 8, 12 or 13 digits, which early releases allowed, gets its zeros. Compressed links are not supported: they
 * have no key in the path and come back as a problem. It never throws.
 */
export function parseDigitalLink(text: string): Gs1Content {
  const link = linkParts(text);
  if (typeof link === 'string') return { elements: [], problems: [{ kind: 'content', words: link }] };
  const { attributes, problems } = attributesOf(link.query);
  const elements = [...link.path, ...attributes];
  return { elements, problems: [...orderProblems(link.path), ...problems, ...placeProblems(link.path, attributes), ...elementProblems(elements)] };
}

/**
 * Whether the text is a Digital Link and not just any address: its path ends in a primary key whose value has the key's
 * length and characters. A wrong check digit does not make it another address.
 */
export function isDigitalLink(text: string): boolean {
  const link = linkParts(text);
  const key = typeof link === 'string' ? undefined : link.path[0];
  const entry = key === undefined ? undefined : applicationIdentifier(key.ai);
  return key !== undefined && entry !== undefined && valueFaults(entry, key.value).every(({ checkOnly }) => checkOnly === true);
}

interface LinkParts {
  /** The primary key first, then what stands after it. */
  readonly path: readonly Element[];
  readonly query: string;
}

/** The parts of the link, or why it is none. */
function linkParts(text: string): LinkParts | string {
  const scheme = SCHEME.exec(text)?.[0];
  if (scheme === undefined) return 'not an address that begins with http:// or https://';
  const foreign = text.search(NOT_IN_URI);
  if (foreign >= 0) return `character ${foreign + 1} “${printable(text.charAt(foreign))}” may not stand in an address`;
  const [address = ''] = text.slice(scheme.length).split('#', 1);
  const slash = address.indexOf('/');
  if (slash < 0 || !DOMAIN.test(address.slice(0, slash))) return 'an address without a domain and a path';
  const mark = address.indexOf('?', slash);
  const path = pathElements(address.slice(slash + 1, mark < 0 ? undefined : mark).split('/'));
  if (path === undefined) return 'no GS1 key in the path; compressed links are not supported';
  return { path, query: mark < 0 ? '' : address.slice(mark + 1) };
}

/** Pairs of identifier and value from the end of the path back to a primary key. */
function pathElements(segments: readonly string[]): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = segments.length - 2; at >= 0; at -= 2) {
    const ai = segments[at] ?? '';
    const entry = applicationIdentifier(ai);
    if (entry === undefined) return undefined;
    elements.push(elementOf(ai, unescaped(segments[at + 1] ?? '')));
    if (entry.qualifiers !== undefined) return elements.toReversed();
  }
  return undefined;
}

function attributesOf(query: string): { readonly attributes: readonly Element[]; readonly problems: readonly Gs1Problem[] } {
  const attributes: Element[] = [];
  const problems: Gs1Problem[] = [];
  for (const parameter of query.split('&')) {
    const [, ai, value] = /^(\d+)=(.*)$/.exec(parameter) ?? [];
    if (ai === undefined || value === undefined) continue; // not GS1's
    if (attributes.length + problems.length >= ELEMENTS_MAX) {
      problems.push({ kind: 'content', words: `more than ${ELEMENTS_MAX} elements in the query` });
      break;
    }
    if (applicationIdentifier(ai) !== undefined) attributes.push(elementOf(ai, unescaped(value.replaceAll('+', ' '))));
    else problems.push({ kind: 'content', words: `the query has “${printable(ai, 8)}”, which is no application identifier` });
  }
  return { attributes, problems };
}

function orderProblems(path: readonly Element[]): readonly Gs1Problem[] {
  const [key, ...rest] = path.map(({ ai }) => ai);
  if (key === undefined || isKeySequence(key, rest)) return [];
  const allowed = (applicationIdentifier(key)?.qualifiers ?? []).map((list) => list.join(', ')).filter((list) => list !== '');
  const order = allowed.length === 0 ? 'nothing' : allowed.join(' or ');
  return [{ kind: 'content', ai: key, words: `AI ${key}: ${printable(rest.slice(0, 8).join(', '))} follows in the path, where ${order} may follow, in this order` }];
}

function placeProblems(path: readonly Element[], attributes: readonly Element[]): readonly Gs1Problem[] {
  const [key = '', ...rest] = path.map(({ ai }) => ai);
  const seen = new Set([key, ...rest]);
  const problems: Gs1Problem[] = [];
  for (const { ai } of attributes) {
    const words = placeFault(ai, key, rest, seen);
    if (words !== undefined) problems.push({ kind: 'content', ai, words: `AI ${ai}: ${words}` });
    seen.add(ai);
  }
  return problems;
}

function placeFault(ai: string, key: string, rest: readonly string[], seen: ReadonlySet<string>): string | undefined {
  if (seen.has(ai)) return 'stands in the link more than once';
  const belongsInPath = rest.some((_, at) => isKeySequence(key, rest.toSpliced(at, 0, ai))) || isKeySequence(key, [...rest, ai]);
  if (belongsInPath) return `belongs into the path behind AI ${key}, not into the query`;
  return applicationIdentifier(ai)?.linkAttribute === true ? undefined : 'may not stand in the query';
}

/** Whether the qualifiers are a selection of one of the key's alternatives, in its order. */
function isKeySequence(key: string, qualifiers: readonly string[]): boolean {
  return (applicationIdentifier(key)?.qualifiers ?? []).some((allowed) => {
    let from = 0;
    return qualifiers.every((qualifier) => {
      from = allowed.indexOf(qualifier, from) + 1;
      return from > 0;
    });
  });
}

function elementOf(ai: string, value: string): Element {
  return { ai, value: ai === '01' && /^(?:\d{8}|\d{12,13})$/.test(value) ? value.padStart(14, '0') : value };
}

/** Byte by byte, since no value of GS1 has other characters; a percent sign without two digits stays. */
function unescaped(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Not in mixed case. */
const SCHEME = /^(?:https?|HTTPS?):\/\//;

/** RFC 3986 section 2. */
const NOT_IN_URI = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/;

const DOMAIN = /^[A-Za-z0-9.\-:[\]]+$/;

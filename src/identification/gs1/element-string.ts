import { printable } from '../../core/printable.ts';
import { applicationIdentifierAt } from './ai-table.ts';
import type { Element } from '../element.ts';
import { ELEMENTS_MAX, type Gs1Content, type Gs1Problem, SEPARATOR } from './content.ts';
import { elementProblems } from './element-problems.ts';

/**
 * Takes an element string apart (GS1 General Specifications 7.8): identifiers one after another, each with a value that ends
 * at its predefined length, at a separator (0x1D) or at the end. Separators too many are passed over. What begins with no
 * known identifier is a problem and is passed over up to the next separator; it never throws.
 */
export function parseElementString(text: string): Gs1Content {
  const elements: Element[] = [];
  const unknown: Gs1Problem[] = [];
  let at = afterSeparators(text, 0);
  if (at === text.length) unknown.push({ kind: 'content', words: 'a GS1 code without content' });
  while (at < text.length) {
    if (elements.length + unknown.length >= ELEMENTS_MAX) {
      unknown.push({ kind: 'content', position: at + 1, words: `character ${at + 1}: more than ${ELEMENTS_MAX} elements` });
      break;
    }
    const next = separatorFrom(text, at);
    const element = elementAt(text, at, next);
    if (element === undefined) unknown.push(unknownAt(text, at, next));
    else elements.push(element);
    at = afterSeparators(text, element === undefined ? next : at + element.ai.length + element.value.length);
  }
  return { elements, problems: [...unknown, ...elementProblems(elements)] };
}

function elementAt(text: string, at: number, next: number): Element | undefined {
  const entry = applicationIdentifierAt(text, at);
  if (entry === undefined) return undefined;
  const start = at + entry.ai.length;
  const end = entry.predefined ? Math.min(start + entry.charactersMax, next) : next;
  return { ai: entry.ai, value: text.slice(start, end) };
}

function unknownAt(text: string, at: number, next: number): Gs1Problem {
  const rest = printable(text.slice(at, next), SHOWN_MAX);
  return { kind: 'content', position: at + 1, words: `character ${at + 1}: “${rest}” begins with no application identifier` };
}

function separatorFrom(text: string, at: number): number {
  const found = text.indexOf(SEPARATOR, at);
  return found < 0 ? text.length : found;
}

function afterSeparators(text: string, at: number): number {
  let next = at;
  while (text[next] === SEPARATOR) next += 1;
  return next;
}

const SHOWN_MAX = 24;

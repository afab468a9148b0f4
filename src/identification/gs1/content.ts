import type { Element } from '../element.ts';

/** Something wrong with GS1 content, in words for the person who can mend it. */
export interface Gs1Problem {
  /**
   * `content`: a value or the way the elements stand together is wrong, so that the elements may not be what was meant.
   * `pairing`: the elements are sound, but the standard wants others beside them or not beside them; another code on the
   * same item may hold what is missing (GS1 General Specifications 4.13).
   */
  readonly kind: 'content' | 'pairing';
  readonly ai?: string;
  /** The character concerned, counted from 1: in the value when `ai` is given, otherwise in the whole text. */
  readonly position?: number;
  /** A whole sentence with the identifier in it: "AI 01: the check digit is 4, expected 7". */
  readonly words: string;
}

/** What a code holds in GS1 terms, in its order. Elements with a problem stay among the elements. */
export interface Gs1Content {
  readonly elements: readonly Element[];
  readonly problems: readonly Gs1Problem[];
}

/** The function code 1 between elements, as scanners transmit it. */
export const SEPARATOR = '\x1d';

/** No code has that many; what goes on after them is a problem in itself. */
export const ELEMENTS_MAX = 64;

import type { Place } from './problem.ts';

/** Two offsets in a text; the second is one behind the last character. */
export type Span = readonly [from: number, to: number];

/** Finds lines and columns in a text. */
export class Places {
  readonly #text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  /** The place of a span, of which only the first line counts. */
  of([from, to]: Span): Place {
    const index = this.#lineOf(Math.min(from, this.#text.length));
    const start = this.#lineStarts[index] ?? 0;
    const end = (this.#lineStarts[index + 1] ?? this.#text.length + 1) - 1;
    const length = Math.max(1, Math.min(to, end) - from);
    return { line: index + 1, column: from - start + 1, length, text: this.#text.slice(start, end).replace(/\r$/, '') };
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

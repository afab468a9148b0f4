/**
 * Knows which codes one device read a moment ago, so that a bounce of the trigger or a scan that is sent again counts once.
 * The window runs from the time that was counted: a code that stays in view counts again when the window is over.
 */
export class Repeats<Outcome> {
  readonly #windowMs: number;
  /** In the order in which they were counted. */
  readonly #seen = new Map<string, { readonly atMs: number; readonly outcome: Outcome }>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The outcome of the same code inside the window, in monotonic milliseconds; undefined when this one counts. */
  before(code: string, nowMs: number): Outcome | undefined {
    const first = this.#seen.get(code);
    return first !== undefined && this.#isInside(first.atMs, nowMs) ? first.outcome : undefined;
  }

  /** Takes a code for the first of its window. */
  counted(code: string, atMs: number, outcome: Outcome): void {
    if (this.#windowMs === 0) return;
    this.#seen.delete(code);
    for (const [other, { atMs: otherMs }] of this.#seen) {
      if (this.#isInside(otherMs, atMs) && this.#seen.size < REMEMBERED_MAX) break;
      this.#seen.delete(other);
    }
    this.#seen.set(code, { atMs, outcome });
  }

  /** It was not stored after all: its next repeat counts. Another outcome that took its place stays. */
  forget(code: string, outcome: Outcome): void {
    if (this.#seen.get(code)?.outcome === outcome) this.#seen.delete(code);
  }

  /** How many codes are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  #isInside(atMs: number, nowMs: number): boolean {
    return nowMs - atMs < this.#windowMs;
  }
}

/** More codes than one scanner reads in any sensible window; of what is beyond that, a repeat of the oldest counts again. */
const REMEMBERED_MAX = 1024;

/** What is done about a radio that hears nothing at all, gentlest first. */
export const SILENCE_STEPS = ['restart-scan', 'restart-process', 'reset-adapter'] as const;
export type SilenceStep = (typeof SILENCE_STEPS)[number];

/**
 * Says when to do what about silence: one step each time nothing was heard for so long. When all were tried in vain the
 * silence may be real, so the next round waits twice as long, an hour at most.
 */
export class SilenceLadder {
  readonly #silenceMs: number;
  #waitMs: number;
  #sinceMs: number;
  #next = 0;

  constructor(parts: { readonly silenceMs: number; readonly nowMs: number }) {
    this.#silenceMs = parts.silenceMs;
    this.#waitMs = parts.silenceMs;
    this.#sinceMs = parts.nowMs;
  }

  /** Something was heard: all is well. */
  heard(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#next = 0;
    this.#waitMs = this.#silenceMs;
  }

  /** Nothing can be heard now, since nobody listens or the adapter is off: that is no silence. */
  deaf(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** The step that is due, once. */
  due(nowMs: number): SilenceStep | undefined {
    if (nowMs - this.#sinceMs < this.#waitMs) return undefined;
    const step = SILENCE_STEPS[this.#next];
    this.#sinceMs = nowMs;
    this.#next = (this.#next + 1) % SILENCE_STEPS.length;
    if (this.#next === 0) this.#waitMs = Math.min(this.#waitMs * 2, Math.max(WAIT_MOST_MS, this.#silenceMs));
    return step;
  }
}

const WAIT_MOST_MS = 3_600_000;

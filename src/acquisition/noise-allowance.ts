import type { Clock } from '../core/clock.ts';

/**
 * How much of what looks like noise one device may have stored: a code or two that only look like it are never lost, and a
 * wrong baud rate cannot fill the outbox. It outlives the link, since a bad contact opens and closes it.
 */
export class NoiseAllowance {
  readonly #clock: Clock;
  #takenMs: readonly number[] = [];

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Takes one frame from the allowance; false when none is left, and the frame is to be refused. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#takenMs = this.#takenMs.filter((takenMs) => nowMs - takenMs < WINDOW_MS);
    if (this.#takenMs.length >= STORED_MAX) return false;
    this.#takenMs = [...this.#takenMs, nowMs];
    return true;
  }
}

const STORED_MAX = 5;
const WINDOW_MS = 60_000;

import type { Clock } from '../core/clock.ts';

/**
 * A token bucket for the backlog: `perSecond` rows a second, with at most one second's worth saved up; without a number
 * there is no limit.
 */
export class DrainRate {
  readonly #perSecond: number | undefined;
  readonly #clock: Clock;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number | undefined, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#tokens = 1;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes one row's leave to go; false when it has to wait. */
  take(): boolean {
    if (this.#perSecond === undefined) return true;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** How long until the next row may go. */
  get waitMs(): number {
    return this.#perSecond === undefined ? 0 : Math.max(1, Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000));
  }
}

/**
 * Delays between tries with full jitter: each is a random share of a bound that doubles from `leastMs` to `mostMs`,
 * so that many gateways that failed together do not try again together.
 */
export class BackOff {
  readonly #leastMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  #boundMs: number;

  constructor(parts: { readonly leastMs: number; readonly mostMs: number; readonly random: () => number }) {
    this.#leastMs = parts.leastMs;
    this.#mostMs = parts.mostMs;
    this.#random = parts.random;
    this.#boundMs = parts.leastMs;
  }

  /** The next delay in milliseconds: between a tenth of the bound and the bound, which then doubles. */
  nextMs(): number {
    const delayMs = this.#boundMs * (0.1 + 0.9 * this.#random());
    this.#boundMs = Math.min(this.#boundMs * 2, this.#mostMs);
    return Math.round(delayMs);
  }

  /** The last try has lasted: start small again. */
  reset(): void {
    this.#boundMs = this.#leastMs;
  }
}

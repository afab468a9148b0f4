import type { Clock } from './clock.ts';

/**
 * Work that ends by a deadline of its own. Whoever does it enforces the deadline; this only remembers when it began, so
 * that the watchdog can tell that somebody's deadline did not work.
 */
export class Deadlines {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #work = new Set<Work>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Remembers work until it settles, and gives it back. */
  watch<Result>(what: string, withinMs: number, work: Promise<Result>): Promise<Result> {
    const begun = { what, withinMs, sinceMs: this.#clock.monotonicMs() };
    this.#work.add(begun);
    return work.finally(() => this.#work.delete(begun));
  }

  /** What has taken more than three times as long as it may, in words. */
  overdue(): string | undefined {
    const nowMs = this.#clock.monotonicMs();
    for (const { what, withinMs, sinceMs } of this.#work) {
      if (nowMs - sinceMs > OVERRUN * withinMs) return `${what} has taken ${Math.round((nowMs - sinceMs) / 1000)} s, and should within ${Math.round(withinMs / 1000)} s`;
    }
    return undefined;
  }
}

interface Work {
  readonly what: string;
  readonly withinMs: number;
  readonly sinceMs: number;
}

const OVERRUN = 3;

import type { Clock } from '../core/clock.ts';
import type { Usage } from './calls.ts';

/** How full the outbox is, and how long it lasts at today's rate. */
export interface CapacityReport extends Usage {
  /** Milliseconds until it is full at the rate of the last one to two hours; undefined while nothing is recorded. */
  readonly leftMs: number | undefined;
}

/** Keeps the rate of recording over the present and the last hour, and tells capacity in time. */
export class Capacity {
  readonly #clock: Clock;
  #usage: Usage = { usedBytes: 0, limitBytes: 0, waitingBytes: 0 };
  #before = { ms: 0, bytes: 0 };
  #sinceMs: number;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** So much was recorded just now, and so much room is taken. */
  recorded(bytes: number, usage: Usage): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sinceMs >= WINDOW_MS) {
      this.#before = { ms: nowMs - this.#sinceMs, bytes: this.#bytes };
      this.#sinceMs = nowMs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#usage = usage;
  }

  /** The present report. What is delivered already makes room when it is needed, and so counts as room. */
  report(): CapacityReport {
    const elapsedMs = this.#before.ms + this.#clock.monotonicMs() - this.#sinceMs;
    const bytes = this.#before.bytes + this.#bytes;
    const left = Math.max(0, this.#usage.limitBytes - this.#usage.waitingBytes);
    return { ...this.#usage, leftMs: bytes === 0 ? undefined : (left / bytes) * Math.max(elapsedMs, 1000) };
  }
}

const WINDOW_MS = 3_600_000;

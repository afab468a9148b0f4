import type { Clock } from '../core/clock.ts';

/** How full the outbox is, and how long it lasts at today's rate. */
export interface CapacityReport {
  readonly usedBytes: number;
  readonly sizeMaxBytes: number;
  /** Milliseconds until it is full at the rate of the last one to two hours; undefined while nothing is recorded. */
  readonly leftMs: number | undefined;
}

/** Keeps the rate of recording over the present and the last hour, and tells capacity in time. */
export class Capacity {
  readonly #clock: Clock;
  readonly #sizeMaxBytes: number;
  #usedBytes = 0;
  #before = { ms: 0, bytes: 0 };
  #sinceMs: number;
  #bytes = 0;

  constructor(parts: { readonly clock: Clock; readonly sizeMaxBytes: number }) {
    this.#clock = parts.clock;
    this.#sizeMaxBytes = parts.sizeMaxBytes;
    this.#sinceMs = parts.clock.monotonicMs();
  }

  /** So much was recorded just now, and so much of the file is in use. */
  recorded(bytes: number, usedBytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sinceMs >= WINDOW_MS) {
      this.#before = { ms: nowMs - this.#sinceMs, bytes: this.#bytes };
      this.#sinceMs = nowMs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#usedBytes = usedBytes;
  }

  /** The present report. */
  report(): CapacityReport {
    const elapsedMs = this.#before.ms + this.#clock.monotonicMs() - this.#sinceMs;
    const bytes = this.#before.bytes + this.#bytes;
    const left = Math.max(0, this.#sizeMaxBytes - this.#usedBytes);
    return {
      usedBytes: this.#usedBytes,
      sizeMaxBytes: this.#sizeMaxBytes,
      leftMs: bytes === 0 ? undefined : (left / bytes) * Math.max(elapsedMs, 1000),
    };
  }
}

const WINDOW_MS = 3_600_000;

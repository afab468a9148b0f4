import type { Clock } from '../core/clock.ts';
import { hexOf } from '../driver-kit/bytes.ts';

/**
 * Remembers from whom a late answer may still come. Two answers of one length from one address cannot be told apart on
 * the wire, so only time and caution can: after a failure an address is not asked again before the line has brought
 * nothing unasked for long enough, and its first answer then counts only where it cannot be that to another question.
 * It outlives the link, as a device does not know that the cable was out.
 */
export class LateAnswers {
  readonly #clock: Clock;
  readonly #owing = new Map<string, Owing>();
  #strayMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A question to the address got no answer. */
  unanswered(address: string, request: Uint8Array): void {
    const requests = this.#owing.get(address)?.requests ?? [];
    this.#owing.set(address, { sinceMs: this.#clock.monotonicMs(), requests: new Set([...requests, hexOf(request)]) });
  }

  /**
   * A question to the address got an answer; returns whether it can be no other question's. A device or a radio link
   * that wakes up brings all the answers that it owes, so those behind the first are waited for once more.
   */
  answered(address: string, request: Uint8Array): boolean {
    const owing = this.#owing.get(address);
    if (owing === undefined) return true;
    if (owing.requests.size === 0) this.#owing.delete(address);
    else this.#owing.set(address, { sinceMs: this.#clock.monotonicMs(), requests: new Set() });
    const asked = hexOf(request);
    return [...owing.requests].every((unanswered) => unanswered === asked);
  }

  /** Bytes came that nobody was waiting for. */
  stray(): void {
    this.#strayMs = this.#clock.monotonicMs();
  }

  /** How long to wait before the address may be asked again; 0 when it may be asked now. */
  waitMs(address: string, quietMs: number): number {
    const owing = this.#owing.get(address);
    if (owing === undefined) return 0;
    return Math.max(0, Math.max(owing.sinceMs, this.#strayMs) + quietMs - this.#clock.monotonicMs());
  }
}

/** Since when the answers to these questions are missing, in hexadecimal. */
interface Owing {
  readonly sinceMs: number;
  readonly requests: ReadonlySet<string>;
}

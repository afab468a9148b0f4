import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import type { DeviceStatus } from './device-status.ts';

/**
 * Keeps the words for a device whose bytes make no sense, or not quite. One bad frame is a remark beside *open*; several
 * without a good one between them are a failure, which is how a wrong baud rate looks.
 */
export class Legibility {
  readonly #parts: { readonly device: string; readonly status: DeviceStatus; readonly clock: Clock; readonly log: Log };
  #inARow = 0;
  #remarked = false;
  #heldBack = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(parts: { readonly device: string; readonly status: DeviceStatus; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  /** A link was opened; what was wrong on the one before has to show anew. */
  opened(): void {
    this.#inARow = 0;
    this.#remarked = false;
  }

  /** A frame could be read; `why` says what is set wrongly nevertheless, and the remedy. */
  good(link: string, why?: string): void {
    this.#inARow = 0;
    if (why === undefined) {
      if (this.#remarked) this.#parts.status.open(link);
      this.#remarked = false;
      return;
    }
    this.#parts.status.open(link, why);
    this.#say(why);
  }

  /** A frame is stored, though it hardly makes sense: a remark, and the end of no failure. */
  doubtful(link: string, why: string): void {
    if (this.#inARow < FAILING_AT) this.#parts.status.open(link, why);
    this.#say(why);
  }

  /** What came could not be read; `why` holds the remedy. */
  bad(link: string, why: string): void {
    this.#inARow += 1;
    if (this.#inARow === 1) this.#parts.status.open(link, why);
    if (this.#inARow === FAILING_AT) this.#parts.status.failing(why);
    this.#say(why);
  }

  /** So much could not be read that the device is of no use as it is. */
  hopeless(why: string): void {
    this.#inARow = FAILING_AT;
    this.#parts.status.failing(why);
    this.#say(why);
  }

  #say(why: string): void {
    const { device, clock, log } = this.#parts;
    this.#remarked = true;
    if (clock.monotonicMs() - this.#saidMs < SAY_EVERY_MS) {
      this.#heldBack += 1;
      return;
    }
    log.warn(`${device}: ${printable(why, WHY_CHARACTERS_MAX)}`, { device, heldBack: this.#heldBack });
    this.#heldBack = 0;
    this.#saidMs = clock.monotonicMs();
  }
}

const FAILING_AT = 3;
const SAY_EVERY_MS = 60_000;
const WHY_CHARACTERS_MAX = 500;

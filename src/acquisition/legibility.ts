import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import type { DeviceStatus } from './device-status.ts';

/**
 * Keeps the words for a device whose bytes make no sense. One bad frame is a remark beside *open*; several without a good
 * one between them are a failure, which is how a wrong baud rate looks.
 */
export class Legibility {
  readonly #parts: { readonly device: string; readonly status: DeviceStatus; readonly clock: Clock; readonly log: Log };
  #inARow = 0;
  #heldBack = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(parts: { readonly device: string; readonly status: DeviceStatus; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  /** A frame could be read. */
  good(link: string): void {
    if (this.#inARow > 0) this.#parts.status.open(link);
    this.#inARow = 0;
  }

  /** What came could not be read; `why` holds the remedy. */
  bad(link: string, why: string): void {
    const { device, status, clock, log } = this.#parts;
    const words = printable(why, WHY_CHARACTERS_MAX);
    this.#inARow += 1;
    if (this.#inARow === 1) status.open(link, words);
    if (this.#inARow === FAILING_AT) status.failing(words);
    if (clock.monotonicMs() - this.#saidMs < SAY_EVERY_MS) {
      this.#heldBack += 1;
      return;
    }
    log.warn(`${device}: ${words}`, { device, heldBack: this.#heldBack });
    this.#heldBack = 0;
    this.#saidMs = clock.monotonicMs();
  }
}

const FAILING_AT = 3;
const SAY_EVERY_MS = 60_000;
const WHY_CHARACTERS_MAX = 500;

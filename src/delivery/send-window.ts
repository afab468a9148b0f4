import { BackOff } from '../core/back-off.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import type { PublishError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/** What a window needs. */
export interface SendWindowParts {
  /** The most messages in flight. */
  readonly most: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The pause is over. */
  readonly resume: () => void;
}

/**
 * How many messages may be in flight. Back-pressure halves it and makes everything pause; it grows again by one for
 * each full window that the broker takes.
 */
export class SendWindow {
  readonly #parts: SendWindowParts;
  readonly #backOff: BackOff;
  #limit: number;
  #size: number;
  #accepted = 0;
  #paused: string | undefined;
  #cancel: Cancel = () => undefined;

  constructor(parts: SendWindowParts) {
    this.#parts = parts;
    this.#backOff = new BackOff({ leastMs: PAUSE_LEAST_MS, mostMs: PAUSE_MOST_MS, random: parts.random });
    this.#limit = parts.most;
    this.#size = parts.most;
  }

  /** The most messages in flight now. */
  get size(): number {
    return this.#size;
  }

  /** Why nothing may be sent now, in words. */
  get paused(): string | undefined {
    return this.#paused;
  }

  /** A new connection, to a broker that takes so many at once. */
  open(receiveMaximum: number): void {
    this.close();
    this.#limit = Math.max(1, Math.min(this.#parts.most, receiveMaximum));
    this.#size = this.#limit;
    this.#accepted = 0;
  }

  /** The connection is gone. */
  close(): void {
    this.#cancel();
    this.#paused = undefined;
  }

  /** The broker took a message. */
  accepted(): void {
    if (this.#paused === undefined) this.#backOff.reset();
    if (this.#size >= this.#limit) return;
    this.#accepted += 1;
    if (this.#accepted < this.#size) return;
    this.#accepted = 0;
    this.#size += 1;
  }

  /** The broker wants less. The refusals of one window count once. */
  backPressure(fault: PublishError): void {
    if (this.#paused !== undefined) return;
    this.#size = Math.max(1, Math.floor(this.#size / 2));
    this.#accepted = 0;
    this.#paused = fault.message;
    const retryMs = this.#backOff.nextMs();
    this.#parts.log.warn('the broker takes no readings now', { why: fault.message, retryMs, window: this.#size });
    this.#cancel = this.#parts.clock.after(retryMs, () => {
      this.#paused = undefined;
      this.#parts.resume();
    });
  }
}

const PAUSE_LEAST_MS = 1000;
const PAUSE_MOST_MS = 60_000;

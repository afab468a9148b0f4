import { type Clock, pause } from '../core/clock.ts';
import type { PollOutcome } from '../core/poll-outcome.ts';

/** Somebody's wish to have a device read now. */
export interface PollRequest {
  /** The one meter that is wanted; all when left out. */
  readonly meter?: string | undefined;
  /** To be told what became of it, once. */
  readonly done: (outcome: PollOutcome) => void;
}

/** The wishes to read one device out of turn, in their order. It is closed while the device has no link. */
export class PollRequests {
  readonly #waiting: PollRequest[] = [];
  #link: AbortSignal | undefined;
  #arrived = new AbortController();

  /** Resolves with what became of it; at once when nobody can take it. It never rejects. */
  ask(meter?: string): Promise<PollOutcome> {
    if (this.#link === undefined) return Promise.resolve(NO_LINK);
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve({ kind: 'refused', code: 'busy', message: `${WAITING_MAX} wishes to read this device wait already` });
    return new Promise((done) => {
      this.#waiting.push({ meter, done });
      this.#arrived.abort();
    });
  }

  /** Takes wishes until the signal is aborted, which refuses those that wait. */
  open(link: AbortSignal): void {
    if (link.aborted) return;
    this.#link = link;
    link.addEventListener('abort', () => void (this.#link === link && this.#close()), { once: true });
  }

  /** Takes the first one out; undefined when none waits. */
  next(): PollRequest | undefined {
    return this.#waiting.shift();
  }

  /** Resolves after the delay, when the signal is aborted, or as soon as a wish waits. */
  async pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length > 0) return;
    this.#arrived = new AbortController();
    const either = new AbortController();
    const wake = (): void => either.abort();
    signal.addEventListener('abort', wake, { once: true });
    this.#arrived.signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
    await pause(clock, delayMs, either.signal);
    signal.removeEventListener('abort', wake);
  }

  #close(): void {
    this.#link = undefined;
    for (const { done } of this.#waiting.splice(0)) done(NO_LINK);
  }
}

const NO_LINK: PollOutcome = { kind: 'refused', code: 'no_answer', message: 'its port is not open now; see why with: tailgate status' };
/** More than a person or a work management system wishes at once; each costs the line a poll. */
const WAITING_MAX = 16;

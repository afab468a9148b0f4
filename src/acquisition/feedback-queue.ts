import type { Clock } from '../core/clock.ts';
import { LinkError } from '../core/errors.ts';
import type { Stamp } from '../core/reading.ts';
import type { Feedback } from '../driver-kit/define-driver.ts';
import type { Link } from '../driver-kit/link.ts';
import type { Outcome } from './commits.ts';

/** What a FeedbackQueue is made of. */
export interface FeedbackParts {
  readonly clock: Clock;
  /** Told of each answer that could not be given. */
  readonly lost: () => void;
  readonly crash: (bug: unknown) => void;
}

/**
 * Tells the person at one link's device what became of each scan, in the order of the scans. Made anew for each link, so
 * that an answer never goes to a device that did not send the scan.
 */
export class FeedbackQueue {
  readonly #parts: FeedbackParts;
  readonly #link: Promise<Link>;
  #opened: (link: Link) => void = () => undefined; // replaced by the promise's own below
  #last = Promise.resolve();
  #waiting = 0;

  constructor(parts: FeedbackParts) {
    this.#parts = parts;
    this.#link = new Promise((resolve) => (this.#opened = resolve));
  }

  /** The link that answers go to from now on; scans can have come while it was being opened. */
  open(link: Link): void {
    this.#opened(link);
  }

  /** Sends what waits for no outcome, without waiting for the answers before: the device goes on only with it. */
  reply(bytes: Uint8Array): void {
    if (!this.#take()) return;
    void this.#link.then(async (link) => {
      await this.#send(bytes, link);
      this.#waiting -= 1;
    });
  }

  /**
   * Answers when the outcome is known and every answer before has gone out; `lastByte` is when the scan came. Without
   * `feedback` the device cannot be told.
   */
  add(outcome: Promise<Outcome>, lastByte: Stamp, feedback: Feedback | undefined): void {
    if (feedback === undefined || !this.#take()) return;
    this.#last = this.#last.then(async () => {
      const bytes = bytesFor(await outcome, feedback);
      this.#waiting -= 1;
      const link = await this.#link;
      if (this.#isTooLate(lastByte, feedback)) this.#parts.lost();
      else await this.#send(bytes, link);
    });
  }

  /** Resolves when everything that was added until now is answered. */
  get settled(): Promise<void> {
    return this.#last;
  }

  #take(): boolean {
    if (this.#waiting >= WAITING_MAX) {
      this.#parts.lost();
      return false;
    }
    this.#waiting += 1;
    return true;
  }

  /** The device has given up this scan, and would take the answer for one to the scan that is waiting by now. */
  #isTooLate({ monotonicMs }: Stamp, { answerWithinMs = Number.POSITIVE_INFINITY }: Feedback): boolean {
    return this.#parts.clock.monotonicMs() - monotonicMs > answerWithinMs;
  }

  async #send(bytes: Uint8Array, link: Link): Promise<void> {
    try {
      await link.write(bytes);
    } catch (error) {
      if (!(error instanceof LinkError)) this.#parts.crash(error);
      this.#parts.lost(); // the link is gone, and its own end tells why
    }
  }
}

function bytesFor(outcome: Outcome, { stored, questioned = stored, refused }: Feedback): Uint8Array {
  switch (outcome) {
    case 'stored':
      return stored;
    case 'questioned':
      return questioned;
    case 'refused':
      return refused;
  }
}

/** A person waits for one answer; more than this are of no use to anybody. */
const WAITING_MAX = 4096;

import type { Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { EventReading } from '../core/reading.ts';
import type { RecordReadings } from '../core/record.ts';

/** What an EventRecorder is made of. */
export interface EventRecorderParts {
  readonly record: RecordReadings;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Records the gateway's own events, which nobody repeats: one that cannot be stored now is kept and tried again, with
 * the time at which it happened. So many may wait; the oldest of more are dropped and counted in the log.
 */
export class EventRecorder {
  readonly #parts: EventRecorderParts;
  readonly #waiting: EventReading[] = [];
  #isBusy = false;
  #isEnded = false;
  #storing: Promise<void> = Promise.resolve();
  #dropped = 0;

  constructor(parts: EventRecorderParts) {
    this.#parts = parts;
  }

  /** Records an event, now or as soon as it can be stored. */
  record(event: EventReading): void {
    this.#waiting.push(event);
    if (this.#waiting.length > WAITING_MAX) this.#drop();
    if (!this.#isBusy) this.#storing = this.#store();
  }

  /** Tries once more, and says what is lost. Nothing may be recorded afterwards. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#storing;
    if (this.#waiting.length > 0) await this.#store();
    const events = this.#waiting.length + this.#dropped;
    if (events > 0) this.#parts.log.warn('events could not be stored before the stop, and are lost', { events });
  }

  async #store(): Promise<void> {
    const { record, clock, log } = this.#parts;
    this.#isBusy = true;
    const events = [...this.#waiting];
    try {
      await record(events);
      this.#waiting.splice(0, events.length);
      if (this.#dropped > 0) log.warn('events were lost while nothing could be stored', { events: this.#dropped });
      this.#dropped = 0;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
    this.#isBusy = false;
    if (this.#waiting.length === 0 || this.#isEnded) return;
    clock.after(AGAIN_AFTER_MS, () => {
      if (!this.#isBusy && !this.#isEnded) this.#storing = this.#store();
    });
  }

  #drop(): void {
    // Not from under a commit that is on its way: its events are the first.
    this.#waiting.splice(this.#isBusy ? this.#waiting.length - 1 : 0, 1);
    this.#dropped += 1;
  }
}

const WAITING_MAX = 200;
const AGAIN_AFTER_MS = 5000;

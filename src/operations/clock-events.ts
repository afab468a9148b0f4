import type { Cancel, Clock } from '../core/clock.ts';
import type { EventReading } from '../core/reading.ts';
import type { ClockChange } from './clock-status.ts';

/** What ClockEvents is made of. */
export interface ClockEventsParts {
  readonly clock: Clock;
  readonly record: (event: EventReading) => void;
  /** Whether readings with an unsynced time may have been published in this run, so that a receiver may put them right. */
  readonly publishedUnsynced: () => boolean;
}

/**
 * Turns what happens to the clock into `clock` events that are worth the receiver's attention: with the boot's id and
 * its monotonic time beside the wall time, it can put unsynced times right that went out already. At most one goes out
 * a minute; what happens meanwhile is folded into the next.
 */
export class ClockEvents {
  readonly #parts: ClockEventsParts;
  #folded: Folded | undefined;
  #quiet: Cancel | undefined;

  constructor(parts: ClockEventsParts) {
    this.#parts = parts;
  }

  /** The clock has changed. */
  changed(change: ClockChange): void {
    if (!this.#worthTelling(change) && this.#folded === undefined) return;
    const before = this.#folded;
    this.#folded = before === undefined ? { ...change, changes: 1 } : folded(before, change);
    if (this.#quiet === undefined) this.#tell();
  }

  /** Tells what was folded and not told yet; call it while events can still be recorded. */
  stop(): void {
    this.#quiet?.();
    this.#quiet = undefined;
    if (this.#folded !== undefined) this.#send(this.#folded);
    this.#folded = undefined;
  }

  #worthTelling({ reason, before, at, stepMs }: ClockChange): boolean {
    switch (reason) {
      case 'synchronised':
        return before === 'unsynced' || Math.abs(stepMs) > STEP_LEAST_MS;
      case 'stepped':
        return before !== 'unsynced' || at.clock !== 'unsynced' || this.#parts.publishedUnsynced();
      case 'lost': // holdover is said with each reading
        return at.clock === 'unsynced';
    }
  }

  #tell(): void {
    const folded = this.#folded;
    this.#folded = undefined;
    this.#quiet = undefined;
    if (folded === undefined) return;
    this.#quiet = this.#parts.clock.after(EVERY_MS, () => this.#tell());
    this.#send(folded);
  }

  #send({ at, before, reason, stepMs, changes }: Folded): void {
    const time = new Date(at.wallMs).toISOString();
    const content = { boot: at.bootId, monotonic: at.monotonicMs, time, state: at.clock, before, stepMs, reason, changes };
    this.#parts.record({ kind: 'clock', stamp: at, content });
  }
}

interface Folded extends ClockChange {
  readonly changes: number;
}

/** From the state before the first to the state after the last; a synchronisation among them is what counts most. */
function folded(earlier: Folded, later: ClockChange): Folded {
  const reason = earlier.reason === 'synchronised' && later.at.clock === 'synced' ? 'synchronised' : later.reason;
  return { ...later, reason, before: earlier.before, stepMs: earlier.stepMs + later.stepMs, changes: earlier.changes + 1 };
}

const STEP_LEAST_MS = 500;
const EVERY_MS = 60_000;

import type { Cancel, Clock } from '../core/clock.ts';
import { PublishError } from '../core/errors.ts';
import type { StoredRow } from '../outbox/row.ts';

/** A settled row that goes once more, beside the lanes: asked for by the receiver, or by a person out of quarantine. */
export interface Resend {
  readonly source: string;
  readonly row: StoredRow;
  /** Whether it may have to wait for the drain rate. */
  readonly old: boolean;
  /** Told once: undefined when the broker took it. */
  readonly settled: (fault: PublishError | undefined) => void;
  sentMs: number;
  refusals: number;
  /** How many connections ended while it was the first on its way. */
  losses: number;
}

/** Rows that go once more, when nothing else has to: in the order in which they were asked for. */
export class Resends {
  readonly #clock: Clock;
  readonly #resume: () => void;
  #rows: Resend[] = [];
  #cancelPause: Cancel | undefined;

  constructor(parts: { readonly clock: Clock; readonly resume: () => void }) {
    this.#clock = parts.clock;
    this.#resume = parts.resume;
  }

  /** Adds rows; the caller bounds how many. */
  add(rows: readonly Resend[]): void {
    this.#rows = [...this.#rows, ...rows];
    this.#resume();
  }

  /** The next one, without taking it. */
  get next(): Resend | undefined {
    return this.#cancelPause === undefined ? this.#rows[0] : undefined;
  }

  /** The next one is in flight. */
  take(): void {
    this.#rows.shift();
  }

  /** Rows without an outcome: they go again first. */
  back(rows: readonly Resend[]): void {
    this.#rows = [...rows, ...this.#rows];
  }

  /** The connection was lost with these on their way, oldest first. The first is given up when that happens again and again: it may be the cause. */
  lost(rows: readonly Resend[]): void {
    const [first] = rows;
    if (first === undefined) return;
    first.losses += 1;
    const isGivenUp = first.losses >= LOSSES_MAX;
    this.back(isGivenUp ? rows.slice(1) : rows);
    if (isGivenUp) first.settled(new PublishError({ where: 'broker', what: `the connection broke ${LOSSES_MAX} times while it was sent again`, fault: 'transient' }));
  }

  /** The broker refused the row for now. After some tries it is given up. */
  refused(resend: Resend, fault: PublishError): void {
    resend.refusals += 1;
    if (resend.refusals >= REFUSALS_MAX) {
      resend.settled(fault);
      return;
    }
    this.back([resend]);
    this.#cancelPause ??= this.#clock.after(PAUSE_MS, () => {
      this.#cancelPause = undefined;
      this.#resume();
    });
  }
}

const REFUSALS_MAX = 5;
const LOSSES_MAX = 8;
const PAUSE_MS = 30_000;

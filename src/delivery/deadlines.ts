import type { Cancel, Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Connection } from './connection.ts';
import type { Track } from './track.ts';

/** What deadlines are held against. */
export interface DeadlinesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly publishDeadlineMs: number;
  readonly acknowledgedBy: 'broker' | 'receiver';
  readonly overdueMs: number;
  /** What is in flight, oldest first. */
  readonly flying: ReadonlySet<{ readonly sentMs: number }>;
  readonly tracks: () => readonly Track[];
  /** Rows may have to go again. */
  readonly looked: () => void;
}

/** Looks every second whether the broker has fallen silent, and whether the receiver has forgotten rows. */
export class Deadlines {
  readonly #parts: DeadlinesParts;
  #cancel: Cancel | undefined;

  constructor(parts: DeadlinesParts) {
    this.#parts = parts;
  }

  /** Begins to look after a connection. */
  start(connection: Connection): void {
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      if (this.#silent(connection)) return;
      if (this.#parts.acknowledgedBy === 'receiver') for (const track of this.#parts.tracks()) this.#repeatOverdue(track);
      this.#parts.looked();
      this.start(connection);
    });
  }

  /** The connection is gone. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** For the watchdog, in words: something has waited three times as long as it may, and nobody has ended the connection. */
  overdue(): string | undefined {
    const { publishDeadlineMs } = this.#parts;
    const waitedMs = this.#cancel === undefined ? 0 : this.#waitedMs();
    return waitedMs > OVERRUN * publishDeadlineMs ? `a reading has waited ${Math.round(waitedMs / 1000)} s for its PUBACK, and should within ${Math.round(publishDeadlineMs / 1000)} s` : undefined;
  }

  /** Ends a connection on which something has waited too long for its PUBACK. */
  #silent(connection: Connection): boolean {
    const { log, publishDeadlineMs } = this.#parts;
    const waitedMs = this.#waitedMs();
    if (waitedMs <= publishDeadlineMs) return false;
    log.warn('the broker is silent: no PUBACK in time; connecting anew', { waitedMs: Math.round(waitedMs) });
    void connection.end('abruptly');
    return true;
  }

  #waitedMs(): number {
    const { clock, flying } = this.#parts;
    const [oldest] = flying;
    return oldest === undefined ? 0 : clock.monotonicMs() - oldest.sentMs;
  }

  #repeatOverdue(track: Track): void {
    const overdue = track.unconfirmedSince(this.#parts.clock.monotonicMs() - this.#parts.overdueMs);
    const [first] = overdue;
    if (first === undefined) return;
    this.#parts.log.warn('the receiver has not acknowledged readings for a long time; sending them again', { source: track.source, from: first.sequence, rows: overdue.length });
    for (const entry of overdue) track.failed(entry);
  }
}

const LOOK_EVERY_MS = 1000;
const OVERRUN = 3;

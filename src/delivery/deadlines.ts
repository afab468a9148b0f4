import { spokenDuration } from '../core/amount.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Message } from './connection.ts';
import type { Outlet } from './outlet.ts';
import { ACK_TOPIC } from './topics.ts';
import type { Track } from './track.ts';

/** What deadlines are held against. */
export interface DeadlinesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly root: string;
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
  /** State or a reply that waits for its PUBACK, and since when that was seen. */
  #post: { readonly message: Message; readonly sinceMs: number } | undefined;
  /** Since when the receiver has said nothing, once something went again because of it. */
  #unheardMs: number | undefined;

  constructor(parts: DeadlinesParts) {
    this.#parts = parts;
  }

  /** Begins to look after a connection. */
  start(outlet: Outlet): void {
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      this.#lookAtPost(outlet);
      if (this.#silent(outlet)) return;
      if (this.#parts.acknowledgedBy === 'receiver') for (const track of this.#parts.tracks()) this.#repeatOverdue(track);
      this.#parts.looked();
      this.start(outlet);
    });
  }

  /** The connection is gone. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#post = undefined;
  }

  /** The receiver has spoken. */
  heard(): void {
    this.#unheardMs = undefined;
  }

  /** What a person should know. */
  alarms(): readonly string[] {
    const { clock, root, tracks } = this.#parts;
    const rows = this.#unheardMs === undefined ? 0 : tracks().reduce((sum, track) => sum + track.handedOver(Number.POSITIVE_INFINITY).length, 0);
    if (this.#unheardMs === undefined || rows === 0) return [];
    return [`the receiver has acknowledged none of ${rows} readings for ${spokenDuration(clock.monotonicMs() - this.#unheardMs)}, and they go again and again: see whether it runs, and publishes to ${root}/${ACK_TOPIC}`];
  }

  /** For the watchdog, in words: something has waited three times as long as it may, and nobody has ended the connection. */
  overdue(): string | undefined {
    const { publishDeadlineMs } = this.#parts;
    const waitedMs = this.#cancel === undefined ? 0 : this.#waitedMs();
    return waitedMs > OVERRUN * publishDeadlineMs ? `a message has waited ${Math.round(waitedMs / 1000)} s for its PUBACK, and should within ${Math.round(publishDeadlineMs / 1000)} s` : undefined;
  }

  /** Ends a connection on which something has waited too long for its PUBACK. */
  #silent({ connection }: Outlet): boolean {
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
    const nowMs = clock.monotonicMs();
    return nowMs - Math.min(oldest?.sentMs ?? nowMs, this.#post?.sinceMs ?? nowMs);
  }

  /** One that stays away would hold up all state and replies, and the readings of a broker that takes one message at a time. */
  #lookAtPost({ posting }: Outlet): void {
    if (posting === this.#post?.message) return;
    this.#post = posting && { message: posting, sinceMs: this.#parts.clock.monotonicMs() };
  }

  #repeatOverdue(track: Track): void {
    const overdue = track.unconfirmedSince(this.#parts.clock.monotonicMs() - this.#parts.overdueMs);
    const [first] = overdue;
    if (first === undefined) return;
    this.#unheardMs ??= Math.min(...overdue.map(({ sentMs }) => sentMs));
    this.#parts.log.warn('the receiver has not acknowledged readings for a long time; sending them again', { source: track.source, from: first.sequence, rows: overdue.length });
    for (const entry of overdue) track.failed(entry);
  }
}

const LOOK_EVERY_MS = 1000;
const OVERRUN = 3;

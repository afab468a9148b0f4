import type { Cancel, Clock } from '../core/clock.ts';
import { DrainRate } from './drain-rate.ts';
import type { Entry } from './subject.ts';
import type { Track } from './track.ts';

/** What pacing the backlog needs. */
export interface BacklogParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** After a long outage the backlog starts after a random time up to this. */
  readonly spreadMs: number;
  /** The most rows of the backlog a second; no limit when undefined. */
  readonly perSecond: number | undefined;
  /** Rows that had to wait may go. */
  readonly resume: () => void;
}

/**
 * Keeps the backlog of meter readings from arriving all at once: what stood in the outbox when the broker was reached.
 * Scans and what comes later are not held up by it, but for the readings behind it in their own lane.
 */
export class Backlog {
  readonly #parts: BacklogParts;
  readonly #rate: DrainRate;
  readonly #upto = new WeakMap<Track, number>();
  /** Undefined before the first connection: the outage may have begun before this process. */
  #lostMs: number | undefined;
  readonly #startedMs: number;
  #fromMs = 0;
  #cancel: Cancel | undefined;

  constructor(parts: BacklogParts) {
    this.#parts = parts;
    this.#rate = new DrainRate(parts.perSecond, parts.clock);
    this.#startedMs = parts.clock.monotonicMs();
  }

  /** The broker is reached. */
  reached(tracks: readonly Track[]): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const spread = nowMs - (this.#lostMs ?? this.#startedMs) >= LONG_OUTAGE_MS || (this.#lostMs === undefined && this.#isOld(tracks));
    this.#lostMs = nowMs;
    this.#fromMs = spread ? nowMs + this.#parts.random() * this.#parts.spreadMs : nowMs;
    for (const track of tracks) this.added(track);
  }

  /** Whether readings have waited since long before this process began, say over a power cut that a whole fleet had. */
  #isOld(tracks: readonly Track[]): boolean {
    const { wallMs } = this.#parts.clock.stamp();
    return tracks.some(({ lane, waitingSinceMs }) => lane === 'meter' && waitingSinceMs !== undefined && wallMs - waitingSinceMs >= LONG_OUTAGE_MS);
  }

  /** What stands in a track now is backlog. */
  added(track: Track): void {
    this.#upto.set(track, track.last);
  }

  /** The broker is reached no longer. */
  lost(): void {
    this.#lostMs = this.#parts.clock.monotonicMs();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Whether the row may go now; it has to, if so. */
  lets({ track, sequence }: Entry): boolean {
    if (track.lane !== 'meter' || sequence > (this.#upto.get(track) ?? 0)) return true;
    return this.letsOld();
  }

  /** The same for a row that was sent before and is asked for again. */
  letsOld(): boolean {
    const waitMs = this.#fromMs - this.#parts.clock.monotonicMs();
    if (waitMs <= 0 && this.#rate.take()) return true;
    this.#cancel ??= this.#parts.clock.after(Math.max(waitMs, this.#rate.waitMs), () => {
      this.#cancel = undefined;
      this.#parts.resume();
    });
    return false;
  }
}

/** Shorter outages are one gateway's own, and not a fleet's. */
const LONG_OUTAGE_MS = 600_000;

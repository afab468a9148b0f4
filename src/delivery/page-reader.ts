import type { Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { StoredRow } from '../outbox/row.ts';
import type { Track } from './track.ts';

/** What reading ahead needs. */
export interface PageReaderParts {
  readonly outbox: Pick<Outbox, 'page'>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long rows wait for the clock to be set, counted while a broker is connected. */
  readonly clockWaitMs: number;
  /** There may be more to send. */
  readonly changed: () => void;
}

/**
 * Reads rows ahead of sending, but for those that can go as they come. Rows whose time may still be corrected are waited for,
 * but not for ever.
 */
export class PageReader {
  readonly #parts: PageReaderParts;
  readonly #reading = new Set<Track>();
  readonly #held = new Set<Track>();
  #connectedMs = 0;
  #sinceMs: number | undefined;

  constructor(parts: PageReaderParts) {
    this.#parts = parts;
  }

  /** A broker is connected, or is no longer. */
  set connected(connected: boolean) {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#sinceMs !== undefined) this.#connectedMs += nowMs - this.#sinceMs;
    this.#sinceMs = connected ? nowMs : undefined;
  }

  /** Whether a lane waits for the clock to be set. */
  get waitsForClock(): boolean {
    return this.#held.size > 0;
  }

  /** Forgets a track that is no more. */
  forget(track: Track): void {
    this.#reading.delete(track);
    this.#held.delete(track);
  }

  /** Takes rows that were just stored and follow what was read of a track, so that they need not be read: not while sending cannot keep up. */
  take(track: Track, rows: readonly StoredRow[]): void {
    if (track.queued >= PAGE_ROWS) return;
    let bytes = 0;
    const taken = rows.slice(0, PAGE_ROWS).filter(({ content }) => (bytes += content.length) <= PAGE_BYTES);
    if (taken.length > 0) track.read(rows.slice(0, taken.length), track.last, false);
  }

  /** Reads the next page of a track, if it needs one and none is on its way. */
  readAhead(track: Track): void {
    const after = track.unread;
    if (after === undefined || track.queued >= PAGE_ROWS || this.#reading.has(track)) return;
    const { stream, lane, last } = track;
    this.#reading.add(track);
    this.#parts.outbox
      .page({ stream, lane, after, rowsMax: PAGE_ROWS, sealing: this.#sealing })
      .then(({ rows, held }) => {
        if (!this.#reading.has(track)) return; // it was forgotten meanwhile
        track.read(rows, last, held);
        if (held) this.#held.add(track);
        else this.#held.delete(track);
        this.#again(track, held ? HELD_AGAIN_MS : 0);
      })
      .catch((error: unknown) => {
        if (!(error instanceof StorageError)) throw error;
        this.#parts.log.error('the outbox cannot be read', { why: error.message });
        this.#again(track, FAULT_AGAIN_MS);
      });
  }

  get #sealing(): 'wait' | 'now' {
    const now = this.#sinceMs === undefined ? 0 : this.#parts.clock.monotonicMs() - this.#sinceMs;
    return this.#connectedMs + now >= this.#parts.clockWaitMs ? 'now' : 'wait';
  }

  /** What was read can go at once; the next page is asked for after a while. */
  #again(track: Track, afterMs: number): void {
    const ready = (): void => {
      this.#reading.delete(track);
      this.#parts.changed();
    };
    if (afterMs === 0) {
      ready();
      return;
    }
    this.#parts.clock.after(afterMs, ready);
    this.#parts.changed();
  }
}

/** Rows that are read ahead of sending, per track, and the most that is taken of them at once. */
const PAGE_ROWS = 200;
const PAGE_BYTES = 512 * 1024;

const HELD_AGAIN_MS = 1000;
const FAULT_AGAIN_MS = 30_000;

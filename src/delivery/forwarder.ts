import type { Cancel, Clock } from '../core/clock.ts';
import { type PublishError, StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import { Ranges } from '../core/ranges.ts';
import { type Lane, LANES } from '../core/reading.ts';
import { BackOff } from '../core/back-off.ts';
import type { Arrival, Settlement, StreamReport } from '../outbox/calls.ts';
import type { Follower } from '../outbox/follower.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { CLOUDEVENTS_CONTENT_TYPE, cloudEvent } from './layouts/cloudevents.ts';
import type { Connection } from './mqtt-publisher.ts';
import { topicOf } from './topics.ts';
import { type Entry, Track } from './track.ts';
import type { Watermark } from './watermark.ts';

/** What a forwarder needs. */
export interface ForwarderParts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The topic under which everything goes, without a slash at its end. */
  readonly root: string;
  /** The most messages in flight; the broker's receive maximum can make it fewer. */
  readonly window: number;
  readonly publishDeadlineMs: number;
  readonly acknowledgedBy: 'broker' | 'receiver';
  readonly noSubscribers: 'keep' | 'accept';
  /** With `acknowledgedBy: receiver`: a row that the receiver has not confirmed for this long goes again. */
  readonly overdueMs: number;
}

/** What the forwarder did since the gateway's start, and what waits. */
export interface ForwarderReport {
  readonly waiting: Readonly<Record<Lane, number>>;
  readonly inFlight: number;
  readonly unconfirmed: number;
  readonly published: number;
  readonly settled: number;
  readonly refused: number;
  readonly quarantined: number;
  readonly lastAcknowledgedMs: number | undefined;
  /** Why nothing is sent although a broker is connected, in words. */
  readonly held: string | undefined;
  readonly tracks: readonly Track[];
}

/**
 * Moves rows from the outbox to the broker and settles them. It keeps its own window in flight, sends each lane of
 * each stream in order, lets scans overtake meter readings, and gives up nothing: whatever has no outcome goes again
 * with the same identity and the same bytes.
 */
export class Forwarder implements Follower {
  readonly #parts: ForwarderParts;
  readonly #tracks: Track[] = [];
  readonly #flying = new Set<Entry>();
  readonly #reading = new Set<Track>();
  readonly #overdue = new Set<Track>();
  readonly #backOff: BackOff;
  readonly #counts = { published: 0, settled: 0, refused: 0, quarantined: 0 };
  #connection: Connection | undefined;
  #window = 0;
  #acceptedAtWindow = 0;
  #held: string | undefined;
  #cancelHold: Cancel | undefined;
  #cancelWatch: Cancel | undefined;
  #lastAcknowledgedMs: number | undefined;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#backOff = new BackOff({ leastMs: HOLD_LEAST_MS, mostMs: HOLD_MOST_MS, random: parts.random });
    parts.outbox.follow(this);
  }

  /** See Follower. */
  opened({ number, source, last, lanes }: StreamReport): void {
    for (const lane of LANES) this.#tracks.push(new Track({ stream: number, source, lane, last, report: lanes[lane] }));
    this.#tracks.sort((a, b) => LANES.indexOf(a.lane) - LANES.indexOf(b.lane) || a.stream - b.stream);
    this.#pump();
  }

  /** See Follower. */
  withdrawn(): void {}

  /** See Follower. */
  arrived({ stream, lane, last, rows }: Arrival): void {
    this.#tracks.find((track) => track.stream === stream && track.lane === lane)?.grew(last, rows);
    this.#pump();
  }

  /** See Follower. */
  evicted(): void {}

  /** See Follower. */
  settlements(): readonly Settlement[] {
    return this.#tracks.map((track) => track.settlement());
  }

  /** Starts to send through a connection; what was in flight on the one before goes again. */
  attach(connection: Connection): void {
    this.detach();
    this.#connection = connection;
    this.#window = this.#windowOf(connection);
    this.#parts.outbox.connected = true;
    this.#watch();
    this.#pump();
  }

  /** The connection is gone: nothing is in flight any more. */
  detach(): void {
    this.#connection = undefined;
    this.#parts.outbox.connected = false;
    this.#cancelWatch?.();
    this.#cancelHold?.();
    this.#held = undefined;
    for (const entry of this.#flying) entry.track.again(entry);
    this.#flying.clear();
    this.#overdue.clear();
  }

  /**
   * Settles what the receiver has counted, as far as it was handed over: a watermark about anything else, or from
   * before, changes nothing.
   */
  acknowledge({ source, upto, missing, rejected }: Watermark): void {
    for (const track of this.#tracks) {
      if (track.source !== source) continue;
      for (const { sequence, code, message } of rejected) {
        for (const entry of track.handedOver(sequence, sequence)) this.#quarantine(entry, code, printable(message));
      }
      if (this.#parts.acknowledgedBy === 'broker') continue;
      const holes = new Ranges(missing);
      for (const entry of track.handedOver(0, upto)) {
        if (!holes.has(entry.sequence)) this.#settle(entry);
      }
    }
    this.#pump();
  }

  /** What was done and what waits. */
  report(): ForwarderReport {
    const waitingIn = (lane: Lane): number => this.#tracks.reduce((sum, track) => sum + (track.lane === lane ? track.waiting : 0), 0);
    return {
      ...this.#counts,
      waiting: { scan: waitingIn('scan'), meter: waitingIn('meter') },
      inFlight: this.#flying.size,
      unconfirmed: this.#unconfirmed(),
      lastAcknowledgedMs: this.#lastAcknowledgedMs,
      held: this.#held,
      tracks: this.#tracks,
    };
  }

  /** One place of the broker's receive maximum is for the state message, unless there is only one. */
  #windowOf({ receiveMaximum }: Connection): number {
    return Math.max(1, Math.min(this.#parts.window, receiveMaximum - 1));
  }

  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#held !== undefined) return;
    let free = Math.min(this.#window - this.#flying.size, UNCONFIRMED_MAX - this.#unconfirmed());
    for (const track of this.#tracks) {
      if (this.#overdue.has(track)) continue;
      for (let entry = free > 0 ? track.peek() : undefined; entry !== undefined; entry = free > 0 ? track.peek() : undefined) {
        this.#send(connection, entry);
        free -= 1;
        if (this.#held !== undefined) return;
      }
      this.#readAhead(track);
    }
  }

  #send(connection: Connection, entry: Entry): void {
    const { row } = entry;
    if (row === undefined) throw new TypeError('a queued row has lost its bytes');
    const topic = `${this.#parts.root}/${topicOf(row)}`;
    const payload = cloudEvent(entry.track.source, row);
    entry.track.fly(entry, this.#parts.clock.monotonicMs());
    const most = connection.packetBytesMax;
    const bytes = most === undefined ? 0 : Buffer.byteLength(payload) + topic.length + PACKET_OVERHEAD_BYTES;
    if (most !== undefined && bytes > most) {
      this.#quarantine(entry, 'too_large', `${bytes} bytes are more than the broker's ${most}`);
      return;
    }
    this.#flying.add(entry);
    this.#counts.published += 1;
    connection.publish({ topic, payload, contentType: CLOUDEVENTS_CONTENT_TYPE }, (fault) => {
      if (this.#connection !== connection) return;
      this.#flying.delete(entry);
      this.#outcome(entry, fault);
      this.#pump();
    });
  }

  #outcome(entry: Entry, fault: PublishError | undefined): void {
    const accepted = fault === undefined || (fault.fault === 'nobody-listens' && this.#parts.noSubscribers === 'accept');
    if (accepted) {
      this.#backOff.reset();
      this.#widen();
      this.#lastAcknowledgedMs = this.#parts.clock.monotonicMs();
      if (this.#parts.acknowledgedBy === 'broker') this.#settle(entry);
      else entry.track.sent(entry);
      return;
    }
    this.#counts.refused += 1;
    if (fault.fault === 'poison' || (fault.reasonCode === IMPLEMENTATION_SPECIFIC && entry.tries >= TRIES_MAX)) {
      this.#quarantine(entry, 'broker_refused', fault.message);
      return;
    }
    entry.track.again(entry);
    if (fault.fault === 'back-pressure' && this.#held === undefined) this.#window = Math.max(1, Math.floor(this.#window / 2));
    this.#hold(fault);
  }

  /** After back-pressure the window grows again by one for each full window that the broker takes. */
  #widen(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#window >= this.#windowOf(connection)) return;
    this.#acceptedAtWindow += 1;
    if (this.#acceptedAtWindow < this.#window) return;
    this.#acceptedAtWindow = 0;
    this.#window += 1;
  }

  #settle(entry: Entry): void {
    this.#flying.delete(entry);
    if (!entry.track.settle(entry)) return;
    this.#counts.settled += 1;
    this.#parts.outbox.settlementChanged();
  }

  #quarantine(entry: Entry, code: string, message: string): void {
    const { stream, lane } = entry.track;
    this.#flying.delete(entry);
    if (!entry.track.settle(entry)) return;
    this.#counts.quarantined += 1;
    this.#parts.outbox.quarantine({ stream, lane, sequence: entry.sequence, code, message });
    this.#parts.log.error('a reading was put into quarantine', { source: entry.track.source, sequence: entry.sequence, code, why: message });
  }

  #hold(fault: PublishError): void {
    if (this.#held !== undefined) return;
    const probing = fault.fault === 'nobody-listens' || fault.fault === 'not-authorised';
    const delayMs = probing ? PROBE_EVERY_MS : this.#backOff.nextMs();
    this.#held = fault.message;
    this.#parts.log.warn('the broker takes no readings now', { why: fault.message, retryMs: delayMs });
    this.#cancelHold = this.#parts.clock.after(delayMs, () => {
      this.#held = undefined;
      this.#pump();
    });
  }

  #readAhead(track: Track): void {
    const after = track.unread;
    if (after === undefined || track.queued >= PAGE_ROWS || this.#reading.has(track)) return;
    const { stream, lane, last } = track;
    this.#reading.add(track);
    this.#parts.outbox
      .page({ stream, lane, after, rowsMax: PAGE_ROWS, sealing: 'now' })
      .then(({ rows }) => {
        this.#reading.delete(track);
        if (track.unread === after) track.read(rows, last);
        this.#pump();
      })
      .catch((error: unknown) => {
        this.#reading.delete(track);
        if (!(error instanceof StorageError)) throw error;
        this.#parts.log.error('the outbox cannot be read', { why: error.message });
        this.#parts.clock.after(PROBE_EVERY_MS, () => this.#pump());
      });
  }

  /** Ends a connection on which something has waited too long for its PUBACK, and sends overdue rows again. */
  #watch(): void {
    this.#cancelWatch = this.#parts.clock.after(WATCH_EVERY_MS, () => {
      const connection = this.#connection;
      if (connection === undefined) return;
      const nowMs = this.#parts.clock.monotonicMs();
      const [oldest] = this.#flying;
      if (oldest !== undefined && nowMs - oldest.sentMs > this.#parts.publishDeadlineMs) {
        this.#parts.log.warn('the broker is silent: no PUBACK in time; connecting anew', { waitedMs: Math.round(nowMs - oldest.sentMs) });
        void connection.end('abruptly');
        return;
      }
      for (const track of this.#tracks) {
        const unconfirmed = track.oldestUnconfirmed;
        if (unconfirmed === undefined || nowMs - unconfirmed.sentMs < this.#parts.overdueMs) continue;
        this.#overdue.add(track); // nothing more of it is sent until nothing of it flies, so that its order is kept
        if (this.#flies(track)) continue;
        this.#overdue.delete(track);
        this.#parts.log.warn('the receiver has not acknowledged readings for a long time; sending them again', { source: track.source, from: unconfirmed.sequence });
        track.rewind();
      }
      this.#pump();
      this.#watch();
    });
  }

  #flies(track: Track): boolean {
    for (const entry of this.#flying) if (entry.track === track) return true;
    return false;
  }

  #unconfirmed(): number {
    return this.#tracks.reduce((sum, track) => sum + track.unconfirmed, 0);
  }
}

/** Rows that are read ahead of sending, per track. */
const PAGE_ROWS = 200;

/** With `acknowledgedBy: receiver`: how many rows the broker may have that the receiver has not confirmed. */
const UNCONFIRMED_MAX = 10_000;

const WATCH_EVERY_MS = 1000;
const HOLD_LEAST_MS = 1000;
const HOLD_MOST_MS = 60_000;
const PROBE_EVERY_MS = 30_000;

/** How often a message may be refused with 0x83 before it is put aside. */
const TRIES_MAX = 5;
const IMPLEMENTATION_SPECIFIC = 0x83;

/** Fixed header, topic length, packet id and properties: never less than what MQTT adds to topic and payload. */
const PACKET_OVERHEAD_BYTES = 64;

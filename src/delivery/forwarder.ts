import type { PublishError } from '../core/errors.ts';
import type { Arrival, Eviction, RowIdentity, Settlement, StreamReport } from '../outbox/calls.ts';
import type { Follower } from '../outbox/follower.ts';
import type { StoredRow } from '../outbox/row.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { Backlog } from './backlog.ts';
import type { Message } from './connection.ts';
import { Deadlines } from './deadlines.ts';
import type { ForwarderParts, ForwarderReport } from './forwarder-parts.ts';
import { Holds } from './holds.ts';
import { CLOUDEVENTS_CONTENT_TYPE, cloudEvent } from './layouts/cloudevents.ts';
import type { Outlet } from './outlet.ts';
import { PageReader } from './page-reader.ts';
import { Quarantine } from './quarantine.ts';
import { type Resend, Resends } from './resends.ts';
import { SendWindow } from './send-window.ts';
import type { Entry } from './subject.ts';
import { Suspects } from './suspects.ts';
import { topicOf } from './topics.ts';
import type { Track } from './track.ts';
import { Tracks } from './tracks.ts';
import type { Watermark } from './watermark.ts';

/**
 * Moves rows from the outbox to the broker and settles them. It keeps its own window in flight, sends each lane of
 * each stream in order, lets scans overtake meter readings, and gives up nothing: whatever has no outcome goes again
 * with the same identity and the same bytes.
 */
export class Forwarder implements Follower {
  /** Rows that were refused for good, and what a person wants done with them. */
  readonly quarantine: Quarantine;
  /** Rows that go once more. */
  readonly resends: Resends;
  readonly #parts: ForwarderParts;
  readonly #tracks = new Tracks();
  readonly #flying = new Set<Entry | Resend>();
  readonly #window: SendWindow;
  readonly #holds: Holds;
  readonly #suspects: Suspects;
  readonly #pages: PageReader;
  readonly #backlog: Backlog;
  readonly #acknowledgements: Acknowledgements;
  readonly #deadlines: Deadlines;
  readonly #counts = { published: 0, settled: 0, refused: 0 };
  #outlet: Outlet | undefined;
  #pumping = false;
  #lastAcknowledgedMs: number | undefined;

  constructor(parts: ForwarderParts) {
    const resume = (): void => this.#pump();
    this.#parts = parts;
    this.#window = new SendWindow({ ...parts, most: parts.window, resume });
    this.#holds = new Holds({ ...parts, release: (entries) => this.#release(entries) });
    this.#suspects = new Suspects({ ...parts, release: (entries) => this.#release(entries), putAside: (...row) => this.#putAside(...row) });
    this.#pages = new PageReader({ ...parts, changed: resume });
    this.#backlog = new Backlog({ ...parts, perSecond: parts.drainPerSecond, resume });
    this.resends = new Resends({ clock: parts.clock, resume });
    this.quarantine = new Quarantine({ ...parts, resends: this.resends });
    this.#acknowledgements = new Acknowledgements({ ...parts, quarantine: this.quarantine, settle: (entry) => this.#settle(entry), putAside: (...row) => this.#putAside(...row) });
    this.#deadlines = new Deadlines({ ...parts, flying: this.#flying, tracks: () => this.#tracks.list, looked: resume });
    parts.outbox.follow(this);
  }

  /** See Follower. */
  opened(stream: StreamReport): void {
    this.withdrawn(stream.number);
    for (const track of this.#tracks.opened(stream)) this.#backlog.added(track);
    this.#pump();
  }

  /** See Follower. */
  withdrawn(stream: number): void {
    for (const track of this.#tracks.withdrawn(stream)) {
      this.#pages.forget(track);
      for (const entry of track.withdraw()) this.#gone(entry);
    }
  }

  /** See Follower. */
  arrived(arrival: Arrival, rows?: readonly StoredRow[]): void {
    const track = this.#tracks.of(arrival);
    const follow = this.#outlet !== undefined && this.#tracks.isRead(arrival.lane); // what stands before them goes first
    track?.grew(arrival.last, arrival.rows);
    if (follow && track !== undefined && rows !== undefined) this.#pages.take(track, rows);
    this.#pump();
  }

  /** See Follower. */
  evicted(eviction: Eviction): void {
    for (const entry of this.#tracks.evicted(eviction)) this.#gone(entry);
    this.#parts.outbox.settlementChanged();
    this.#pump();
  }

  /** See Follower. */
  settlements(): readonly Settlement[] {
    return this.#tracks.settlements();
  }

  /** See Follower. */
  read(): readonly RowIdentity[] {
    return this.#tracks.read();
  }

  /** Starts to send through a connection; what was in flight on the one before goes again. */
  attach(outlet: Outlet): void {
    this.detach();
    this.#outlet = outlet;
    this.#window.open(outlet.connection.receiveMaximum);
    this.#backlog.reached(this.#tracks.list);
    this.#suspects.reached();
    this.#pages.connected = true;
    this.#parts.outbox.connected = true;
    this.#deadlines.start(outlet);
    this.#pump();
  }

  /** The connection is gone: nothing is in flight any more. */
  detach(): void {
    if (this.#outlet === undefined) return;
    this.#outlet = undefined;
    this.#parts.outbox.connected = false;
    this.#pages.connected = false;
    this.#backlog.lost();
    this.#deadlines.stop();
    this.#window.close();
    const flying = [...this.#flying];
    this.#flying.clear();
    this.resends.lost(flying.filter((flight) => 'settled' in flight));
    const entries = flying.filter((flight) => 'track' in flight);
    this.#suspects.lost(entries);
    for (const entry of entries) entry.track.failed(entry);
    this.#holds.end();
  }

  /** Settles and puts aside what the receiver says, as far as it was handed over. */
  acknowledge(watermark: Watermark): void {
    this.#holds.heard();
    if (this.#tracks.list.some(({ source }) => source === watermark.source)) this.#deadlines.heard();
    this.#acknowledgements.heard(watermark, this.#tracks.list);
    this.#pump();
  }

  /** What has overrun its own deadline threefold, in words. */
  overdue(): string | undefined {
    return this.#deadlines.overdue();
  }

  /** What was done and what waits. */
  report(): ForwarderReport {
    return {
      ...this.#counts,
      quarantined: this.quarantine.count,
      waiting: { scan: this.#tracks.waiting('scan'), meter: this.#tracks.waiting('meter') },
      inFlight: this.#flying.size,
      unconfirmed: this.#tracks.unconfirmed,
      lastAcknowledgedMs: this.#lastAcknowledgedMs,
      held: this.#window.paused ?? this.#holds.alarms()[0] ?? (this.#pages.waitsForClock ? WAITS_FOR_CLOCK : undefined),
      alarms: this.#alarms(),
      tracks: this.#tracks.list,
    };
  }

  #alarms(): readonly string[] {
    const { paused } = this.#window;
    const lane = this.#tracks.list.find((track) => track.blocked)?.lane;
    return [
      ...(paused === undefined ? [] : [`no delivery now, the broker is overloaded: ${paused}`]),
      ...this.#holds.alarms(),
      ...this.#suspects.alarms(),
      ...(lane === undefined ? [] : [`so many readings wait for a refused topic that nothing of the ${lane} lane is sent any more: have the topic allowed, or a receiver subscribe to it`]),
      ...this.#deadlines.alarms(),
      ...this.#acknowledgements.alarms(),
    ];
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (const track of this.#tracks.list) {
      const outlet = this.#outlet;
      if (outlet === undefined || this.#window.paused !== undefined) break;
      this.#sendFrom(track, outlet);
      this.#pages.readAhead(track);
    }
    this.#sendOnceMore();
    this.#pumping = false;
  }

  #sendFrom(track: Track, outlet: Outlet): void {
    for (let free = this.#free(outlet); free > 0; free -= 1) {
      const entry = track.next((candidate) => this.#suspects.parkingOf(candidate) ?? this.#holds.parkingOf(candidate));
      if (entry === undefined || !this.#backlog.lets(entry)) return;
      this.#send(entry, outlet);
    }
  }

  #sendOnceMore(): void {
    const outlet = this.#outlet;
    if (outlet === undefined || this.#window.paused !== undefined) return;
    for (let free = this.#free(outlet); free > 0; free -= 1) {
      const { next } = this.resends;
      if (next === undefined || (next.old && !this.#backlog.letsOld())) return;
      this.resends.take();
      this.#resend(next, outlet);
    }
  }

  /** How many rows may go out now. */
  #free({ room }: Outlet): number {
    const free = Math.min(this.#window.size, this.#suspects.window) - this.#flying.size;
    if (this.#parts.acknowledgedBy === 'broker') return Math.min(free, room);
    if (this.#tracks.unconfirmedBytes >= UNCONFIRMED_BYTES_MAX) return 0;
    return Math.min(free, room, UNCONFIRMED_MAX - this.#tracks.unconfirmed - this.#flying.size);
  }

  #message(source: string, row: StoredRow, topic: string): Message {
    return { topic: `${this.#parts.root}/${topic}`, payload: cloudEvent(source, row), contentType: CLOUDEVENTS_CONTENT_TYPE };
  }

  #send(entry: Entry, outlet: Outlet): void {
    const { track, row, subject } = entry;
    const message = this.#message(track.source, row, subject.topic);
    const refusal = outlet.refusal(message);
    if (refusal !== undefined) {
      this.#putAside(entry, 'unsendable', refusal.message);
      return;
    }
    track.fly(entry, this.#parts.clock.monotonicMs());
    this.#parts.outbox.settlementChanged(); // up to where rows were sent is written down with it
    this.#flying.add(entry);
    this.#counts.published += 1;
    outlet.publish(message, (fault) => {
      if (this.#outlet !== outlet) return;
      if (this.#flying.delete(entry)) this.#outcome(entry, this.#taken(fault) ? undefined : fault);
      this.#pump();
    });
  }

  #resend(resend: Resend, outlet: Outlet): void {
    const message = this.#message(resend.source, resend.row, topicOf(resend.row));
    const refusal = outlet.refusal(message);
    if (refusal !== undefined) return resend.settled(refusal);
    resend.sentMs = this.#parts.clock.monotonicMs();
    this.#flying.add(resend);
    this.#counts.published += 1;
    outlet.publish(message, (fault) => {
      if (this.#outlet !== outlet || !this.#flying.delete(resend)) return;
      if (fault === undefined || this.#taken(fault)) resend.settled(undefined);
      else if (fault.fault === 'poison') resend.settled(fault);
      else if (fault.fault === 'back-pressure') this.#pushedBack(resend, fault);
      else this.resends.refused(resend, fault);
      this.#pump();
    });
  }

  #pushedBack(resend: Resend, fault: PublishError): void {
    this.#window.backPressure(fault);
    this.resends.back([resend]);
  }

  #taken(fault: PublishError | undefined): boolean {
    return fault === undefined || (fault.fault === 'nobody-listens' && this.#parts.noSubscribers === 'accept');
  }

  #outcome(entry: Entry, fault: PublishError | undefined): void {
    this.#suspects.answered(entry);
    if (fault === undefined) {
      this.#accepted(entry);
      return;
    }
    this.#counts.refused += 1;
    if (fault.reasonCode === IMPLEMENTATION_SPECIFIC) entry.refusals += 1;
    if (fault.fault === 'poison' || entry.refusals >= REFUSALS_MAX) {
      this.#putAside(entry, 'broker_refused', fault.message);
      return;
    }
    entry.track.failed(entry);
    if (fault.fault === 'back-pressure') this.#window.backPressure(fault);
    else this.#holds.refused(entry, fault);
  }

  #accepted(entry: Entry): void {
    this.#window.accepted();
    this.#lastAcknowledgedMs = this.#parts.clock.monotonicMs();
    entry.track.accepted(entry);
    this.#holds.accepted(entry);
    if (this.#parts.acknowledgedBy === 'receiver') return;
    for (let first = entry.subject.completed(); first !== undefined; first = entry.subject.completed()) this.#settle(first);
  }

  #settle(entry: Entry): void {
    const isNews = entry.track.settle(entry);
    this.#gone(entry);
    if (!isNews) return;
    this.#counts.settled += 1;
    this.#parts.outbox.settlementChanged();
  }

  /** What stood behind it and has been taken by the broker is done now. */
  #putAside(entry: Entry, code: string, message: string): void {
    const { track, row, subject } = entry;
    const isNews = track.settle(entry);
    this.#gone(entry);
    if (!isNews) return;
    this.#holds.gone(entry);
    this.quarantine.put({ stream: track.stream, lane: track.lane, source: track.source, row }, code, message);
    if (this.#parts.acknowledgedBy === 'receiver') return;
    for (let first = subject.completed(); first !== undefined; first = subject.completed()) this.#settle(first);
  }

  /** The row is done: nothing waits for its answer or its next try any more. */
  #gone(entry: Entry): void {
    this.#flying.delete(entry);
    this.#suspects.gone(entry);
  }

  #release(entries: readonly Entry[]): void {
    for (const track of new Set(entries.map((entry) => entry.track))) track.requeue(entries.filter((entry) => entry.track === track));
    this.#pump();
  }
}

const WAITS_FOR_CLOCK = 'readings wait for the clock of this machine to be set, so that their time can be put right before they are sent; see mqtt.clockWait';

/** With `acknowledgedBy: receiver`: how much the broker may have that the receiver has not confirmed. */
const UNCONFIRMED_MAX = 10_000;
const UNCONFIRMED_BYTES_MAX = 16 * 1024 * 1024;

/** How often a message may be refused with 0x83 before it is put aside. */
const REFUSALS_MAX = 5;
const IMPLEMENTATION_SPECIFIC = 0x83;

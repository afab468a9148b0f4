import { BackOff } from '../core/back-off.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import type { PublishError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { spokenDuration } from '../core/amount.ts';
import type { Entry, Subject } from './subject.ts';
import type { Parking } from './track.ts';

/** What holds need. */
export interface HoldsParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly root: string;
  /** Rows may go again. */
  readonly release: (entries: readonly Entry[]) => void;
}

/**
 * What the broker does not take now while it takes the rest: a topic that is forbidden or that nobody listens to, a
 * subject of which it refused a row. Its rows wait aside; one at a time is tried, and when that one is taken all go.
 */
export class Holds {
  readonly #parts: HoldsParts;
  readonly #held = new Map<string | Subject, Hold>();

  constructor(parts: HoldsParts) {
    this.#parts = parts;
  }

  /** Where the row has to wait; undefined when it may go. */
  parkingOf(entry: Entry): Parking | undefined {
    if (this.#held.size === 0) return undefined;
    const holds = [this.#held.get(entry.subject.topic), this.#held.get(entry.subject)];
    return holds.find((hold) => hold?.lets(entry) === false);
  }

  /** The broker refused the row for now. */
  refused(entry: Entry, fault: PublishError): void {
    const key = fault.fault === 'transient' ? entry.subject : entry.subject.topic;
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.refused(entry, fault);
      return;
    }
    const hold = new Hold(this.#parts, entry, fault);
    this.#held.set(key, hold);
    this.#parts.log.warn('the broker takes no readings of one topic now', { topic: `${this.#parts.root}/${hold.topic}`, why: fault.message });
  }

  /** The broker took the row: if it was tried for others, they may go as well. */
  accepted(entry: Entry): void {
    if (this.#held.size === 0) return;
    for (const key of [entry.subject.topic, entry.subject]) {
      const hold = this.#held.get(key);
      if (hold?.probe !== entry) continue;
      this.#held.delete(key);
      this.#parts.log.info('the broker takes the readings of a topic again', { topic: `${this.#parts.root}/${hold.topic}` });
      this.#parts.release(hold.end());
    }
  }

  /** The row will never go: if it was tried for others, the next of them is. */
  gone(entry: Entry): void {
    for (const hold of this.#held.values()) if (hold.probe === entry) hold.tryOne();
  }

  /** The receiver has spoken: it is there, so its topics are tried at once. */
  heard(): void {
    for (const hold of this.#held.values()) hold.heard();
  }

  /** Everything may be tried anew, on another connection. */
  end(): void {
    const holds = [...this.#held.values()];
    this.#held.clear();
    for (const hold of holds) this.#parts.release(hold.end());
  }

  /** Each hold in words, with what to do. */
  alarms(): readonly string[] {
    const alarms = [...this.#held.values()].filter(({ waiting }) => waiting > 0).map((hold) => hold.alarm());
    const more = alarms.length - ALARMS_MAX;
    return more > 0 ? [...alarms.slice(0, ALARMS_MAX), `the broker refuses ${more} more topics`] : alarms;
  }
}

/** One topic or subject that waits. */
class Hold implements Parking {
  readonly topic: string;
  readonly #parts: HoldsParts;
  readonly #backOff: BackOff;
  readonly #sinceMs: number;
  #fault: PublishError;
  readonly #subjects = new Set<Subject>();
  /** The row that is tried for all, or has been refused last. */
  #probe: Entry | undefined;
  #letsOne = false;
  #triedMs: number;
  #probes = 0;
  #cancel: Cancel = () => undefined;

  constructor(parts: HoldsParts, first: Entry, fault: PublishError) {
    this.topic = first.subject.topic;
    this.#parts = parts;
    this.#fault = fault;
    this.#sinceMs = parts.clock.monotonicMs();
    this.#triedMs = this.#sinceMs;
    this.#backOff = new BackOff({ leastMs: RETRY_LEAST_MS, mostMs: RETRY_MOST_MS, random: parts.random });
    this.#arm();
  }

  get probe(): Entry | undefined {
    return this.#probe;
  }

  /** Whether the row may go: the one that is tried, or the first that asks when one may be. */
  lets(entry: Entry): boolean {
    if (entry === this.#probe) return true;
    if (!this.#letsOne) return false;
    this.#letsOne = false;
    this.#probe = entry;
    return true;
  }

  keep(subject: Subject): void {
    this.#subjects.add(subject);
  }

  /** A row of it was refused; those that were sent along with the first say nothing new. */
  refused(entry: Entry, fault: PublishError): void {
    if (entry !== this.#probe) return;
    this.#fault = fault;
    this.#probe = undefined;
    this.#arm();
  }

  /** Lets the lowest of its rows go, or the next that comes. */
  tryOne(): void {
    if (this.#probe?.phase === 'flying') return;
    this.#probe = undefined;
    this.#triedMs = this.#parts.clock.monotonicMs();
    this.#letsOne = true;
    const waiting = [...this.#subjects].filter(({ firstParked }) => firstParked !== undefined);
    const [first] = waiting.sort((a, b) => (a.firstParked?.sequence ?? 0) - (b.firstParked?.sequence ?? 0));
    this.#parts.release(first?.unpark(1) ?? []);
  }

  /** The receiver is there, though perhaps not for this topic. */
  heard(): void {
    if (this.#fault.fault === 'nobody-listens' && this.#parts.clock.monotonicMs() - this.#triedMs >= PROBE_FIRST_MS) this.tryOne();
  }

  /** It is over. Returns what waited. */
  end(): readonly Entry[] {
    this.#cancel();
    return [...this.#subjects].flatMap((subject) => subject.unpark());
  }

  /** Rows that wait for it, the one that is tried among them: none once the receiver has them, or the outbox gave them up. */
  get waiting(): number {
    const tried = this.#probe === undefined || this.#probe.phase === 'done' ? 0 : 1;
    return [...this.#subjects].reduce((sum, subject) => sum + (subject.firstParked === undefined ? 0 : subject.parked), tried);
  }

  alarm(): string {
    const since = spokenDuration(this.#parts.clock.monotonicMs() - this.#sinceMs);
    return `${this.#parts.root}/${this.topic} is not delivered for ${since}, ${this.waiting} readings wait for it: ${this.#fault.message}`;
  }

  #arm(): void {
    this.#tryAfter(this.#delayMs());
  }

  #tryAfter(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#tryAfter(PROBE_EVERY_MS); // the one that is tried can be given up by the outbox and never come to an outcome
      this.tryOne();
    });
  }

  #delayMs(): number {
    if (this.#fault.fault === 'transient') return this.#backOff.nextMs();
    if (this.#fault.fault === 'not-authorised') return PROBE_EVERY_MS;
    // After a restart of the broker the receiver is often back a moment later than the gateway.
    const delayMs = Math.min(PROBE_EVERY_MS, PROBE_FIRST_MS * 2 ** this.#probes);
    this.#probes += 1;
    return delayMs;
  }
}

const PROBE_FIRST_MS = 1000;
const PROBE_EVERY_MS = 30_000;
const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 60_000;
const ALARMS_MAX = 5;

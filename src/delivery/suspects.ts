import { spokenDuration } from '../core/amount.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Entry, Subject } from './subject.ts';
import type { Parking } from './track.ts';

/** What suspects need. */
export interface SuspectsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly root: string;
  /** Rows may go again. */
  readonly release: (entries: readonly Entry[]) => void;
  readonly putAside: (entry: Entry, code: string, message: string) => void;
}

/**
 * Finds the row at which the connection breaks, again and again: a broker of MQTT 3.1.1 refuses a message by ending the
 * connection, and one at which it crashes, or for which its PUBACK never comes, looks the same. When several connections
 * in a row end before the same row, one message at a time is sent; the one that is alone on its way when that happens is
 * set aside with its subject, tried alone from time to time, and put into quarantine if others go through meanwhile.
 */
export class Suspects {
  readonly #parts: SuspectsParts;
  readonly #aside = new Map<Subject, Aside>();
  /** The first of what was on its way when the last connection was lost, and how many were lost so in a row. */
  #lead: Entry | undefined;
  #losses = 0;
  /** So many rows are still sent one at a time. */
  #alone = 0;

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
  }

  /** The most that may be on its way. */
  get window(): number {
    const isAlone = this.#alone > 0 || [...this.#aside.values()].some(({ tries }) => tries);
    return isAlone ? 1 : Number.POSITIVE_INFINITY;
  }

  /** Where the row has to wait; undefined when it may go. */
  parkingOf(entry: Entry): Parking | undefined {
    if (this.#aside.size === 0) return undefined;
    const aside = this.#aside.get(entry.subject);
    return aside?.lets(entry) === false ? aside : undefined;
  }

  /** A connection is there: what waits is tried over it, but the others have their turn before. */
  reached(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const aside of this.#aside.values()) this.#tryAfter(aside, Math.max(aside.dueMs - nowMs, RETRY_LEAST_MS));
  }

  /** The connection was lost with these rows on their way, oldest first. */
  lost(flying: readonly Entry[]): void {
    const [first] = flying;
    if (first !== undefined) this.#brokeAt(first, flying.length);
    for (const aside of this.#aside.values()) aside.rest();
  }

  /** The row is done without an answer: given up by the outbox, or the receiver has it. */
  gone(entry: Entry): void {
    if (this.#aside.size === 0) return;
    const aside = this.#aside.get(entry.subject);
    if (aside?.entry === entry) this.#end(aside);
  }

  /** The broker has answered to the row, whatever it said, and kept the connection. */
  answered(entry: Entry): void {
    if (this.#losses === 0 && this.#alone === 0 && this.#aside.size === 0) return;
    this.#lead = undefined;
    this.#losses = 0;
    this.#alone = Math.max(0, this.#alone - 1);
    for (const aside of this.#aside.values()) aside.othersPass ||= aside.entry.subject !== entry.subject;
    const aside = this.#aside.get(entry.subject);
    if (aside?.entry !== entry) return;
    this.#parts.log.info('the broker has answered to a reading at which the connection broke before', { topic: this.#topicOf(aside) });
    this.#end(aside);
  }

  /** Each in words, with what to do. */
  alarms(): readonly string[] {
    const alarms = [...this.#aside.values()].map((aside) => {
      const others = aside.entry.subject.parked;
      const since = spokenDuration(this.#parts.clock.monotonicMs() - aside.sinceMs);
      return `the connection broke ${aside.losses} times while a reading of ${this.#topicOf(aside)} was on its way, so it and ${Math.max(0, others - 1)} behind it wait for ${since}: see the broker's log for why it ends the connection, and whether it limits the size of messages`;
    });
    return alarms.length > ALARMS_MAX ? [...alarms.slice(0, ALARMS_MAX), `${alarms.length - ALARMS_MAX} more wait for the same reason`] : alarms;
  }

  #brokeAt(first: Entry, flying: number): void {
    const isSame = first === this.#lead;
    this.#losses = isSame ? this.#losses + 1 : 1;
    this.#lead = first;
    if (this.window === 1) {
      const aside = this.#aside.get(first.subject);
      if (aside !== undefined) this.#failedAgain(aside);
      else if (isSame && this.#losses >= LOSSES_OF_ONE) this.#setAside(first);
    } else if (this.#losses >= LOSSES_OF_MANY) {
      this.#alone = flying;
    }
  }

  /** It is one row's fault only if others go through: when the next one breaks the connection too, nothing is known. */
  #setAside(entry: Entry): void {
    const unproven = [...this.#aside.values()].filter(({ othersPass }) => !othersPass);
    if (unproven.length > 0) {
      for (const aside of unproven) this.#end(aside);
      this.#losses = 0;
      return;
    }
    const aside = new Aside(entry, this.#losses, this.#parts.clock.monotonicMs());
    this.#aside.set(entry.subject, aside);
    this.#parts.log.warn('the connection breaks at one reading; it waits, and the others go on', { topic: this.#topicOf(aside), sequence: entry.sequence, losses: this.#losses });
    this.#tryLater(aside);
  }

  #failedAgain(aside: Aside): void {
    if (aside.othersPass) aside.losses += 1;
    if (aside.othersPass && aside.losses >= LOSSES_TO_QUARANTINE) {
      this.#end(aside);
      this.#parts.putAside(aside.entry, 'connection_lost', `the connection broke each of the ${aside.losses} times that it was sent, and other readings went through`);
      return;
    }
    aside.othersPass = false;
    this.#tryLater(aside);
  }

  #tryLater(aside: Aside): void {
    aside.dueMs = this.#parts.clock.monotonicMs() + Math.min(RETRY_MOST_MS, RETRY_LEAST_MS * 2 ** Math.max(0, aside.losses - LOSSES_OF_ONE));
  }

  #tryAfter(aside: Aside, delayMs: number): void {
    aside.rest();
    aside.cancel = this.#parts.clock.after(delayMs, () => {
      aside.tries = true;
      this.#parts.release(aside.entry.subject.unpark(1));
    });
  }

  #end(aside: Aside): void {
    aside.cancel();
    this.#aside.delete(aside.entry.subject);
    this.#parts.release(aside.entry.subject.unpark());
  }

  #topicOf({ entry }: Aside): string {
    return `${this.#parts.root}/${entry.subject.topic}`;
  }
}

/** A row that waits, and keeps the rest of its subject behind it. */
class Aside implements Parking {
  readonly entry: Entry;
  readonly sinceMs: number;
  losses: number;
  /** When it may be tried again, given a connection. */
  dueMs = 0;
  /** Whether it may go now. */
  tries = false;
  /** Whether the broker has answered to others since it was sent last. */
  othersPass = false;
  cancel: Cancel = () => undefined;

  constructor(entry: Entry, losses: number, sinceMs: number) {
    this.entry = entry;
    this.losses = losses;
    this.sinceMs = sinceMs;
  }

  lets(entry: Entry): boolean {
    return this.tries && entry === this.entry;
  }

  /** It may not go any more until it is tried again. */
  rest(): void {
    this.cancel();
    this.tries = false;
  }

  /** The subject is its own: it is there already. */
  keep(): void {}
}

/** So many connections in a row that end before the same row are no chance: where a network comes and goes, something mostly gets through. */
const LOSSES_OF_MANY = 2;
/** The same, with those in which it was alone. */
const LOSSES_OF_ONE = 4;
const LOSSES_TO_QUARANTINE = 8;
const RETRY_LEAST_MS = 10_000;
const RETRY_MOST_MS = 600_000;
const ALARMS_MAX = 3;

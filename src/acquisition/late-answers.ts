import type { Clock } from '../core/clock.ts';

/**
 * Remembers from whom a late answer may still come. Two answers of one length from one address cannot be told apart on
 * the wire, so only time and caution can: after a failure an address is not asked again before the line has brought
 * nothing unasked for long enough, and its first answer then counts only where it can be no other question's; the same
 * question of an earlier poll is another one, since its answer would be old and stamped as fresh.
 * It outlives the link, as a device does not know that the cable was out; and since a device does not know either that
 * this process was started anew, every address owes the answer to an unknown question until it has been asked. That
 * first question need not wait: its own answer is behind any older one, is thrown away too, and the wait follows it.
 */
export class LateAnswers {
  readonly #clock: Clock;
  /** By address; undefined stands for one that owes nothing. */
  readonly #owing = new Map<string, Owing | undefined>();
  #strayMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A question to the address got no answer. `exchange` is the same object for every try of one question, and no other's. */
  unanswered(address: string, exchange: object): void {
    const owes = this.#owedBy(address)?.owes ?? exchange;
    this.#owing.set(address, { sinceMs: this.#clock.monotonicMs(), owes: owes === exchange ? exchange : SEVERAL });
  }

  /**
   * A question to the address got an answer; returns whether it can be no other question's. Where an earlier one got
   * none it may be that one's, and its own be still to come: a device or a radio link that wakes up brings all that it
   * owes, one after the other, and is left alone for longer.
   */
  answered(address: string, exchange: object): boolean {
    const owing = this.#owedBy(address);
    if (owing === undefined) return true;
    const { owes } = owing;
    const isWaking = owes !== undefined && owing !== OWED_FROM_BEFORE;
    this.#owing.set(address, owes === undefined ? undefined : { sinceMs: this.#clock.monotonicMs(), isWaking });
    return owes === undefined || owes === exchange;
  }

  /**
   * Bytes came while no question was outstanding. What comes within an exchange, even another device's, does not
   * count: noise and echoes come with every question, and would keep an address waiting for good.
   */
  stray(): void {
    this.#strayMs = this.#clock.monotonicMs();
  }

  /** How long to wait before the address may be asked again; 0 when it may be asked now. An answer comes within `lateWaits` quiet waits after the one before. */
  waitMs(address: string, quietMs: number, lateWaits: number): number {
    const owing = this.#owedBy(address);
    if (owing === undefined) return 0;
    const { sinceMs, isWaking = false } = owing;
    const restMs = isWaking ? lateWaits * quietMs : quietMs;
    const quietSinceMs = Math.max(sinceMs, Math.min(this.#strayMs, sinceMs + (RESTS_MAX - 1) * restMs));
    return Math.max(0, quietSinceMs + restMs - this.#clock.monotonicMs());
  }

  #owedBy(address: string): Owing | undefined {
    return this.#owing.has(address) ? this.#owing.get(address) : OWED_FROM_BEFORE;
  }
}

/** What an address owes. */
interface Owing {
  /** Since when nothing has been asked of it. */
  readonly sinceMs: number;
  /** It has begun to bring what it owed, and there may be more. */
  readonly isWaking?: boolean | undefined;
  /** The one question whose answers are missing, `SEVERAL`, or nothing where only the wait is left. */
  readonly owes?: object | undefined;
}

/** More than one question, or ones that nobody remembers: no answer can be told to be its own. */
const SEVERAL: object = {};
/** What may have been asked before this process began. */
const OWED_FROM_BEFORE: Owing = { sinceMs: -Infinity, owes: SEVERAL };
/** After so many rests in a row the address is asked nevertheless: more than it can owe, so that what keeps coming is noise. */
const RESTS_MAX = 5;

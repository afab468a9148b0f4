import type { Cancel, Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

/** What Watchdog is made of. */
export interface WatchdogParts {
  readonly clock: Clock;
  readonly log: Log;
  /** After how long without a ping the process is restarted; it pings three times as often. */
  readonly timeoutMs: number;
  readonly ping: () => Promise<void>;
  /** Settles when the outbox's worker has answered, whatever it answered. */
  readonly workerAlive: () => Promise<void>;
  /** Names a session or forwarder that has overrun its own deadline threefold. */
  readonly overdue: () => string | undefined;
}

/**
 * Tells the watchdog that the process is well, as long as it is: its event loop turns, the outbox's worker answers, and
 * nobody is stuck. It says nothing of whether there is work, a broker or room on the disk: no restart would mend that.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  #cancels: Cancel[] = [];
  #lookedMs: number;
  #lagMs = 0;
  #askedMs: number | undefined;
  #withheld: string | undefined;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.#lookedMs = parts.clock.monotonicMs();
  }

  /** Pings from now on, until `stop`. */
  start(): void {
    this.#lookedMs = this.#parts.clock.monotonicMs();
    this.#repeat(0, LOOK_EVERY_MS, () => this.#look());
    this.#repeat(1, this.#parts.timeoutMs / PINGS_PER_TIMEOUT, () => void this.#ping());
    void this.#ping();
  }

  /** Says nothing any more. */
  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  #repeat(slot: number, everyMs: number, action: () => void): void {
    this.#cancels[slot] = this.#parts.clock.after(everyMs, () => {
      this.#repeat(slot, everyMs, action);
      action();
    });
  }

  #look(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#lagMs = Math.max(this.#lagMs, nowMs - this.#lookedMs - LOOK_EVERY_MS);
    this.#lookedMs = nowMs;
  }

  async #ping(): Promise<void> {
    this.#look(); // a loop that was blocked may come here before it comes there
    const why = this.#illness();
    this.#lagMs = 0;
    this.#askWorker();
    const { log, ping } = this.#parts;
    if (why !== undefined) {
      if (this.#withheld === undefined) log.error('the watchdog is not fed: systemd will restart the gateway if this lasts', { why });
      this.#withheld = why;
      return;
    }
    if (this.#withheld !== undefined) log.info('the watchdog is fed again', { after: this.#withheld });
    this.#withheld = undefined;
    await ping();
  }

  #illness(): string | undefined {
    if (this.#lagMs >= LAG_MAX_MS) return `the event loop stood still for ${(this.#lagMs / 1000).toFixed(1)} s`;
    const silentMs = this.#askedMs === undefined ? 0 : this.#parts.clock.monotonicMs() - this.#askedMs;
    if (silentMs > WORKER_ANSWERS_WITHIN_MS) return `the outbox's thread has not answered for ${Math.round(silentMs / 1000)} s`;
    return this.#parts.overdue();
  }

  #askWorker(): void {
    if (this.#askedMs !== undefined) return;
    this.#askedMs = this.#parts.clock.monotonicMs();
    const answered = (): void => {
      this.#askedMs = undefined;
    };
    this.#parts.workerAlive().then(answered, answered); // a disk that fails is no reason to restart: the thread lives
  }
}

const PINGS_PER_TIMEOUT = 3;
const LOOK_EVERY_MS = 500;
const LAG_MAX_MS = 2000;
const WORKER_ANSWERS_WITHIN_MS = 30_000;

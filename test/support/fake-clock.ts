import type { Clock } from '../../src/core/clock.ts';
import type { ClockState } from '../../src/core/reading.ts';

/** A clock that stands still until it is advanced, and then runs what was due, in order. */
export class FakeClock implements Clock {
  wallMs = Date.parse('2026-11-23T08:15:30.123Z');
  clockState: ClockState = 'synced';
  #nowMs = 1000;
  #timers: { atMs: number; action: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  stamp(): ReturnType<Clock['stamp']> {
    return { wallMs: this.wallMs, monotonicMs: this.#nowMs, bootId: 'boot', clock: this.clockState };
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass; promises that were settled meanwhile have run when it resolves. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.wallMs += due.atMs - this.#nowMs;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.action();
      await settled();
    }
    this.wallMs += untilMs - this.#nowMs;
    this.#nowMs = untilMs;
    await settled();
  }

  /** Drops every timer, as the end of a process does. */
  forget(): void {
    this.#timers = [];
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length;
  }
}

/** Lets everything run that waits for promises only. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

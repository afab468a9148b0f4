import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/acquisition/stamp.ts';
import type { Log } from '../../src/core/log.ts';
import { Watchdog, type WatchdogParts } from '../../src/operations/watchdog.ts';
import { FakeClock } from '../support/fake-clock.ts';

interface Started {
  readonly clock: FakeClock;
  readonly watchdog: Watchdog;
  readonly pings: number[];
  readonly said: string[];
}

/** What `log` said, as "level: why". */
function sayingTo(said: string[]): Log {
  const at = (level: string) => (message: string, fields: Parameters<Log['info']>[1] = {}) => void said.push(`${level}: ${fields['why'] ?? message}`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function started(parts: Partial<WatchdogParts> = {}): Started {
  const clock = new FakeClock();
  const pings: number[] = [];
  const said: string[] = [];
  const watchdog = new Watchdog({
    clock,
    log: sayingTo(said),
    timeoutMs: 60_000,
    ping: () => Promise.resolve(void pings.push(clock.monotonicMs() - 1000)),
    workerAlive: () => Promise.resolve(),
    overdue: () => undefined,
    ...parts,
  });
  watchdog.start();
  return { clock, watchdog, pings, said };
}

/** A worker's answer that takes so long, and fails if told to. */
function answering(clock: () => FakeClock, afterMs: number, fails = false): () => Promise<void> {
  return () => new Promise((resolve, reject) => void clock().after(afterMs, () => (fails ? reject(new Error('EIO')) : resolve())));
}

describe('the watchdog', () => {
  it('is fed at once and every third of its time, through a quiet night', async () => {
    const { clock, pings, said } = started();
    await clock.advance(60_000);
    expect(pings).toEqual([0, 20_000, 40_000, 60_000]);
    await clock.advance(12 * 3_600_000);
    expect(pings).toHaveLength(4 + 12 * 180);
    expect(said).toEqual([]);
  });

  it('is fed while the worker answers late, or with an error', async () => {
    for (const [afterMs, fails] of [[29_000, false], [10, true], [29_000, true]] as const) {
      const parts: Started = started({ workerAlive: answering(() => parts.clock, afterMs, fails) });
      await parts.clock.advance(600_000);
      expect(parts.pings).toHaveLength(31);
      expect(parts.said).toEqual([]);
    }
  });

  it('is not fed while the worker does not answer, says so once, and is fed again when it does', async () => {
    let answer = (): void => undefined;
    const { clock, pings, said } = started({ workerAlive: () => new Promise((resolve) => (answer = resolve)) });
    await clock.advance(300_000);
    expect(pings).toEqual([0, 20_000]);
    expect(said).toEqual(["error: the outbox's thread has not answered for 40 s"]);
    answer();
    await clock.advance(40_000);
    expect(pings).toEqual([0, 20_000, 320_000, 340_000]);
    expect(said).toEqual([expect.any(String), 'info: the watchdog is fed again']);
  });

  it('is not fed while something has overrun its deadline threefold', async () => {
    let overdue: string | undefined = 'the session of cab-scanner has not come back for 95 s';
    const { clock, pings, said } = started({ overdue: () => overdue });
    await clock.advance(60_000);
    expect(pings).toEqual([]);
    overdue = undefined;
    await clock.advance(20_000);
    expect(pings).toEqual([80_000]);
    expect(said).toEqual(['error: the session of cab-scanner has not come back for 95 s', 'info: the watchdog is fed again']);
  });

  it('hears nothing once stopped', async () => {
    const { clock, pings, watchdog } = started();
    watchdog.stop();
    await clock.advance(600_000);
    expect(pings).toEqual([0]);
    expect(clock.timers).toBe(0);
  });

  it('waits half a minute for the worker, not less', async () => {
    const { clock, pings } = started({ timeoutMs: 87_000, workerAlive: () => new Promise(() => undefined) });
    await clock.advance(300_000);
    expect(pings).toEqual([0, 29_000]);
  });

  it('is not fed after a blocked loop if its own timer is the first to come', async () => {
    let nowMs = 0;
    const timers = new Map<number, () => void>();
    const clock = new FakeClock();
    clock.monotonicMs = () => nowMs;
    clock.after = (delayMs, action) => {
      timers.set(delayMs, action);
      return () => undefined;
    };
    const pings: number[] = [];
    started({ clock, ping: () => Promise.resolve(void pings.push(nowMs)) });
    for (const [ms, fed] of [[2499, true], [2500, false], [499, true]] as const) {
      nowMs += ms;
      timers.get(20_000)?.();
      expect(pings.at(-1) === nowMs).toBe(fed);
    }
  });

  it('is not fed after the event loop stood still for two seconds, and is again after that', async () => {
    for (const timeoutMs of [900, 6000]) {
      const said: string[] = [];
      const pings: number[] = [];
      const watchdog = new Watchdog({ clock: systemClock(() => 'synced'), log: sayingTo(said), timeoutMs, ping: () => Promise.resolve(void pings.push(0)), workerAlive: () => Promise.resolve(), overdue: () => undefined });
      watchdog.start();
      onTestFinished(() => watchdog.stop());
      await vi.waitFor(() => expect(pings.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
      const before = pings.length;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      await vi.waitFor(() => expect(said).toHaveLength(1), { timeout: 10_000, interval: 5 });
      expect(said[0]).toMatch(/^error: the event loop stood still for [23]\.\d s$/);
      expect(pings).toHaveLength(before);
      await vi.waitFor(() => expect(pings.length).toBeGreaterThan(before), { timeout: 10_000 });
      watchdog.stop();
    }
  });

  it('is not fed while a real worker thread hangs', async () => {
    const hang = 'const { parentPort } = require("node:worker_threads"); parentPort.once("message", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000));';
    const worker = new Worker(hang, { eval: true });
    onTestFinished(async () => void (await worker.terminate()));
    const { clock, pings } = started({
      workerAlive: () =>
        new Promise((resolve) => {
          worker.once('message', () => resolve());
          worker.postMessage('ping');
        }),
    });
    await clock.advance(120_000);
    expect(pings).toEqual([0, 20_000]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/acquisition/commits.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { Sightings } from '../../src/acquisition/sightings.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { ScanObservation } from '../../src/core/observation.ts';
import { FakeClock } from '../support/fake-clock.ts';

const code = (text: string): ScanObservation => ({ kind: 'scan', bytes: Buffer.from(text) });
const tag = (antenna?: number): ScanObservation => ({ ...code('TAG'), tag: { ...(antenna !== undefined && { antenna }) } });

function started({ repeatWindowMs = 300, departAfterMs }: { repeatWindowMs?: number; departAfterMs?: number } = {}) {
  const clock = new FakeClock();
  const status = new DeviceStatus({ device: 'cab', clock, changed: () => undefined });
  const waiting: { report: Report; commit: (verdict?: 'questioned') => void; refuse: () => void }[] = [];
  const stop = new AbortController();
  const bugs: unknown[] = [];
  const sightings = new Sightings({
    clock,
    status,
    repeatWindowMs,
    departAfterMs,
    store: (report) => new Promise((resolve, reject) => waiting.push({ report, commit: resolve, refuse: () => reject(new StorageError({ where: 'outbox', what: 'the disk is full' })) })),
    crash: (bug) => bugs.push(bug),
    signal: stop.signal,
  });
  const told: string[] = [];
  const scan = (...observations: ScanObservation[]): void => {
    const at = told.push('nothing yet') - 1;
    sightings.take({ observations, stamp: clock.stamp() }).then(
      (verdict) => (told[at] = verdict ?? 'stored'),
      () => (told[at] = 'refused'),
    );
  };
  const stored = () => waiting.map(({ report }) => report.observations.map((observation) => (observation.kind === 'scan' ? (observation.presence?.kind ?? Buffer.from(observation.bytes).toString()) : '')).join('+'));
  return { clock, status, waiting, stop, bugs, scan, told, stored };
}

describe('codes that are read again', () => {
  it('share the outcome of the first time, and wait for it', async () => {
    const { clock, status, waiting, scan, told, stored } = started();
    scan(code('A'));
    scan(code('A'));
    await clock.advance(100);
    scan(code('A'));
    await clock.advance(0);
    expect(stored()).toEqual(['A']);
    expect(told).toEqual(['nothing yet', 'nothing yet', 'nothing yet']);
    expect(status.counts.repeats).toBe(0);
    waiting[0]?.commit('questioned');
    await clock.advance(0);
    expect(told).toEqual(['questioned', 'questioned', 'questioned']);
    expect(status.counts.repeats).toBe(2);
  });

  it('count again after the window, with another identifier, and with the window off', async () => {
    const { clock, scan, stored } = started();
    scan(code('A'));
    await clock.advance(300);
    scan(code('A'), { ...code('A'), aim: ']C1' });
    expect(stored()).toEqual(['A', 'A+A']);
    const off = started({ repeatWindowMs: 0 });
    off.scan(code('A'));
    off.scan(code('A'));
    expect(off.stored()).toEqual(['A', 'A']);
  });

  it('are stored anew, one of them, when the first was refused', async () => {
    const { clock, status, waiting, scan, told, stored } = started();
    for (const text of ['A', 'A', 'A']) scan(code(text));
    waiting[0]?.refuse();
    await clock.advance(0);
    expect(stored()).toEqual(['A', 'A']);
    expect(told).toEqual(['refused', 'nothing yet', 'nothing yet']);
    waiting[1]?.commit();
    await clock.advance(0);
    expect(told).toEqual(['refused', 'stored', 'stored']);
    expect(status.counts.repeats).toBe(1);
    scan(code('A'));
    expect(stored()).toEqual(['A', 'A']);
  });

  it('count once in one frame, beside what is new in it', async () => {
    const { clock, waiting, scan, told, stored } = started();
    scan(code('A'), code('A'), code('B'));
    expect(stored()).toEqual(['A+B']);
    waiting[0]?.commit();
    await clock.advance(0);
    expect(told).toEqual(['stored']);
  });
});

describe('radio tags in a field', () => {
  it('are told once when they arrive and once when they depart, though nothing is read any more', async () => {
    const { clock, status, waiting, scan, told, stored } = started({ departAfterMs: 5000 });
    scan(tag());
    waiting[0]?.commit();
    for (let reads = 0; reads < 99; reads += 1) {
      await clock.advance(10);
      scan(tag());
    }
    const lastMs = clock.wallMs;
    await clock.advance(4999);
    expect(stored()).toEqual(['arrived']);
    await clock.advance(1);
    expect(stored()).toEqual(['arrived', 'departed']);
    expect(waiting[1]?.report.observations[0]).toMatchObject({ presence: { count: 100, firstSeen: new Date(lastMs - 990).toISOString(), lastSeen: new Date(lastMs).toISOString() } });
    expect(status.counts.repeats).toBe(99);
    expect(new Set(told)).toEqual(new Set(['stored']));
    waiting[1]?.commit();
    await clock.advance(60_000);
    expect(stored()).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  it('have a departure tried again that was refused', async () => {
    const { clock, waiting, scan, stored } = started({ departAfterMs: 5000 });
    scan(tag());
    waiting[0]?.commit();
    await clock.advance(5000);
    waiting[1]?.refuse();
    await clock.advance(5000);
    expect(stored()).toEqual(['arrived', 'departed', 'departed']);
    expect(waiting[2]?.report.observations).toMatchObject([{ presence: { count: 1 } }]);
  });

  it('arrive when they are read again, when the first time was refused', async () => {
    const { clock, waiting, scan, told, stored } = started({ departAfterMs: 5000 });
    scan(tag());
    scan(tag());
    waiting[0]?.refuse();
    await clock.advance(0);
    expect(told).toEqual(['refused', 'refused']);
    scan(tag());
    expect(stored()).toEqual(['arrived', 'arrived']);
  });

  it('arrive again when they are read while their departure is being stored', async () => {
    const { clock, waiting, scan, stored } = started({ departAfterMs: 5000 });
    scan(tag());
    waiting[0]?.commit();
    await clock.advance(5000);
    scan(tag());
    expect(stored()).toEqual(['arrived', 'departed']);
    waiting[1]?.commit();
    await clock.advance(0);
    expect(stored()).toEqual(['arrived', 'departed', 'arrived']);
  });

  it('move to another antenna', async () => {
    const { clock, waiting, scan, stored } = started({ departAfterMs: 5000 });
    scan(tag(1));
    waiting[0]?.commit();
    await clock.advance(1500);
    scan(tag(2));
    expect(stored()).toEqual(['arrived', 'moved']);
  });

  it('say nothing of when they were seen while the clock is not set', async () => {
    const { clock, scan, waiting } = started({ departAfterMs: 5000 });
    clock.clockState = 'unsynced';
    scan(tag());
    await clock.advance(5000);
    expect(waiting[1]?.report.observations).toMatchObject([{ presence: { kind: 'departed', count: 1 } }]);
    expect(waiting[1]?.report.observations[0]).not.toHaveProperty('presence.firstSeen');
  });

  it('are scans with a window of their own where presence is off', async () => {
    const { scan, stored } = started();
    scan(tag());
    scan(tag());
    expect(stored()).toEqual(['TAG']);
  });

  it('depart no more once the gateway ends', async () => {
    const { clock, scan, stop, stored } = started({ departAfterMs: 5000 });
    scan(tag());
    stop.abort();
    await clock.advance(10_000);
    expect(stored()).toEqual(['arrived']);
  });
});

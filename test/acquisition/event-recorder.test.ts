import { describe, expect, it } from 'vitest';
import { EventRecorder } from '../../src/acquisition/event-recorder.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { EventReading, Reading } from '../../src/core/reading.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { KeptLog } from '../support/kept-log.ts';

const stamp = { wallMs: 0, monotonicMs: 0, bootId: 'boot', clock: 'synced' } as const;
const event = (count: number): EventReading => ({ kind: 'clock', stamp, content: { count } });

/** Storage that can be broken, and what it has taken. */
function storage() {
  const stored: Reading[] = [];
  const disk = { stored, isBroken: false };
  const record = async (readings: readonly Reading[]) => {
    await Promise.resolve();
    if (disk.isBroken) throw new StorageError({ where: 'outbox', what: 'the disk is full' });
    stored.push(...readings);
    return { source: 'a', sequences: [] };
  };
  return { disk, record };
}

describe('an event recorder', () => {
  it('keeps what cannot be stored now, and stores it in order once it can', async () => {
    const { disk, record } = storage();
    const clock = new FakeClock();
    const events = new EventRecorder({ record, clock, log: new KeptLog() });
    disk.isBroken = true;
    events.record(event(1));
    events.record(event(2));
    await clock.advance(4000);
    expect(disk.stored).toEqual([]);
    disk.isBroken = false;
    await clock.advance(6000);
    expect(disk.stored.map(({ content }) => content)).toEqual([{ count: 1 }, { count: 2 }]);
  });

  it('stores at the stop what it can', async () => {
    const { disk, record } = storage();
    const log = new KeptLog();
    const events = new EventRecorder({ record, clock: new FakeClock(), log });
    disk.isBroken = true;
    events.record(event(1));
    await Promise.resolve();
    disk.isBroken = false;
    await events.end();
    await events.end();
    expect(disk.stored).toHaveLength(1);
    expect(log.with('lost')).toEqual([]);
  });

  it('says at the stop how many are lost', async () => {
    const { disk, record } = storage();
    const log = new KeptLog();
    const events = new EventRecorder({ record, clock: new FakeClock(), log });
    disk.isBroken = true;
    for (let count = 0; count < 250; count += 1) events.record(event(count));
    await events.end();
    expect(log.with('are lost')[0]?.fields).toEqual({ events: 250 });
  });
});

import { describe, expect, it } from 'vitest';
import type { ClockState, EventReading } from '../../src/core/reading.ts';
import { cloudEvent } from '../../src/delivery/layouts/cloudevents.ts';
import { ClockEvents } from '../../src/operations/clock-events.ts';
import type { ClockChange } from '../../src/operations/clock-status.ts';
import { rowOf } from '../../src/outbox/row.ts';
import { assertContract } from '../support/contract.ts';
import { FakeClock } from '../support/fake-clock.ts';

function started(publishedUnsynced = true): { clock: FakeClock; events: ClockEvents; recorded: EventReading[]; happens: (change: Partial<ClockChange> & { state: ClockState }) => void } {
  const clock = new FakeClock();
  const recorded: EventReading[] = [];
  const events = new ClockEvents({ clock, record: (event) => void recorded.push(event), publishedUnsynced: () => publishedUnsynced });
  const happens = ({ state, ...change }: Partial<ClockChange> & { state: ClockState }): void =>
    events.changed({ reason: 'stepped', before: 'synced', stepMs: 0, witness: undefined, at: { ...clock.stamp(), clock: state }, ...change });
  return { clock, events, recorded, happens };
}

describe('events of the clock', () => {
  it('tell the first synchronisation, with what the times of this boot can be put right by, as the contract has it', () => {
    const { clock, recorded, happens } = started();
    happens({ reason: 'synchronised', before: 'unsynced', state: 'synced', stepMs: 86_400_000 });
    expect(recorded).toEqual([
      {
        kind: 'clock',
        stamp: clock.stamp(),
        content: { boot: 'boot', monotonic: 1000, time: '2026-11-23T08:15:30.123Z', state: 'synced', before: 'unsynced', stepMs: 86_400_000, reason: 'synchronised', changes: 1 },
      },
    ]);
    for (const event of recorded) {
      const row = { ...rowOf(event), sequence: 1, recordedMs: event.stamp.wallMs, historical: false };
      assertContract('event/clock', Buffer.from(cloudEvent('urn:tailgate:bedford:truck-17:3f9c1e7a', row)));
    }
  });

  it.each<[string, Partial<ClockChange> & { state: ClockState }, boolean]>([
    ['a step while synced', { before: 'synced', state: 'synced', stepMs: 600 }, true],
    ['a step by hand', { before: 'synced', state: 'holdover', stepMs: -5000 }, true],
    ['a step to a time that is known to be wrong', { before: 'synced', state: 'unsynced', stepMs: -1e12 }, true],
    ['a step of an unsynced clock', { before: 'unsynced', state: 'unsynced', stepMs: 5000 }, true],
    ['a clock that cannot be trusted any more', { reason: 'lost', before: 'holdover', state: 'unsynced' }, true],
    ['the beginning of a holdover, which each reading says', { reason: 'lost', before: 'synced', state: 'holdover' }, false],
    ['its end without a step', { reason: 'synchronised', before: 'holdover', state: 'synced', stepMs: 300 }, false],
    ['its end with a step', { reason: 'synchronised', before: 'holdover', state: 'synced', stepMs: -4000 }, true],
  ])('weigh %s', (_, change, told) => {
    const { recorded, happens } = started();
    happens(change);
    expect(recorded.map(({ content }) => content['stepMs'])).toEqual(told ? [change.stepMs ?? 0] : []);
  });

  it('tell no step of an unsynced clock while nothing unsynced was published', () => {
    const { recorded, happens } = started(false);
    happens({ before: 'unsynced', state: 'unsynced', stepMs: 5000 });
    expect(recorded).toEqual([]);
  });

  it('fold what happens within a minute, from the first state to the last', async () => {
    const { clock, recorded, happens } = started();
    happens({ reason: 'synchronised', before: 'unsynced', state: 'synced', stepMs: 1000 });
    await clock.advance(10_000);
    happens({ before: 'synced', state: 'holdover', stepMs: 7000 });
    happens({ reason: 'synchronised', before: 'holdover', state: 'synced', stepMs: -3000 });
    happens({ reason: 'lost', before: 'synced', state: 'holdover' });
    const { monotonicMs } = clock.stamp();
    expect(recorded).toHaveLength(1);
    await clock.advance(49_999);
    expect(recorded).toHaveLength(1);
    await clock.advance(1);
    expect(recorded[1]?.content).toMatchObject({ before: 'synced', state: 'holdover', stepMs: 4000, changes: 3, monotonic: monotonicMs, reason: 'lost' });
    await clock.advance(3_600_000);
    expect(recorded).toHaveLength(2);
    happens({ stepMs: 800, state: 'synced' });
    expect(recorded).toHaveLength(3);
  });

  it('are at most one a minute, however the clock is shaken', async () => {
    const { clock, recorded, happens } = started();
    for (let round = 0; round < 600; round += 1) {
      happens({ state: 'synced', stepMs: 1000 });
      await clock.advance(1000);
    }
    expect(recorded.length).toBeLessThanOrEqual(11);
    expect(recorded.reduce((sum, { content }) => sum + Number(content['changes']), 0)).toBeGreaterThan(540);
  });

  it('tell what is folded when they stop, and set no timer then', async () => {
    const { clock, events, recorded, happens } = started();
    happens({ state: 'synced', stepMs: 1000 });
    happens({ state: 'synced', stepMs: 2000 });
    events.stop();
    expect(recorded.map(({ content }) => content['stepMs'])).toEqual([1000, 2000]);
    expect(clock.timers).toBe(0);
    events.stop();
    expect(recorded).toHaveLength(2);
    await clock.advance(1);
  });
});

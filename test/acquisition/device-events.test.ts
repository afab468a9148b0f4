import { describe, expect, test } from 'vitest';
import { DeviceEvents } from '../../src/acquisition/device-events.ts';
import type { DeviceReport } from '../../src/acquisition/device-status.ts';
import type { EventReading } from '../../src/core/reading.ts';
import { FakeClock } from '../support/fake-clock.ts';

function started(): { clock: FakeClock; events: DeviceEvents; recorded: EventReading[]; told: () => unknown[] } {
  const clock = new FakeClock();
  const recorded: EventReading[] = [];
  const events = new DeviceEvents({ clock, record: (event) => void recorded.push(event) });
  return { clock, events, recorded, told: () => recorded.map(({ content }) => content) };
}

function report(device: string, state: DeviceReport['state'], why?: string): DeviceReport {
  return { device, state, why, sinceMs: 0, counts: { frames: 0, readings: 0, discarded: {}, faults: 0, refused: 0, repeats: 0, feedbackLost: 0, opens: 0 } };
}

describe('events of devices', () => {
  test('tell a failure that has lasted ten seconds, not sooner', async () => {
    const { clock, events, recorded } = started();
    events.changed(report('cab', 'failing', 'no answer'));
    await clock.advance(9999);
    expect(recorded).toEqual([]);
    await clock.advance(1);
    expect(recorded).toEqual([
      { kind: 'device-state', device: 'cab', stamp: clock.stamp(), content: { device: 'cab', state: 'failing', why: 'no answer' } },
    ]);
  });

  test('tell the latest reason, ten seconds after the first, and no later one', async () => {
    const { clock, events, told } = started();
    events.changed(report('cab', 'failing', 'pulled out'));
    await clock.advance(6000);
    events.changed(report('cab', 'failing', 'no such port'));
    await clock.advance(4000);
    events.changed(report('cab', 'failing', 'permission denied'));
    await clock.advance(60_000);
    expect(told()).toEqual([{ device: 'cab', state: 'failing', why: 'no such port' }]);
  });

  test('tell nothing of a failure that was over before, however often', async () => {
    const { clock, events, told } = started();
    for (let wobble = 0; wobble < 20; wobble += 1) {
      events.changed(report('cab', 'failing', 'pulled out'));
      await clock.advance(9000);
      events.changed(report('cab', 'open'));
      await clock.advance(9000);
    }
    expect(told()).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test('tell the end of a failure that was told, once, and the next failure again', async () => {
    const { clock, events, told } = started();
    events.changed(report('cab', 'open'));
    events.changed(report('cab', 'failing', 'no answer'));
    await clock.advance(10_000);
    events.changed(report('cab', 'open'));
    events.changed(report('cab', 'open'));
    events.changed(report('cab', 'failing', 'no answer'));
    await clock.advance(10_000);
    expect(told()).toEqual([
      { device: 'cab', state: 'failing', why: 'no answer' },
      { device: 'cab', state: 'open' },
      { device: 'cab', state: 'failing', why: 'no answer' },
    ]);
  });

  test('keep devices apart', async () => {
    const { clock, events, told } = started();
    events.changed(report('cab', 'failing', 'no answer'));
    events.changed(report('hours', 'failing', 'no answer'));
    events.changed(report('cab', 'open'));
    await clock.advance(10_000);
    expect(told()).toEqual([{ device: 'hours', state: 'failing', why: 'no answer' }]);
  });

  test('tell no failure any more once stopped', async () => {
    const { clock, events, told } = started();
    events.changed(report('cab', 'failing', 'no answer'));
    events.stop();
    await clock.advance(60_000);
    expect(told()).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/acquisition/stamp.ts';

/** A machine whose times are set by hand; the kernel tells its uptime to a hundredth of a second. */
function machine(): { wallMs: number; runningMs: number; uptimeMs: number; asked: number } {
  return { wallMs: Date.parse('2026-11-23T08:15:30.123Z'), runningMs: 50_000, uptimeMs: 49_990, asked: 0 };
}

function clockOf(times: ReturnType<typeof machine>): ReturnType<typeof systemClock> {
  return systemClock(() => 'synced', {
    wallMs: () => times.wallMs,
    runningMs: () => times.runningMs,
    uptimeMs: () => {
      times.asked += 1;
      return times.uptimeMs;
    },
  });
}

function pass(times: ReturnType<typeof machine>, ms: number, asleep = false): void {
  times.wallMs += ms;
  times.uptimeMs += ms;
  if (!asleep) times.runningMs += ms;
}

describe('the real clock', () => {
  it('reads this machine', () => {
    const clock = systemClock(() => 'holdover');
    const { wallMs, monotonicMs, bootId, clock: state } = clock.stamp();
    expect(Math.abs(wallMs - Date.now())).toBeLessThan(1000);
    expect(Math.abs(clock.monotonicMs() - monotonicMs)).toBeLessThan(1000);
    expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(state).toBe('holdover');
  });

  it('counts a suspend as monotonic time, on both faces, and asks the kernel only then', () => {
    const times = machine();
    const clock = clockOf(times);
    expect(clock.stamp().monotonicMs).toBe(50_000);
    for (let second = 0; second < 100; second += 1) {
      pass(times, 1000);
      clock.stamp();
    }
    expect(times.asked).toBe(1);
    pass(times, 3_600_000, true);
    pass(times, 5);
    const { monotonicMs, wallMs } = clock.stamp();
    expect(monotonicMs).toBe(50_000 + 100_000 + 3_600_000 + 5 - 10);
    expect(clock.monotonicMs()).toBe(monotonicMs);
    expect(wallMs - monotonicMs).toBe(machine().wallMs - 50_000 + 10);
    expect(times.asked).toBe(2);
  });

  it('knows of a suspend before it started', () => {
    const times = machine();
    pass(times, 7_200_000, true);
    expect(clockOf(times).stamp().monotonicMs).toBe(7_249_990);
  });

  it('does not take a step of wall time for a suspend, and never goes back', () => {
    const times = machine();
    const clock = clockOf(times);
    for (const stepMs of [86_400_000, -2 * 86_400_000, 3e11, -9e11]) {
      const before = clock.stamp();
      times.wallMs += stepMs;
      pass(times, 20);
      expect(clock.stamp()).toEqual({ ...before, wallMs: before.wallMs + stepMs + 20, monotonicMs: before.monotonicMs + 20 });
    }
  });

  it('takes the uptime of a container that is younger than its host for no suspend', () => {
    const times = machine();
    times.uptimeMs = 3;
    expect(clockOf(times).stamp().monotonicMs).toBe(50_000);
  });
});

import { describe, expect, it } from 'vitest';
import type { Moment, Witness } from '../../src/operations/clock-evidence.ts';
import { type ClockChange, ClockStatus } from '../../src/operations/clock-status.ts';
import { FakeClock } from '../support/fake-clock.ts';

const BUILT_MS = Date.parse('2026-11-01T00:00:00Z');
const HOUR_MS = 3_600_000;
const YEAR_MS = 365.25 * 24 * HOUR_MS;

interface Started {
  readonly clock: FakeClock;
  readonly status: ClockStatus;
  readonly evidence: { witness: Witness | undefined; asked: Moment[]; wait: Promise<void> | undefined };
  readonly changes: ClockChange[];
  /** What a stamp says now: its state and its distance to the system's clock. */
  readonly now: () => { state: string; offMs: number };
  readonly step: (ms: number) => void;
}

/** A box that boots with its clock off by so much; `witness` is there from the beginning. */
function started({ offMs = 0, witness, lastGoodMs }: { offMs?: number; witness?: Witness; lastGoodMs?: number } = {}): Started {
  const clock = new FakeClock();
  clock.wallMs += offMs;
  const evidence: Started['evidence'] = { witness, asked: [], wait: undefined };
  const status = new ClockStatus({
    clock,
    builtMs: BUILT_MS,
    evidence: {
      atOnce: () => undefined,
      look: async (moment) => {
        evidence.asked.push(moment);
        await evidence.wait;
        return evidence.witness;
      },
    },
  });
  const changes: ClockChange[] = [];
  status.start((change) => changes.push(change));
  if (lastGoodMs !== undefined) status.lastGood(lastGoodMs);
  return {
    clock,
    status,
    evidence,
    changes,
    now: () => {
      const { clock: state, wallMs } = status.clock.stamp();
      return { state, offMs: wallMs - clock.wallMs };
    },
    step: (ms) => {
      clock.wallMs += ms;
    },
  };
}

describe('the state of the clock', () => {
  it('is unsynced until somebody vouches for the clock, and looks every 30 s', async () => {
    const { clock, evidence, changes, now, status } = started();
    await clock.advance(10 * 60_000);
    expect(now()).toEqual({ state: 'unsynced', offMs: 0 });
    expect(evidence.asked.length).toBeGreaterThan(18);
    expect(evidence.asked.length).toBeLessThan(22);
    expect(changes).toEqual([]);
    evidence.witness = 'chrony';
    await clock.advance(30_000);
    expect(status.state).toBe('synced');
    expect(changes).toMatchObject([{ reason: 'synchronised', before: 'unsynced', stepMs: 0, witness: 'chrony', at: { clock: 'synced', bootId: 'boot' } }]);
  });

  it('is synced from the first stamp on where that can be seen at once', () => {
    const clock = new FakeClock();
    const evidence = { atOnce: () => 'timesyncd' as const, look: () => Promise.resolve(undefined) };
    expect(new ClockStatus({ clock, evidence, builtMs: BUILT_MS }).clock.stamp()).toEqual(clock.stamp());
  });

  it('asks every five minutes only while somebody vouches for it, since asking starts a program', async () => {
    const { clock, evidence, status } = started({ witness: 'chrony' });
    await clock.advance(HOUR_MS);
    expect(status.state).toBe('synced');
    expect(evidence.asked.length).toBeGreaterThan(10);
    expect(evidence.asked.length).toBeLessThan(15);
  });

  it('holds over for a day once the evidence is gone, then is unsynced, then synced again', async () => {
    const { clock, evidence, changes, now } = started({ witness: 'timesyncd' });
    await clock.advance(60_000);
    evidence.witness = undefined;
    await clock.advance(5 * 60_000);
    expect(now()).toEqual({ state: 'holdover', offMs: 0 });
    await clock.advance(23 * HOUR_MS);
    expect(now()).toEqual({ state: 'holdover', offMs: 0 });
    await clock.advance(HOUR_MS);
    expect(now()).toEqual({ state: 'unsynced', offMs: 0 });
    evidence.witness = 'timesyncd';
    await clock.advance(30_000);
    expect(changes.map(({ reason, before, at, stepMs }) => [reason, before, at.clock, stepMs])).toEqual([
      ['synchronised', 'unsynced', 'synced', 0],
      ['lost', 'synced', 'holdover', 0],
      ['lost', 'holdover', 'unsynced', 0],
      ['synchronised', 'unsynced', 'synced', 0],
    ]);
  });

  it('stops looking', async () => {
    const { clock, status, changes, evidence } = started();
    status.stop();
    evidence.witness = 'chrony';
    await clock.advance(HOUR_MS);
    expect(clock.timers).toBe(0);
    expect(changes).toEqual([]);
  });
});

describe('a clock that is known to be wrong', () => {
  const OFF_1970 = -Date.parse('2026-11-23T08:15:30.123Z');

  it('never gives 1970: times start at the build and go on from there, until the clock is set', async () => {
    const { clock, changes, status, step } = started({ offMs: OFF_1970, witness: 'kernel' });
    await clock.advance(90_000);
    expect(status.clock.stamp()).toMatchObject({ clock: 'unsynced', wallMs: BUILT_MS + 90_000, monotonicMs: 91_000 });
    expect(changes).toEqual([]);
    step(-OFF_1970);
    await clock.advance(1000);
    expect(status.clock.stamp()).toEqual(clock.stamp());
    expect(changes).toHaveLength(1);
    const [change] = changes;
    expect(change).toMatchObject({ reason: 'synchronised', before: 'unsynced', at: { clock: 'synced' } });
    expect((change?.at.wallMs ?? 0) - (change?.stepMs ?? 0)).toBe(BUILT_MS + 91_000);
  });

  it('is not before what was good in an earlier run, as soon as that is known', async () => {
    const lastGoodMs = Date.parse('2026-11-22T00:00:00Z');
    const { clock, status } = started({ offMs: -2 * 24 * HOUR_MS, witness: 'kernel' });
    await clock.advance(5000);
    expect(status.state).toBe('synced');
    status.lastGood(lastGoodMs);
    expect(status.clock.stamp()).toMatchObject({ clock: 'unsynced', wallMs: lastGoodMs + 5000 });
    status.lastGood(lastGoodMs - HOUR_MS);
    expect(status.clock.stamp()).toMatchObject({ clock: 'unsynced', wallMs: lastGoodMs + 5000 });
  });

  it('may be a minute before what was good: synchronised clocks are put back a little', async () => {
    for (const [aheadMs, state] of [[59_000, 'synced'], [61_000, 'unsynced']] as const) {
      const { clock, status } = started({ witness: 'kernel', lastGoodMs: new FakeClock().wallMs + aheadMs });
      await clock.advance(5000);
      expect(status.state).toBe(state);
    }
  });

  it('is believed after an hour of evidence against what was good before, but never against the build', async () => {
    const wrong = started({ witness: 'chrony', lastGoodMs: Date.parse('2031-01-01T00:00:00Z') });
    await wrong.clock.advance(59 * 60_000);
    expect(wrong.status.state).toBe('unsynced');
    await wrong.clock.advance(2 * 60_000);
    expect(wrong.now()).toEqual({ state: 'synced', offMs: 0 });
    const early = started({ offMs: -60 * 24 * HOUR_MS, witness: 'chrony' });
    await early.clock.advance(48 * HOUR_MS);
    expect(early.status.state).toBe('unsynced');
  });

  it('is refused ten years ahead, as after a roll-over of the GPS weeks, whoever vouches for it', async () => {
    const { clock, status } = started({ offMs: 1024 * 7 * 24 * HOUR_MS, witness: 'chrony' });
    await clock.advance(60_000);
    expect(status.clock.stamp()).toMatchObject({ clock: 'unsynced', wallMs: BUILT_MS + 60_000 });
    const within = started({ offMs: 9 * YEAR_MS, witness: 'chrony' });
    await within.clock.advance(60_000);
    expect(within.status.state).toBe('synced');
  });

  it('does not hold for ever by one absurd time of an earlier run', async () => {
    const { clock, now } = started({ witness: 'chrony', lastGoodMs: Date.parse('2100-01-01T00:00:00Z') });
    await clock.advance(5000);
    expect(now()).toEqual({ state: 'synced', offMs: 0 });
  });
});

describe('a clock that is stepped', () => {
  it.each([600, -600, HOUR_MS, -10_000])('by %i ms by its daemon is followed once somebody vouches for it again, and told', async (ms) => {
    const { clock, changes, evidence, step, now, status } = started({ witness: 'chrony' });
    await clock.advance(60_000);
    changes.length = 0;
    let vouch = (): void => undefined;
    evidence.wait = new Promise((resolve) => (vouch = resolve));
    step(ms);
    expect(now()).toEqual({ state: 'holdover', offMs: -ms }); // at the very next stamp, and on the old line until it is known
    vouch();
    await clock.advance(0);
    expect(now()).toEqual({ state: 'synced', offMs: 0 });
    expect(changes).toMatchObject([{ reason: 'stepped', before: 'synced', stepMs: ms, at: { clock: 'synced' } }]);
    expect(evidence.asked.at(-1)?.steppedMs).toBe(clock.wallMs);
    expect(status.state).toBe('synced');
  });

  it('by less than half a second is not told', async () => {
    const { clock, changes, step, now } = started({ witness: 'chrony' });
    await clock.advance(60_000);
    changes.length = 0;
    step(400);
    await clock.advance(60_000);
    expect(changes).toEqual([]);
    expect(now()).toEqual({ state: 'synced', offMs: 0 });
  });

  it('is noticed within a second without a stamp', async () => {
    const { clock, changes, step } = started({ witness: 'chrony' });
    await clock.advance(60_000);
    changes.length = 0;
    step(5000);
    await clock.advance(1000);
    expect(changes).toMatchObject([{ reason: 'stepped', stepMs: 5000 }]);
  });

  it('by hand is told and not followed: time goes on from the last synchronised moment', async () => {
    const { clock, evidence, changes, status, step } = started({ witness: 'chrony' });
    await clock.advance(60_000);
    changes.length = 0;
    const before = status.clock.stamp();
    evidence.witness = undefined;
    step(HOUR_MS);
    await clock.advance(30_000);
    expect(status.clock.stamp()).toMatchObject({ clock: 'holdover', wallMs: before.wallMs + 30_000 });
    expect(changes).toMatchObject([{ reason: 'stepped', before: 'synced', stepMs: HOUR_MS, at: { clock: 'holdover' } }]);
    evidence.witness = 'chrony';
    step(-HOUR_MS);
    await clock.advance(30_000);
    expect(changes).toMatchObject([{}, { reason: 'synchronised', before: 'holdover', stepMs: 0, at: { clock: 'synced' } }]);
  });

  it.each([10 * YEAR_MS + HOUR_MS, -10 * YEAR_MS, -30 * YEAR_MS])('by %i ms while running leaves times and timers where they were', async (ms) => {
    const { clock, changes, status, step } = started({ witness: 'chrony' });
    await clock.advance(60_000);
    changes.length = 0;
    const before = status.clock.stamp();
    step(ms);
    expect(status.clock.stamp()).toEqual({ ...before, clock: 'unsynced' });
    await clock.advance(90_000);
    expect(status.clock.stamp()).toMatchObject({ clock: 'unsynced', wallMs: before.wallMs + 90_000, monotonicMs: before.monotonicMs + 90_000 });
    expect(changes).toMatchObject([{ reason: 'stepped', before: 'synced', stepMs: ms, at: { clock: 'unsynced' } }]);
    step(-ms);
    await clock.advance(1000);
    expect(status.clock.stamp()).toEqual(clock.stamp());
    expect(changes).toMatchObject([{}, { reason: 'synchronised', before: 'unsynced', stepMs: 0 }]);
  });

  it('again while somebody is asked is asked about again', async () => {
    const { clock, changes, evidence, step, now } = started({ witness: 'chrony' });
    await clock.advance(60_000);
    changes.length = 0;
    let vouch = (): void => undefined;
    evidence.wait = new Promise((resolve) => (vouch = resolve));
    step(5000);
    now();
    const asked = evidence.asked.length;
    step(7000);
    now();
    vouch();
    await clock.advance(0);
    expect(evidence.asked.length).toBe(asked + 1);
    expect(changes).toMatchObject([{ reason: 'stepped', before: 'synced', stepMs: 12_000 }]);
    expect(now()).toEqual({ state: 'synced', offMs: 0 });
  });

  it('two thousand times never gives a time as synced that nobody has vouched for since', async () => {
    const { clock, evidence, step, now } = started({ witness: 'chrony' });
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const seen = new Map<string, number>();
    const wrong: string[] = [];
    await clock.advance(5000);
    for (let round = 0; round < 2000; round += 1) {
      evidence.witness = random() < 0.5 ? 'chrony' : undefined;
      const ms = random() < 0.3 ? Math.round((random() - 0.5) * 10 ** (4 + random() * 8)) : 0;
      step(ms);
      const { state, offMs } = now();
      if (state === 'synced' && (Math.abs(ms) > 500 || offMs !== 0)) wrong.push(`round ${round}: synced at once after a step of ${ms} ms`);
      seen.set(state, (seen.get(state) ?? 0) + 1);
      await clock.advance(Math.round(random() * 20_000));
      if (now().state === 'synced' && evidence.witness === undefined && Math.abs(ms) > 500) wrong.push(`round ${round}: synced after a step of ${ms} ms`);
    }
    expect(wrong).toEqual([]);
    expect([...seen.keys()].sort()).toEqual(['holdover', 'synced', 'unsynced']);
  });
});

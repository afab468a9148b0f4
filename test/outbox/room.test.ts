import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OutboxLimits } from '../../src/outbox/calls.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { temporaryFolder } from '../support/folders.ts';
import { CLOCK, follow, LIMITS, meterOf, openOutbox, type RecordingFollower, scanOf } from '../support/open-outbox.ts';

const START = Date.parse('2026-11-01T00:00:00Z');
const KIB = 1024;

/** A minute's readings of four meters, one a second each. */
const minuteOf = (minute: number) =>
  Array.from({ length: 240 }, (_, index) => meterOf(String(minute * 60 + Math.floor(index / 4)), `meter-${index % 4}`, { ...CLOCK.stamp(), wallMs: START + minute * 60_000 + Math.floor(index / 4) * 1000 }));

async function rowsOf(outbox: Outbox, lane: 'scan' | 'meter', stream = 1) {
  const rows = [];
  for (let after = 0; ; ) {
    const page = await outbox.page({ stream, lane, after, rowsMax: 5000, sealing: 'now' });
    if (page.rows.length === 0) return rows;
    rows.push(...page.rows);
    after = page.rows.at(-1)?.sequence ?? 0;
  }
}

const gapsIn = (rows: Awaited<ReturnType<typeof rowsOf>>) =>
  rows.filter(({ kind }) => kind === 'gap').map(({ content }) => JSON.parse(`{${content}}`) as { source: string; ranges: [number, number][]; count: number; reason: string });

const limits = (parts: Partial<OutboxLimits>): { limits: OutboxLimits } => ({ limits: { ...LIMITS, ...parts } });

/** Settles everything of the own stream. */
function settleAll(outbox: Outbox, follower: RecordingFollower, last: number): void {
  follower.settling = (['scan', 'meter'] as const).map((lane) => ({ stream: 1, lane, ranges: [[0, last]], sentUpto: last, waiting: 0 }));
  outbox.settlementChanged();
}

describe('an outbox that becomes full', () => {
  it('thins meter readings, tells their numbers, and keeps every scan', async () => {
    const outbox = await openOutbox(temporaryFolder(), limits({ bytesMax: 1500 * KIB }));
    const follower = follow(outbox);
    const scans: string[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      await outbox.record([...minuteOf(minute), scanOf(`A-${minute}`)]);
      scans.push(`A-${minute}`);
    }
    const meters = await rowsOf(outbox, 'meter');
    const scanLane = await rowsOf(outbox, 'scan');
    expect(scanLane.filter(({ kind }) => kind === 'scan').map(({ content }) => /"text":"([^"]+)"/.exec(content)?.[1])).toEqual(scans);
    const given = 60 * 241 + scanLane.filter(({ kind }) => kind === 'gap').length;
    const told = gapsIn(scanLane).flatMap(({ ranges }) => ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)));
    expect(told.length).toBeGreaterThan(1000);
    expect(new Set(told).size).toBe(told.length);
    expect(new Set([...told, ...meters.map(({ sequence }) => sequence), ...scanLane.map(({ sequence }) => sequence)]).size).toBe(given);
    expect(follower.evictions.flatMap(({ ranges }) => ranges.flat())).toHaveLength(follower.evictions.flatMap(({ ranges }) => ranges).length * 2);
    expect(gapsIn(scanLane).every(({ ranges, count, reason }) => ranges.length <= 500 && reason === 'no-room' && count === ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0))).toBe(true);
    expect(outbox.capacity.usedBytes).toBeLessThanOrEqual(1500 * KIB);
    expect(outbox.alarms.join()).toContain('meter readings were given up');
    await outbox.close();
  });

  it('never gives up what may have been sent', async () => {
    const outbox = await openOutbox(temporaryFolder(), limits({ bytesMax: 1500 * KIB }));
    const follower = follow(outbox);
    await outbox.record(minuteOf(0));
    follower.settling = [{ stream: 1, lane: 'meter', ranges: [[0, 10]], sentUpto: 200, waiting: 230 }];
    outbox.settlementChanged();
    for (let minute = 1; minute < 60; minute += 1) await outbox.record(minuteOf(minute));
    const sequences = new Set((await rowsOf(outbox, 'meter')).map(({ sequence }) => sequence));
    expect(Array.from({ length: 190 }, (_, index) => index + 11).filter((sequence) => !sequences.has(sequence))).toEqual([]);
    expect(follower.evictions.length).toBeGreaterThan(0);
    await outbox.close();
  });

  it.each(['given out by a page', 'handed over as they were stored'])('never gives up what is on its way and not yet written down as sent: readings %s', async (how) => {
    const outbox = await openOutbox(temporaryFolder(), limits({ bytesMax: 1500 * KIB }));
    const follower = follow(outbox);
    for (let minute = 0; minute < 10; minute += 1) await outbox.record(minuteOf(minute));
    if (how === 'handed over as they were stored') follower.reading = [{ stream: 1, sequence: 2000 }];
    else await outbox.page({ stream: 1, lane: 'meter', after: 0, rowsMax: 2000, sealing: 'now' });
    for (let minute = 10; minute < 60; minute += 1) await outbox.record(minuteOf(minute));
    expect(follower.evictions.flatMap(({ ranges }) => ranges).filter(([first]) => first <= 2000)).toEqual([]);
    expect(follower.evictions.length).toBeGreaterThan(0);
    await outbox.close();
  });

  it('refuses new readings when only scans are left, says why, and takes them again when there is room', async () => {
    const outbox = await openOutbox(temporaryFolder(), limits({ bytesMax: 400 * KIB }));
    const follower = follow(outbox);
    let stored = 0;
    await expect(
      (async () => {
        for (; stored < 100_000; stored += 20) await outbox.record(Array.from({ length: 20 }, (_, index) => scanOf(`A-${stored + index}`)));
      })(),
    ).rejects.toThrow('it is full');
    expect((await rowsOf(outbox, 'scan')).length).toBe(stored);
    expect(outbox.fault).toContain('it is full');
    settleAll(outbox, follower, stored);
    await vi.waitFor(async () => expect((await outbox.record([scanOf('again')])).sequences).toEqual([stored + 1]), { timeout: 5000 });
    expect(outbox.fault).toBeUndefined();
    await outbox.close();
  });

  it('makes room by what is delivered, also while readings keep coming that do not fit yet', async () => {
    const outbox = await openOutbox(temporaryFolder(), limits({ bytesMax: 400 * KIB }));
    const follower = follow(outbox);
    let stored = 0;
    for (let size = 20; size >= 1; size = size === 1 ? 0 : 1) {
      const fill = async (): Promise<void> => {
        for (; stored < 100_000; stored += size) await outbox.record(Array.from({ length: size }, (_, index) => scanOf(`A-${stored + index}`)));
      };
      await expect(fill()).rejects.toThrow('it is full');
    }
    settleAll(outbox, follower, stored);
    let refused = 0;
    await vi.waitFor(
      async () => {
        refused += 1;
        await outbox.record([scanOf('again')]);
      },
      { timeout: 5000, interval: 100 },
    );
    expect(refused).toBeLessThan(30);
    await outbox.close();
  });

  it('tells how long it lasts at the present rate', async () => {
    const outbox = await openOutbox(temporaryFolder(), limits({ bytesMax: 1500 * KIB }));
    await outbox.record(minuteOf(0));
    expect(outbox.capacity.leftMs).toBeGreaterThan(0);
    for (let minute = 1; minute < 40; minute += 1) await outbox.record(Array.from({ length: 240 }, (_, index) => scanOf(`S-${minute}-${index}`))).catch(() => undefined);
    expect(outbox.alarms.join()).toMatch(/the outbox is \d+ % full of what waits for the broker; it holds \d+ \S+ more at the present rate/);
    await outbox.close();
  });
});

describe('what is delivered', () => {
  it('is kept up to its bound, then goes, oldest first, and no sequence is given twice', async () => {
    const folder = temporaryFolder();
    const outbox = await openOutbox(folder, limits({ keepBytesMax: 300 * KIB }));
    const follower = follow(outbox);
    for (let minute = 0; minute < 30; minute += 1) {
      const { sequences } = await outbox.record(minuteOf(minute));
      settleAll(outbox, follower, sequences.at(-1) ?? 0);
    }
    for (let more = 0; more < 40; more += 1) await outbox.record([scanOf(`S-${more}`)]);
    const kept = (await outbox.fetch({ stream: 1, from: 1, to: 10_000, rowsMax: 10_000 })).kept ?? [0, 0];
    expect(kept[0]).toBeGreaterThan(1000);
    expect(kept[1]).toBe(30 * 240 + 40);
    await outbox.close();
    const again = await openOutbox(folder);
    expect((await again.record([scanOf('B')])).sequences).toEqual([30 * 240 + 41]);
    await again.close();
  });

  it('goes by its age where the clock is set', async () => {
    let laterMs = 0;
    const clock = { ...CLOCK, stamp: () => ({ ...CLOCK.stamp(), wallMs: CLOCK.stamp().wallMs + laterMs, monotonicMs: CLOCK.monotonicMs() + laterMs }) };
    const outbox = await openOutbox(temporaryFolder(), { ...limits({ keepMs: 3_600_000 }), clock });
    const follower = follow(outbox);
    await outbox.record(minuteOf(0));
    settleAll(outbox, follower, 240);
    await outbox.record([scanOf('S')]);
    laterMs = 3_000_000;
    await outbox.record([scanOf('S')]);
    expect((await outbox.fetch({ stream: 1, from: 1, to: 240, rowsMax: 1000 })).rows).toHaveLength(240);
    laterMs = 4_000_000;
    await outbox.record([scanOf('S')]);
    expect((await outbox.fetch({ stream: 1, from: 1, to: 240, rowsMax: 1000 })).rows).toEqual([]);
    await outbox.close();
  });

  it('stays while it is in quarantine', async () => {
    const outbox = await openOutbox(temporaryFolder(), limits({ keepBytesMax: 0 }));
    const follower = follow(outbox);
    await outbox.record(minuteOf(0));
    outbox.quarantine({ stream: 1, lane: 'meter', sequence: 7, code: 'unknown_meter', message: 'no such meter' });
    settleAll(outbox, follower, 240);
    for (let more = 0; more < 5; more += 1) await outbox.record([scanOf(`S-${more}`)]);
    expect((await outbox.fetch({ stream: 1, from: 1, to: 240, rowsMax: 1000 })).rows.map(({ sequence }) => sequence)).toEqual([7]);
    expect(await outbox.quarantinedRows()).toMatchObject([{ sequence: 7, code: 'unknown_meter', kind: 'reading', overtaken: true }]);
    outbox.release({ stream: 1, sequence: 7 });
    await vi.waitFor(async () => expect(await outbox.quarantinedRows()).toEqual([]));
    await outbox.close();
  });

  it('leaves a file that does not grow in a steady queue', async () => {
    const folder = temporaryFolder();
    const outbox = await openOutbox(folder, limits({ keepBytesMax: 256 * KIB }));
    const follower = follow(outbox);
    let steady = 0;
    for (let minute = 0; minute < 200; minute += 1) {
      const { sequences } = await outbox.record(minuteOf(minute));
      settleAll(outbox, follower, sequences.at(-1) ?? 0);
      await outbox.record([scanOf(`S-${minute}`)]);
      if (minute === 100) steady = statSync(join(folder, 'outbox.db')).size;
    }
    expect(steady).toBeGreaterThan(100 * KIB);
    expect(statSync(join(folder, 'outbox.db')).size).toBeLessThanOrEqual(steady * 1.1);
    await outbox.close();
  });
});

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

/** A small disk of its own, in this process's mount table; gone with the test. */
function smallDisk(size: string, options = ''): string {
  const folder = temporaryFolder();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}${options}`, 'tmpfs', disk]).status).toBe(0);
  onTestFinished(() => void spawnSync('umount', ['-l', disk]));
  return disk;
}

// Needs the right to mount, which the pipeline has.
describe.skipIf(!canMount)('an outbox on a small disk (needs root)', () => {
  it('leaves its reserve free, and takes readings again when a full disk is cleared', async () => {
    const disk = smallDisk('12m');
    const outbox = await openOutbox(join(disk, 'outbox'), limits({ freeBytesMin: 4096 * KIB }));
    await outbox.record([scanOf('A')]);
    expect(existsSync(join(disk, 'outbox', 'ballast'))).toBe(true);
    const filler = join(disk, 'filler');
    for (let chunk = 0; chunk < 12; chunk += 1) {
      try {
        writeFileSync(filler, Buffer.alloc(1024 * KIB), { flag: 'a' });
      } catch {
        break; // full, as it should be
      }
    }
    let refused = 0;
    for (let count = 0; count < 100; count += 1) await outbox.record(Array.from({ length: 20 }, (_, index) => scanOf(`B-${count}-${index}`))).catch(() => (refused += 1));
    expect(refused).toBeGreaterThan(0);
    expect(outbox.alarms.join()).toMatch(/it is full|The disk is full/);
    const waiting = (await rowsOf(outbox, 'scan')).length;
    expect(waiting).toBe(1 + (100 - refused) * 20);
    rmSync(filler);
    await outbox.record([scanOf('C')]);
    expect(outbox.fault).toBeUndefined();
    await outbox.close();
  });

  it('delivers and makes room on a disk that is completely full', async () => {
    const disk = smallDisk('12m');
    const outbox = await openOutbox(join(disk, 'outbox'), limits({ freeBytesMin: 4096 * KIB }));
    const follower = follow(outbox);
    for (let minute = 0; minute < 10; minute += 1) await outbox.record(minuteOf(minute));
    const filler = join(disk, 'filler');
    for (let chunk = 0; chunk < 3000; chunk += 1) {
      try {
        writeFileSync(filler, Buffer.alloc(4 * KIB), { flag: 'a' });
      } catch {
        break; // full, as it should be
      }
    }
    expect((await rowsOf(outbox, 'meter')).length).toBe(2400);
    settleAll(outbox, follower, 2400);
    await vi.waitFor(async () => expect((await outbox.record([scanOf('A')])).sequences).toHaveLength(1), { timeout: 10_000, interval: 100 });
    await outbox.close();
    const again = await openOutbox(join(disk, 'outbox'), limits({ freeBytesMin: 4096 * KIB }));
    expect(follow(again).own.lanes.meter.waiting).toBe(0);
    await again.close();
  });

  it.each(['outbox', 'state/outbox'])('starts on a read-only disk without its directory %s, refuses in words, and makes and locks it as soon as it can', async (name) => {
    const disk = smallDisk('32m');
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    const outbox = await openOutbox(join(disk, name));
    expect(outbox.fault).toMatch(/read-only/);
    await expect(outbox.record([scanOf('A')])).rejects.toThrow(/read-only/);
    expect(spawnSync('mount', ['-o', 'remount,rw', disk]).status).toBe(0);
    expect((await outbox.record([scanOf('B')])).sequences).toEqual([1]);
    expect(outbox.fault).toBeUndefined();
    await expect(openOutbox(join(disk, name))).rejects.toThrow('outbox.lock');
    await outbox.close();
  });

  it('starts on a read-only disk, refuses, and stores as soon as it can', async () => {
    const disk = smallDisk('32m');
    const first = await openOutbox(join(disk, 'outbox'));
    await first.record([scanOf('A')]);
    await first.close();
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    const outbox = await openOutbox(join(disk, 'outbox'));
    expect(outbox.fault).toContain('The file system is read-only: see dmesg and remount it');
    await expect(outbox.record([scanOf('B')])).rejects.toThrow('The file system is read-only');
    expect(spawnSync('mount', ['-o', 'remount,rw', disk]).status).toBe(0);
    expect((await outbox.record([scanOf('C')])).sequences).toEqual([2]);
    expect(outbox.fault).toBeUndefined();
    expect(outbox.alarms).toEqual([]);
    await outbox.close();
  });
});

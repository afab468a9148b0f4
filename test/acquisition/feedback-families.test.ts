import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { Intake } from '../../src/acquisition/intake.ts';
import { scanPlace, ScanSense } from '../../src/acquisition/scan-sense.ts';
import { runListening } from '../../src/acquisition/listening-session.ts';
import { Sightings } from '../../src/acquisition/sightings.ts';
import type { RecordReadings } from '../../src/core/record.ts';
import type { Reading } from '../../src/core/reading.ts';
import { MeterBook } from '../../src/metering/meter-book.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { type Family, FEEDBACK_FAMILIES } from '../support/feedback-families.ts';
import { temporaryFolder } from '../support/folders.ts';
import { CLOCK, LIMITS, openOutbox, scanOf, SILENT } from '../support/open-outbox.ts';
import { openPty } from '../support/pty.ts';

const RULES = [{ role: 'asset', list: { name: 'assets.csv', codes: new Map([['PUMP-1', undefined], ['PUMP-2', undefined], ['PUMP-3', undefined]]) } }] as const;
const within = { timeout: 20_000, interval: 10 };

/** A scanner on a pseudo-terminal before a real outbox, whose commits can be held back. */
async function scanner({ driver, options }: Family, outbox: Outbox) {
  const pty = openPty();
  onTestFinished(() => pty.close());
  let aheadMs = 0;
  const clock = { ...CLOCK, monotonicMs: () => CLOCK.monotonicMs() + aheadMs };
  const status = new DeviceStatus({ device: 'cab', clock, changed: () => undefined });
  const story: string[] = [];
  const readings: Reading[] = [];
  let held: (() => void)[] | undefined;
  const record: RecordReadings = async (made, notes, how) => {
    readings.push(...made);
    if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
    try {
      return await outbox.record(made, notes, how);
    } finally {
      story.push('committed');
    }
  };
  pty.onData((chunk) => story.push(Buffer.from(chunk).toString('latin1')));
  const scans = new ScanSense({ note: (key) => outbox.note(key), contextTimeoutMs: 1000, isDelivered: () => true });
  const intake = new Intake({ clock, record, meters: new MeterBook((key) => outbox.note(key)), scans, rules: RULES });
  const stop = new AbortController();
  const crash = (bug: unknown): never => {
    throw bug;
  };
  const store = (report: Parameters<Intake['take']>[0]) => intake.take(report, { mapping: { device: 'cab', meters: {} }, place: scanPlace('cab'), status, lingerMs: 0 });
  const sightings = new Sightings({ clock, status, repeatWindowMs: 300, departAfterMs: undefined, store, crash, signal: stop.signal });
  const running = runListening({
    device: 'cab',
    driver,
    options: driver.options.parse(options),
    transport: serialTransport({ path: pty.path, baudRate: 115_200 }),
    status,
    clock,
    random: () => 0.01,
    log: SILENT,
    report: (report) => sightings.take(report),
    note: (key) => outbox.note(key),
    signal: stop.signal,
  });
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  await vi.waitFor(() => expect(status.report().state).toBe('open'), within);
  const heard = (): string => story.filter((part) => part !== 'committed').join('');
  const hold = (): void => void (held = []);
  const release = (): void => {
    const waiting = held ?? [];
    held = undefined;
    for (const go of waiting) go();
  };
  return { pty, status, story, readings, heard, hold, release, isHeld: () => (held?.length ?? 0) > 0, later: (ms: number) => void (aheadMs += ms) };
}

async function opened(directory: string, freeBytesMin: number = LIMITS.freeBytesMin): Promise<Outbox> {
  const outbox = await openOutbox(directory, { limits: { ...LIMITS, freeBytesMin } });
  onTestFinished(() => outbox.close());
  return outbox;
}

describe.each(Object.entries(FEEDBACK_FAMILIES))('a scanner told by %s', (_, family) => {
  it('hears the good answer only after the commit', async () => {
    const { pty, story, heard, hold, release, isHeld } = await scanner(family, await opened(temporaryFolder()));
    hold();
    await pty.write(Buffer.from(family.frame('PUMP-1'), 'latin1'));
    await vi.waitFor(() => expect(isHeld()).toBe(true), within);
    await setTimeout(HELD_MS); // no event tells that nothing was sent
    expect(story).toEqual([]);
    release();
    await vi.waitFor(() => expect(heard()).toBe(family.stored), within);
    expect(story[0]).toBe('committed');
  });

  it('hears the warning for an asset that is not in the list, which is stored and marked', async () => {
    const { pty, readings, heard } = await scanner(family, await opened(temporaryFolder()));
    await pty.write(Buffer.from(family.frame('PUMP-9'), 'latin1'));
    await vi.waitFor(() => expect(heard()).toBe(family.questioned), within);
    expect(readings).toMatchObject([{ kind: 'scan', content: { text: 'PUMP-9', problems: ['not in the list assets.csv'] } }]);
  });

  it('hears the same answer again for a repeat, which is only counted', async () => {
    const { pty, status, readings, heard, hold, release, isHeld } = await scanner(family, await opened(temporaryFolder()));
    hold();
    await pty.write(Buffer.from(family.frame('PUMP-1'), 'latin1'));
    await vi.waitFor(() => expect(isHeld()).toBe(true), within);
    await pty.write(Buffer.from(family.frame('PUMP-1'), 'latin1'));
    await vi.waitFor(() => expect(status.counts.frames).toBe(2 * (family.frames ?? 1)), within);
    release();
    await vi.waitFor(() => expect(heard()).toBe(family.stored.repeat(2)), within);
    expect(readings).toHaveLength(1);
    expect(status.counts.repeats).toBe(1);
  });

  it('hears nothing once it has given up', async () => {
    const { pty, status, heard, hold, release, isHeld, later } = await scanner(family, await opened(temporaryFolder()));
    hold();
    await pty.write(Buffer.from(family.frame('PUMP-1'), 'latin1'));
    await vi.waitFor(() => expect(isHeld()).toBe(true), within);
    later(family.withinMs + 1);
    release();
    await vi.waitFor(() => expect(status.counts.feedbackLost).toBe(1), within);
    expect(heard()).toBe('');
  });

  // Needs the right to mount, which the pipeline has.
  it.skipIf(process.getuid?.() !== 0)('hears the bad answer when the disk is full (needs root)', async () => {
    const disk = join(temporaryFolder(), 'disk');
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status).toBe(0);
    onTestFinished(() => void spawnSync('umount', ['-l', disk]));
    const outbox = await opened(join(disk, 'outbox'), 2 * 2 ** 20);
    const { pty, status, heard } = await scanner(family, outbox);
    expect(() => Array.from({ length: 16 }, () => writeFileSync(join(disk, 'filler'), Buffer.alloc(2 ** 20), { flag: 'a' }))).toThrow(/ENOSPC/);
    const refusedAfter = async (tries: number): Promise<boolean> => {
      const texts = Array.from({ length: 50 }, (__, index) => scanOf(`B-${tries}-${index}`));
      const isFull = await outbox.record(texts).then(() => false, () => true);
      return isFull || (tries > 0 && refusedAfter(tries - 1));
    };
    expect(await refusedAfter(200)).toBe(true);
    await pty.write(Buffer.from(family.frame('PUMP-1'), 'latin1'));
    await vi.waitFor(() => expect(heard()).toBe(family.refused), within);
    expect(status.counts).toMatchObject({ refused: 1, readings: 0 });
  });
});

const HELD_MS = 150;

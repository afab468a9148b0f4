import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lineScanner } from '../../drivers/line-scanner/driver.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { type ListeningSession, type Report, runListening } from '../../src/acquisition/listening-session.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import type { Clock } from '../../src/core/clock.ts';
import { LinkError, StorageError } from '../../src/core/errors.ts';
import { defineListeningDriver } from '../../src/driver-kit/define-driver.ts';
import type { Transport } from '../../src/driver-kit/link.ts';
import { z } from '../../src/driver-kit/options.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeTransport } from '../support/fake-transport.ts';
import { openPty, type Pty } from '../support/pty.ts';

const STORED = '\x1b7,';
const REFUSED = '\x1b8,';
const HANG_UP = new LinkError({ where: 'fake', what: 'hung up' });

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** One scan on its way into the outbox, which the test commits or refuses. */
interface Waiting {
  readonly text: string;
  readonly report: Report;
  commit(verdict?: 'questioned'): void;
  refuse(error?: Error): void;
}

/** A session whose reports wait until the test decides about them; `auto` commits them at once. */
function session(parts: { transport: Transport; clock?: Clock; options?: object; auto?: boolean; driver?: ListeningSession['driver'] }) {
  const { transport, clock = systemClock(() => 'synced'), options = { terminator: 'CR' }, auto = false, driver = lineScanner } = parts;
  const stop = new AbortController();
  const status = new DeviceStatus({ device: 'cab', clock, changed: () => undefined });
  const waiting: Waiting[] = [];
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const report = (made: Report) =>
    new Promise<'questioned' | void>((resolve, reject) => {
      const [first] = made.observations;
      const text = first?.kind === 'scan' ? Buffer.from(first.bytes).toString('latin1') : '';
      const refusal = new StorageError({ where: 'outbox', what: 'the disk is full' });
      waiting.push({ text, report: made, commit: resolve, refuse: (error = refusal) => reject(error) });
      if (auto) resolve();
    });
  const running = runListening({
    device: 'cab',
    driver,
    options: driver.options.parse(options),
    transport,
    status,
    clock,
    random: () => 0.01,
    log: { debug: note, info: note, warn: note, error: note },
    report,
    signal: stop.signal,
  });
  running.catch(() => undefined); // the tests that expect a rejection look at it themselves
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { status, waiting, logged, running, stop, end, texts: () => waiting.map(({ text }) => text) };
}

async function started(options: object = {}, more: object = {}) {
  const clock = new FakeClock();
  const transport = fakeTransport();
  const run = session({ transport, clock, options: { terminator: 'CR', ...options }, ...more });
  await clock.advance(0);
  const link = () => {
    const newest = transport.links.at(-1);
    if (newest === undefined) throw new Error('no link was opened');
    return newest;
  };
  return { ...run, clock, transport, link };
}

const ACK = { feedback: 'honeywell-host-ack' };

describe('a listening session', () => {
  it('answers a scan only after its commit', async () => {
    const { clock, link, waiting } = await started(ACK);
    link().receive('ONE\r');
    await clock.advance(5000);
    expect(link().written).toEqual([]);
    waiting[0]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([STORED]);
  });

  it('answers in the order of the scans, whatever order the commits come in', async () => {
    const { clock, link, waiting, texts } = await started(ACK);
    link().receive('ONE\rTWO\rTHREE\r');
    expect(texts()).toEqual(['ONE', 'TWO', 'THREE']);
    waiting[2]?.commit('questioned');
    waiting[1]?.refuse();
    await clock.advance(0);
    expect(link().written).toEqual([]);
    waiting[0]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([STORED, REFUSED, `${STORED}\x1b4,\x1b4,`]);
  });

  it('never sends an answer to a link that did not bring the scan', async () => {
    const { clock, link, waiting, transport, status } = await started(ACK);
    link().receive('ONE\r');
    link().lose(HANG_UP);
    await clock.advance(1000);
    expect(transport.links.length).toBe(2);
    waiting[0]?.commit();
    await clock.advance(0);
    expect(transport.links.map(({ written }) => written)).toEqual([[], []]);
    expect(status.counts.feedbackLost).toBe(1);
    link().receive('TWO\r');
    waiting[1]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([STORED]);
  });

  it('goes on reading while commits are slow', async () => {
    const { link, waiting, texts } = await started(ACK);
    for (let scan = 0; scan < 1000; scan += 1) link().receive(`SCAN-${scan}\r`);
    expect(waiting.length).toBe(1000);
    expect(texts()[999]).toBe('SCAN-999');
  });

  it('refuses what is beyond the bound of waiting scans, and takes scans again when there is room', async () => {
    const { clock, link, waiting, status, logged } = await started();
    for (let scan = 0; scan < 5000; scan += 1) link().receive('X\r');
    expect(waiting.length).toBe(4096);
    expect(status.counts.refused).toBe(904);
    for (const scan of waiting) scan.commit();
    await clock.advance(0);
    link().receive('Y\r');
    expect(waiting.length).toBe(4097);
    expect(logged.filter((line) => line.includes('refused')).length).toBe(1);
  });

  it('stamps a scan when its last byte comes, also when only silence ends it', async () => {
    const { clock, link, waiting } = await started({ terminator: 'none' });
    link().receive('ON');
    await clock.advance(20);
    const lastMs = clock.wallMs;
    link().receive('E');
    await clock.advance(500);
    expect(waiting.map(({ text, report }) => [text, report.stamp.wallMs])).toEqual([['ONE', lastMs]]);
  });

  it('does not cut a code in two when this process was stalled longer than the gap', async () => {
    const clock = new FakeClock();
    const transport = fakeTransport();
    const { texts } = session({ transport, clock, options: { terminator: 'none' } });
    await clock.advance(0);
    transport.links[0]?.receive('ON');
    clock.after(50, () => transport.links[0]?.receive('E')); // the timer of the gap is due first, the bytes come right behind
    await clock.advance(50);
    await clock.advance(100);
    expect(texts()).toEqual(['ONE']);
  });

  it('says what noise is, tells the person, and calls the device failing when nothing else comes', async () => {
    const { clock, link, status, waiting, logged } = await started(ACK);
    const noise = '\x80\xf8\x00\xe6\r';
    link().receive(noise);
    await clock.advance(0);
    expect(link().written).toEqual([REFUSED]);
    expect(status.report()).toMatchObject({ state: 'open', why: expect.stringContaining('content: binary') as string });
    for (let more = 0; more < 500; more += 1) link().receive(noise);
    expect(status.report().state).toBe('failing');
    expect(status.counts.faults).toBe(501);
    expect(logged.filter((line) => line.includes('not text')).length).toBe(1);
    expect(waiting).toEqual([]);
    link().receive('GOOD\r');
    expect(status.report()).toMatchObject({ state: 'open', why: undefined });
  });

  it('says when what comes has no end', async () => {
    const { link, status } = await started();
    for (let chunk = 0; chunk < 1000; chunk += 1) link().receive('x'.repeat(1000));
    expect(status.report()).toMatchObject({ state: 'failing', why: expect.stringContaining('terminator') as string });
    expect(status.counts.discarded['too long']).toBeGreaterThan(990_000);
  });

  it('lets half a code of before a reconnect never meet the half after it', async () => {
    const { clock, link, status, texts } = await started();
    link().receive('HALF');
    link().lose(HANG_UP);
    await clock.advance(1000);
    link().receive('OTHER\r');
    expect(texts()).toEqual(['OTHER']);
    expect(status.counts).toMatchObject({ opens: 2, discarded: { 'link lost': 4 } });
  });

  it('logs a missing port once, and when it is there', async () => {
    const clock = new FakeClock();
    const transport = fakeTransport();
    transport.refuse = true;
    const { logged, status } = session({ transport, clock });
    await clock.advance(60_000);
    expect(logged).toEqual(['cab: fake: not there. Plug it in']);
    expect(status.report().state).toBe('failing');
    transport.refuse = false;
    await clock.advance(20_000);
    expect(logged.slice(1)).toEqual(['cab: open']);
    expect(status.report()).toMatchObject({ state: 'open', why: undefined });
  });

  it('still answers the scans that are being stored when it is told to stop', async () => {
    const { clock, link, waiting, stop, running } = await started(ACK);
    link().receive('ONE\r');
    stop.abort();
    await clock.advance(100);
    waiting[0]?.commit();
    await running;
    expect(link().written).toEqual([STORED]);
    expect(link().open).toBe(false);
  });

  it('does not wait for ever for a commit when it is told to stop', async () => {
    const { clock, link, stop, running } = await started(ACK);
    link().receive('ONE\r');
    stop.abort();
    await clock.advance(3000);
    await running;
    expect(link().open).toBe(false);
  });

  it.each(['decoding', 'reporting'])('rejects with a bug in %s', async (place) => {
    const driver = defineListeningDriver({
      ...lineScanner,
      options: z.strictObject({}),
      framing: () => lineScanner.framing(lineScanner.options.parse({})),
      decode: () => {
        if (place === 'decoding') throw new TypeError('a bug');
        return { observations: [{ kind: 'scan', bytes: new Uint8Array(1) }] };
      },
      feedback: () => undefined,
    });
    const { link, waiting, running } = await started({}, { driver, options: {} });
    link().receive('ONE\r');
    waiting[0]?.refuse(new TypeError('a bug'));
    await expect(running).rejects.toThrow('a bug');
  });

  it('keeps a driver\'s state from frame to frame and forgets it with the link', async () => {
    const driver = defineListeningDriver({
      ...lineScanner,
      options: z.strictObject({}),
      framing: () => lineScanner.framing(lineScanner.options.parse({})),
      decode: (_frame, _options, count: number = 0) => ({
        observations: [{ kind: 'scan', bytes: Buffer.from(String(count)) }],
        state: count + 1,
      }),
      feedback: () => undefined,
    });
    const { clock, link, texts } = await started({}, { driver, options: {} });
    link().receive('A\rB\r');
    link().lose(HANG_UP);
    await clock.advance(1000);
    link().receive('C\r');
    expect(texts()).toEqual(['0', '1', '0']);
  });
});

describe('a listening session on a real pseudo-terminal', () => {
  function pty(): Pty {
    const opened = openPty();
    cleanUps.push(() => opened.close());
    return opened;
  }

  function onPort(path: string, options: object = {}, auto = true) {
    const run = session({ transport: serialTransport({ path, baudRate: 9600 }), options: { terminator: 'CR', ...options }, auto });
    cleanUps.push(run.end);
    return run;
  }

  it('carries a scan in and its answer out, the answer only after the commit', async () => {
    const device = pty();
    let answers = '';
    device.onData((chunk) => (answers += Buffer.from(chunk).toString('latin1')));
    const { waiting, texts, status } = onPort(device.path, ACK, false);
    await vi.waitFor(() => expect(status.report().state).toBe('open'));
    await device.write('ONE\rTWO\r');
    await vi.waitFor(() => expect(texts()).toEqual(['ONE', 'TWO']));
    expect(answers).toBe('');
    waiting[0]?.commit();
    await vi.waitFor(() => expect(answers).toBe(STORED));
    waiting[1]?.refuse();
    await vi.waitFor(() => expect(answers).toBe(STORED + REFUSED));
  });

  it('finds the scanner again behind its link after a replug at another port', async () => {
    const folder = mkdtempSync('/tmp/tailgate-port-');
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const [before, after] = [pty(), pty()];
    const path = join(folder, 'scanner');
    symlinkSync(before.path, path);
    const { texts, status } = onPort(path);
    await vi.waitFor(() => expect(status.report()).toMatchObject({ state: 'open', link: before.path }));
    await before.write('ONE\rHALF');
    await vi.waitFor(() => expect(texts()).toEqual(['ONE']));
    unlinkSync(path);
    symlinkSync(after.path, path);
    before.close();
    await vi.waitFor(() => expect(status.report()).toMatchObject({ state: 'open', link: after.path }), 5000);
    await after.write('OTHER\r');
    await vi.waitFor(() => expect(texts()).toEqual(['ONE', 'OTHER']));
    expect(status.counts.discarded).toEqual({ 'link lost': 4 });
  });

  it('keeps its memory and its senses under 10 MB of garbage', async () => {
    const device = pty();
    const { texts, status } = onPort(device.path);
    await vi.waitFor(() => expect(status.report().state).toBe('open'));
    const before = process.memoryUsage.rss();
    const garbage = Buffer.alloc(100_000, 0x41);
    for (let sent = 0; sent < 100; sent += 1) await device.write(garbage);
    await device.write('\rGOOD\r');
    await vi.waitFor(() => expect(texts()).toEqual(['GOOD']), 10_000);
    expect(status.counts.discarded['too long']).toBe(10_000_001);
    expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000);
  });
});

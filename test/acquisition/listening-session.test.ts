import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lineScanner } from '../../drivers/line-scanner/driver.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { type ListeningSession, type Report, runListening } from '../../src/acquisition/listening-session.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import type { Clock } from '../../src/core/clock.ts';
import { LinkError, ProtocolError, StorageError } from '../../src/core/errors.ts';
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
  const changes: string[] = [];
  const status = new DeviceStatus({ device: 'cab', clock, changed: ({ state, why = '' }) => void changes.push(`${state}: ${why}`) });
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
    note: () => undefined,
    signal: stop.signal,
  });
  running.catch(() => undefined); // the tests that expect a rejection look at it themselves
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { status, changes, waiting, logged, running, stop, end, texts: () => waiting.map(({ text }) => text) };
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

/** A driver of lines that decodes as the test says and answers whenever it is told to. */
function answering(decode: ListeningSession['driver']['decode']): ListeningSession['driver'] {
  return defineListeningDriver({
    ...lineScanner,
    options: z.strictObject({}),
    framing: () => lineScanner.framing(lineScanner.options.parse({})),
    decode: (frame, options, state, atGap) => ({ ...decode(frame, options, state, atGap), state: undefined }),
    feedback: () => ({ stored: Buffer.from('+'), refused: Buffer.from('-') }),
  });
}

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

  it('sends what the protocol wants at once before any commit, and not in the queue of the answers', async () => {
    const driver = answering((frame) => ({ observations: [{ kind: 'scan', bytes: frame }], reply: Buffer.from(`(${frame.length})`) }));
    const { clock, link, waiting } = await started({}, { driver, options: {} });
    link().receive('A\rBB\r');
    await clock.advance(0);
    expect(link().written).toEqual(['(1)', '(2)']);
    for (const scan of waiting) scan.commit();
    await clock.advance(0);
    expect(link().written).toEqual(['(1)', '(2)', '+', '+']);
  });

  it('answers a scan with the feedback that was decoded with it, in its order and time', async () => {
    const driver = answering((frame) => {
      const id = Buffer.from(frame).toString('latin1');
      const feedback = { stored: Buffer.from(`+${id}`), refused: Buffer.from(`-${id}`), answerWithinMs: 1000 };
      return { observations: [{ kind: 'scan', bytes: frame }], ...(id !== 'B' && { feedback }) };
    });
    const { clock, link, waiting, status } = await started({}, { driver, options: {} });
    link().receive('A\rB\rC\rD\r');
    waiting[2]?.refuse();
    waiting[1]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([]);
    waiting[0]?.commit();
    await clock.advance(1001);
    waiting[3]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual(['+A', '+', '-C']);
    expect(status.counts.feedbackLost).toBe(1);
  });

  it('gives what a device sends again the outcome of its first time, and stores it only if that was refused', async () => {
    let code = 'A';
    const driver = answering((frame) => ({ observations: [{ kind: 'scan', bytes: frame }], sent: { code, again: frame[0] === 0x72 } }));
    const { clock, link, waiting, texts, status } = await started({}, { driver, options: {} });
    link().receive('A\rr\r');
    await clock.advance(0);
    expect(link().written).toEqual([]);
    waiting[0]?.commit();
    await clock.advance(0);
    expect([link().written, texts()]).toEqual([['+', '+'], ['A']]);
    expect(status.counts.repeats).toBe(1);
    code = 'B';
    link().receive('B\rr\r');
    waiting[1]?.refuse();
    await clock.advance(0);
    expect([link().written, texts()]).toEqual([['+', '+', '-'], ['A', 'B', 'r']]);
    waiting[2]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual(['+', '+', '-', '+']);
    expect(status.counts.repeats).toBe(1);
  });

  it('takes what is said to be sent again for new where it is not known', async () => {
    const driver = answering((frame) => ({ observations: [{ kind: 'scan', bytes: frame }], sent: { code: 'A', again: true } }));
    const { link, texts } = await started({}, { driver, options: {}, auto: true });
    link().receive('A\r');
    expect(texts()).toEqual(['A']);
  });

  it('goes on reading while commits are slow', async () => {
    const { link, waiting, texts } = await started(ACK);
    for (let scan = 0; scan < 1000; scan += 1) link().receive(`SCAN-${scan}\r`);
    expect(waiting.length).toBe(1000);
    expect(texts()[999]).toBe('SCAN-999');
  });

  it('refuses what is beyond the bound of waiting scans, and takes scans again when there is room', async () => {
    const { clock, link, waiting, status, logged } = await started();
    for (let scan = 0; scan < 9000; scan += 1) link().receive('X\r');
    expect(waiting.length).toBe(8192);
    expect(status.counts.refused).toBe(808);
    for (const scan of waiting) scan.commit();
    await clock.advance(0);
    link().receive('Y\r');
    expect(waiting.length).toBe(8193);
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

  it('sends no answer that comes when the scanner has given up: it would confirm the next scan', async () => {
    const { clock, link, waiting, status } = await started(ACK);
    link().receive('OLD\r');
    await clock.advance(11_000);
    link().receive('NEW\r');
    waiting[0]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([]);
    expect(status.counts.feedbackLost).toBe(1);
    waiting[1]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([STORED]);
  });

  it('answers as long as `answerWithin` says, from the last byte on', async () => {
    const { clock, link, waiting, status } = await started({ ...ACK, answerWithin: '2 s' });
    link().receive('ON');
    await clock.advance(400);
    link().receive('E\rTWO\r');
    await clock.advance(2000);
    waiting[0]?.commit();
    await clock.advance(1);
    waiting[1]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([STORED]);
    expect(status.counts.feedbackLost).toBe(1);
  });

  it('sends no late answer to a link that took long to open', async () => {
    const clock = new FakeClock();
    const fake = fakeTransport();
    const slow: Transport = {
      name: 'slow',
      async open(receive, signal) {
        const link = await fake.open(receive, signal);
        fake.links[0]?.receive('EARLY\r');
        await new Promise<void>((resolve) => void clock.after(10_000, resolve));
        return link;
      },
    };
    const { status } = session({ transport: slow, clock, options: { terminator: 'CR', ...ACK }, auto: true });
    await clock.advance(10_000);
    expect(status.counts.feedbackLost).toBe(1);
    expect(fake.links[0]?.written).toEqual([]);
  });

  it('gives up answers beyond a bound of waiting ones, and counts them', async () => {
    const driver = answering(() => ({ observations: [{ kind: 'scan', bytes: new Uint8Array(1) }] }));
    const { clock, link, waiting, status } = await started({}, { driver, options: {} });
    for (let scan = 0; scan < 4096; scan += 1) link().receive('X\r');
    expect(status.counts.feedbackLost).toBe(0);
    for (let scan = 0; scan < 10; scan += 1) link().receive('X\r');
    expect(status.counts.feedbackLost).toBe(10);
    for (const scan of waiting) scan.commit();
    await clock.advance(0);
    expect(link().written.length).toBe(4096);
  });

  it('says when scans are refused and when they are stored again, each time anew', async () => {
    const { clock, link, waiting, logged } = await started();
    for (const verdict of ['refuse', 'refuse', 'commit', 'commit', 'refuse', 'commit'] as const) {
      link().receive('X\r');
      waiting.at(-1)?.[verdict]();
      await clock.advance(0);
    }
    const said = logged.filter((line) => /scans are/.test(line)).map((line) => /refused|stored again/.exec(line)?.[0]);
    expect(said).toEqual(['refused', 'stored again', 'refused', 'stored again']);
  });

  it('stores an odd code or two, whatever their bytes, and remarks what they look like', async () => {
    const { clock, link, status, texts, waiting } = await started(ACK);
    for (const code of ['\xd6L-7', 'T\xfcr', '\0AB']) link().receive(`${code}\r`);
    expect(texts()).toEqual(['\xd6L-7', 'T\xfcr', '\0AB']);
    waiting[0]?.commit('questioned');
    await clock.advance(0);
    expect(link().written).toEqual([`${STORED}\x1b4,\x1b4,`]);
    const { state, why } = status.report();
    expect(state).toBe('open');
    for (const words of ['wrong baud rate', 'binary codes', '`content: binary`']) expect(why).toContain(words);
    link().receive('GOOD\r');
    expect(status.report()).toMatchObject({ state: 'open', why: undefined });
    expect(status.counts).toMatchObject({ frames: 4, discarded: {} });
  });

  it('refuses a flood of noise, tells the person, and calls the device failing until a good code comes', async () => {
    const { clock, link, status, texts } = await started(ACK, { auto: true });
    for (let frame = 0; frame < 500; frame += 1) link().receive('\x80\xf8\x00\xe6\r');
    await clock.advance(0);
    expect(texts().length).toBe(5);
    expect(link().written.slice(4)).toEqual([STORED, ...Array.from({ length: 495 }, () => REFUSED)]);
    expect(status.report()).toMatchObject({ state: 'failing', why: expect.stringContaining('baudRate') as string });
    expect(status.counts).toMatchObject({ frames: 5, discarded: { noise: 495 * 4 } });
    link().receive('GOOD\r');
    expect(status.report()).toMatchObject({ state: 'open', why: undefined });
    expect(texts().at(-1)).toBe('GOOD');
  });

  it('stores no more than five frames of noise a minute, over reconnects and good codes too', async () => {
    const { clock, link, status, texts } = await started({}, { auto: true });
    for (let frame = 0; frame < 3; frame += 1) link().receive('\x80\xf8\r');
    link().lose(HANG_UP);
    await clock.advance(30_000);
    for (let frame = 0; frame < 3; frame += 1) link().receive('\x80\xf8\rGOOD\r');
    const noise = () => texts().filter((text) => text !== 'GOOD').length;
    expect(noise()).toBe(5);
    link().receive('\x80\xf8\r');
    expect(status.report().state).toBe('failing');
    await clock.advance(30_000);
    for (let frame = 0; frame < 3; frame += 1) link().receive('\x80\xf8\r');
    expect(noise()).toBe(8);
    expect(status.report().state).toBe('failing'); // what is stored of the noise is no end of it
    link().receive('\x80\xf8\r');
    expect(noise()).toBe(8);
  });

  it('stores a code that silence cut, marks it, and says what to set', async () => {
    const { clock, link, status, waiting } = await started({}, { auto: true });
    link().receive('ASSET-114');
    await clock.advance(600);
    link().receive('50\r');
    expect(waiting.map(({ report }) => report.observations[0])).toMatchObject([{ unterminated: true }, {}]);
    expect(waiting[1]?.report.observations[0]).not.toHaveProperty('unterminated');
    expect(status.report().why).toBeUndefined();
    link().receive('NEXT');
    await clock.advance(600);
    expect(status.report()).toMatchObject({ state: 'open', why: "codes end by silence. Set the scanner's suffix to the terminator" });
  });

  it('takes silence for the end where it is configured to be', async () => {
    const { clock, link, status, waiting } = await started({ terminator: 'none' }, { auto: true });
    link().receive('ASSET-11450');
    await clock.advance(600);
    expect(waiting[0]?.report.observations[0]).not.toHaveProperty('unterminated');
    expect(status.report().why).toBeUndefined();
  });

  it('says at most once a minute in the log what makes no sense, and how often it held that back', async () => {
    const { clock, link, logged } = await started({}, { auto: true });
    const said = () => logged.filter((line) => line.includes('baudRate')).length;
    for (let frame = 0; frame < 300; frame += 1) link().receive('\x80\xf8\r');
    expect(said()).toBe(1);
    await clock.advance(59_999);
    link().receive('\x80\xf8\r');
    expect(said()).toBe(1);
    await clock.advance(1);
    link().receive('\x80\xf8\r');
    expect(said()).toBe(2);
  });

  it('lets nothing that a device sent into the log or the status unescaped', async () => {
    const driver = answering(() => {
      throw new ProtocolError({ where: 'x', what: 'not a weight: \x1b[2J\n', fault: 'unexpected' });
    });
    const { link, status, logged } = await started({}, { driver, options: {} });
    link().receive('X\r');
    expect(status.report().why).toBe('not a weight: \\u{1b}[2J\\u{a}');
    expect(logged.filter((line) => line.includes('weight'))).toEqual(['cab: not a weight: \\u{1b}[2J\\u{a}']);
    link().receive('X\rX\r');
    expect(status.report()).toMatchObject({ state: 'failing', why: 'not a weight: \\u{1b}[2J\\u{a}' });
    expect(status.counts.faults).toBe(3);
  });

  it('calls the device failing anew after a reconnect when it still makes no sense', async () => {
    const driver = answering(() => {
      throw new ProtocolError({ where: 'x', what: 'not a weight', fault: 'unexpected' });
    });
    const { clock, link, changes } = await started({}, { driver, options: {} });
    link().receive('X\rX\rX\rX\r');
    link().lose(HANG_UP);
    await clock.advance(1000);
    link().receive('X\rX\rX\rX\r');
    expect(changes).toEqual([
      'open: ',
      'open: not a weight',
      'failing: not a weight',
      'failing: fake: hung up',
      'open: ',
      'open: not a weight',
      'failing: not a weight',
    ]);
  });

  it('refuses a code that is too long, once it has ended, counts it and says what to write', async () => {
    const { clock, link, waiting, status, texts } = await started({ ...ACK, lengthMax: '16 B' });
    link().receive('ONE\r');
    for (const piece of ['0123456789', 'ABCDEF0123456789ABCDEF', '0123456789ABCDEF']) link().receive(piece);
    expect(status.report().why).toBeUndefined();
    link().receive('\r0123456789ABCDEFG\r');
    waiting[0]?.commit();
    await clock.advance(0);
    expect(link().written).toEqual([STORED, REFUSED, REFUSED]);
    expect(status.report()).toMatchObject({ state: 'open', why: expect.stringContaining('`lengthMax`') as string });
    expect(status.counts).toMatchObject({ refused: 2, discarded: { 'too long': 67 } });
    link().receive('TWO\r');
    waiting[1]?.commit();
    await clock.advance(0);
    expect(texts()).toEqual(['ONE', 'TWO']);
    expect(status.report().why).toBeUndefined();
    link().receive('0123456789ABCDEFGHIJK');
    await clock.advance(600);
    expect(link().written).toEqual([STORED, REFUSED, REFUSED, STORED, REFUSED]);
    expect(status.report().why).toContain('terminator');
  });

  it('says what to write too where silence is what ends each code', async () => {
    const { clock, link, status } = await started({ terminator: 'none', lengthMax: '16 B' });
    link().receive('0123456789ABCDEFG');
    await clock.advance(100);
    expect(status.report().why).toContain('`lengthMax`');
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

  it('tells a missing port once, and when it is there', async () => {
    const clock = new FakeClock();
    const transport = fakeTransport();
    transport.refuse = true;
    const { changes } = session({ transport, clock });
    await clock.advance(60_000);
    expect(changes).toEqual(['failing: fake: not there. Plug it in']);
    transport.refuse = false;
    await clock.advance(20_000);
    expect(changes.slice(1)).toEqual(['open: ']);
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

  it('stores a code that still waits for its silence when it is told to stop, and answers it', async () => {
    const { clock, link, waiting, stop, running, texts } = await started({ terminator: 'none', ...ACK });
    link().receive('ASSET-11450');
    await clock.advance(30);
    stop.abort();
    await clock.advance(100);
    expect(texts()).toEqual(['ASSET-11450']);
    waiting[0]?.commit();
    await clock.advance(0);
    await running;
    expect(link().written).toEqual([STORED]);
  });

  it('waits for no longer than a farewell for a silence that is longer, and takes the code then', async () => {
    const { clock, link, status, stop, running, texts } = await started({ terminator: 'none', idleGap: '10 s' });
    link().receive('ASSET-11450');
    stop.abort();
    await clock.advance(2100);
    await running;
    expect(texts()).toEqual(['ASSET-11450']);
    expect(status.counts.discarded).toEqual({});
  });

  it('makes no half code of one that still comes at the end of a farewell', async () => {
    const { clock, link, status, stop, running, texts } = await started({ terminator: 'none', idleGap: '10 s' });
    link().receive('ASSET');
    stop.abort();
    await clock.advance(1500);
    link().receive('-11');
    await clock.advance(600);
    await running;
    expect(texts()).toEqual([]);
    expect(status.counts.discarded).toEqual({ 'link lost': 8 });
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

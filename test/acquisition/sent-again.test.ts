import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { zebraSsi } from '../../drivers/zebra-ssi/driver.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { Intake } from '../../src/acquisition/intake.ts';
import { type Report, runListening } from '../../src/acquisition/listening-session.ts';
import { scanPlace, ScanSense } from '../../src/acquisition/scan-sense.ts';
import type { Clock } from '../../src/core/clock.ts';
import { LinkError, StorageError } from '../../src/core/errors.ts';
import type { Reading } from '../../src/core/reading.ts';
import type { RecordReadings } from '../../src/core/record.ts';
import type { Transport } from '../../src/driver-kit/link.ts';
import { MeterBook } from '../../src/metering/meter-book.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeTransport } from '../support/fake-transport.ts';
import { temporaryFolder } from '../support/folders.ts';
import { CLOCK, openOutbox, SILENT } from '../support/open-outbox.ts';
import { openPty } from '../support/pty.ts';
import { SSI_ACK, SSI_NAK_CONTEXT, SSI_NAK_UNDESIRED, SSI_SEGMENT_ACK, ssiCode, ssiSegments } from '../support/ssi-frames.ts';

const HANG_UP = new LinkError({ where: 'fake', what: 'hung up' });
const RULES = [{ role: 'asset', list: { name: 'assets.csv', codes: new Map([['PUMP-1', undefined]]) } }] as const;
const LONG = `LONG-${'0123456789'.repeat(60)}`;
const [FIRST = '', SECOND = '', THIRD = ''] = ssiSegments(LONG);
const THIRD_AGAIN = ssiSegments(LONG, 'again')[2] ?? '';
/** Another long code, whose end is the same. */
const [OTHER_FIRST = '', OTHER_SECOND = ''] = ssiSegments(`OTHR-${LONG.slice(5)}`);

/** A scanner whose scans are recorded as a gateway does it. */
function running({ transport, clock, record, note, feedback = 'acknowledge' }: { readonly feedback?: string; readonly transport: Transport; readonly clock: Clock; readonly record: RecordReadings; readonly note: (key: string) => string | undefined }) {
  const status = new DeviceStatus({ device: 'ring', clock, changed: () => undefined });
  const scans = new ScanSense({ note, contextTimeoutMs: 1000, isDelivered: () => true });
  const intake = new Intake({ clock, record, meters: new MeterBook(note), scans, rules: RULES });
  const stop = new AbortController();
  const report = (made: Report) => intake.take(made, { mapping: { device: 'ring', meters: {} }, place: scanPlace('ring'), status, lingerMs: 0 });
  const run = runListening({ device: 'ring', driver: zebraSsi, options: zebraSsi.options.parse({ feedback }), transport, status, clock, random: () => 0.01, log: SILENT, report, note, signal: stop.signal });
  const end = async (): Promise<void> => {
    stop.abort();
    await run;
  };
  onTestFinished(end);
  return { status, end };
}

/** The same in memory; what was recorded with a note outlives a restart. */
async function scanner(feedback?: 'beep') {
  const clock = new FakeClock();
  const texts: string[] = [];
  const notes = new Map<string, string>();
  const boot = { id: 'boot', isFull: false };
  const record: RecordReadings = async (readings, made = {}) => {
    if (boot.isFull) throw new StorageError({ where: 'outbox', what: 'the disk is full' });
    texts.push(...readings.map(textOf));
    for (const [key, text] of Object.entries(made)) if (text !== null) notes.set(key, text);
    return { source: 'here', sequences: readings.map((_, index) => index) };
  };
  const start = async () => {
    const transport = fakeTransport();
    const { status } = running({ transport, ...(feedback && { feedback }), clock: { monotonicMs: () => clock.monotonicMs(), after: (ms, action) => clock.after(ms, action), stamp: () => ({ ...clock.stamp(), bootId: boot.id }) }, record, note: (key) => notes.get(key) });
    await clock.advance(0);
    return { transport, status };
  };
  let { transport, status } = await start();
  const told = (): string => transport.links.at(-1)?.written.join('') ?? '';
  return {
    clock,
    texts,
    boot,
    told,
    notes,
    counts: () => status.counts,
    /** Sends frames; resolves with what the scanner is told by them. */
    async sends(...frames: readonly string[]): Promise<string> {
      const before = told().length;
      for (const frame of frames) {
        transport.links.at(-1)?.receive(frame);
        await clock.advance(0);
      }
      return told().slice(before);
    },
    async relinks(): Promise<void> {
      transport.links.at(-1)?.lose(HANG_UP);
      await clock.advance(2000);
    },
    async restarts(): Promise<void> {
      clock.forget();
      ({ transport, status } = await start());
    },
  };
}

function textOf(reading: Reading): string {
  return reading.kind === 'scan' ? reading.content.text : reading.kind;
}

describe('a code that comes again since its acknowledgement was lost', () => {
  it.each(['relinks', 'restarts'] as const)('is counted once and acknowledged when the scanner %s in between', async (event) => {
    const ring = await scanner();
    expect(await ring.sends(ssiCode('PUMP-1'))).toBe(SSI_ACK);
    await ring[event]();
    expect(await ring.sends(ssiCode('PUMP-1', 'again'))).toBe(SSI_ACK);
    await ring[event]();
    expect(await ring.sends(ssiCode('PUMP-1', 'again'))).toBe(SSI_ACK);
    expect(ring.texts).toEqual(['PUMP-1']);
    expect(ring.counts().repeats).toBeGreaterThan(0);
  });

  it.each(['relinks', 'restarts'] as const)('is a scan of its own without the mark, and so is another code with it, when the scanner %s in between', async (event) => {
    const ring = await scanner();
    await ring.sends(ssiCode('PUMP-1'));
    await ring[event]();
    await ring.sends(ssiCode('PUMP-1'));
    await ring[event]();
    await ring.sends(ssiCode('PUMP-2', 'again'));
    await ring[event]();
    await ring.sends(ssiCode('PUMP-1', 'again'));
    expect(ring.texts).toEqual(['PUMP-1', 'PUMP-1', 'PUMP-2', 'PUMP-1']);
  });

  it.each(['relinks', 'restarts'] as const)('is a scan of its own when the scanner must have given up long before, and %s in between', async (event) => {
    const ring = await scanner();
    await ring.sends(ssiCode('PUMP-1'));
    await ring[event]();
    await ring.clock.advance(30_000);
    await ring.sends(ssiCode('PUMP-1', 'again'));
    expect(ring.texts).toEqual(['PUMP-1', 'PUMP-1']);
  });

  it.each(['relinks', 'restarts'] as const)('has the answer of its first time when the scanner %s in between', async (event) => {
    const ring = await scanner('beep');
    const [good, doubtful] = [await ring.sends(ssiCode('PUMP-1')), await ring.sends(ssiCode('PUMP-9'))];
    expect(doubtful).not.toBe(good);
    await ring[event]();
    expect(await ring.sends(ssiCode('PUMP-9', 'again'))).toBe(doubtful);
    expect(ring.texts).toEqual(['PUMP-1', 'PUMP-9']);
  });

  it('is told by wall time after a reboot, and only by a clock that is set', async () => {
    for (const clockState of ['synced', 'unsynced'] as const) {
      const ring = await scanner();
      await ring.sends(ssiCode('PUMP-1'));
      ring.boot.id = 'another boot';
      ring.clock.clockState = clockState;
      await ring.restarts();
      await ring.sends(ssiCode('PUMP-1', 'again'));
      expect(ring.texts).toHaveLength(clockState === 'synced' ? 1 : 2);
    }
  });

  it('is not taken for the one before it where something came that could not be read: that may have been its first time', async () => {
    const ring = await scanner();
    await ring.sends(ssiCode('PUMP-1'));
    await ring.sends(ssiCode('PUMP-1').replace('PUMP', 'PUMA'));
    await ring.clock.advance(2000);
    await ring.sends(ssiCode('PUMP-1', 'again'));
    await ring.sends(ssiCode('PUMP-1').slice(0, 5));
    await ring.relinks();
    await ring.sends(ssiCode('PUMP-1', 'again'));
    expect(ring.texts).toEqual(['PUMP-1', 'PUMP-1', 'PUMP-1']);
  });

  it.each(['relinks', 'restarts'] as const)('is stored when its first time was refused, and the scanner %s in between', async (event) => {
    const ring = await scanner();
    ring.boot.isFull = true;
    expect(await ring.sends(ssiCode('PUMP-1'))).toBe(SSI_NAK_UNDESIRED);
    ring.boot.isFull = false;
    await ring[event]();
    expect(await ring.sends(ssiCode('PUMP-1', 'again'))).toBe(SSI_ACK);
    await ring[event]();
    expect(await ring.sends(ssiCode('PUMP-1', 'again'))).toBe(SSI_ACK);
    expect(ring.texts).toEqual(['PUMP-1']);
  });

  it('is known after a restart by a damaged note as little as by none', async () => {
    for (const damaged of ['', '{', '{"v":2}', '[]']) {
      const ring = await scanner();
      await ring.sends(ssiCode('PUMP-1'));
      ring.notes.set('resend/ring', damaged);
      await ring.restarts();
      await ring.sends(ssiCode('PUMP-1', 'again'));
      expect(ring.texts).toEqual(['PUMP-1', 'PUMP-1']);
    }
  });

  it.each(['relinks', 'restarts'] as const)('can be a long one that comes whole, and the scanner %s in between', async (event) => {
    const ring = await scanner();
    await ring.sends(FIRST, SECOND, THIRD);
    await ring[event]();
    expect(await ring.sends(FIRST, SECOND, THIRD_AGAIN)).toBe(SSI_SEGMENT_ACK.repeat(2) + SSI_ACK);
    expect(ring.texts).toEqual([LONG]);
    await ring.sends(FIRST, SECOND, THIRD);
    expect(ring.texts).toEqual([LONG, LONG]);
  });

  it('can be the end of a long one alone after a relink', async () => {
    const ring = await scanner();
    await ring.sends(FIRST, SECOND, THIRD);
    await ring.relinks();
    expect(await ring.sends(THIRD_AGAIN)).toBe(SSI_ACK);
    expect(await ring.sends(THIRD_AGAIN)).toBe(SSI_ACK);
    expect(ring.texts).toEqual([LONG]);
    expect(ring.counts()).toMatchObject({ faults: 0, repeats: 2 });
  });

  it('is never the end of a long one that began since, though the ends are the same: that one is refused', async () => {
    const ring = await scanner();
    await ring.sends(FIRST, SECOND, THIRD);
    await ring.sends(OTHER_FIRST, OTHER_SECOND);
    await ring.relinks();
    expect(await ring.sends(THIRD_AGAIN)).toBe(SSI_NAK_CONTEXT);
    expect(ring.texts).toEqual([LONG]);
  });

  it('is no end of a long one after a restart, where nobody knows what began since', async () => {
    const ring = await scanner();
    await ring.sends(FIRST, SECOND, THIRD);
    await ring.restarts();
    expect(await ring.sends(THIRD_AGAIN)).toBe(SSI_NAK_CONTEXT);
    expect(ring.counts().faults).toBe(1);
  });
});

describe('a Zebra scanner on a pseudo-terminal before a real outbox', () => {
  it('has a code counted once though it relinks, and its gateway starts anew, before the acknowledgement', async () => {
    const folder = mkdtempSync('/tmp/tailgate-port-');
    const directory = temporaryFolder();
    const ptys = [openPty(), openPty()] as const;
    const path = join(folder, 'scanner');
    symlinkSync(ptys[0].path, path);
    onTestFinished(() => {
      for (const pty of ptys) pty.close();
      rmSync(folder, { recursive: true });
    });
    const heard = ptys.map((pty) => {
      const all = { text: '' };
      pty.onData((chunk) => (all.text += Buffer.from(chunk).toString('latin1')));
      return all;
    });
    const texts: string[] = [];
    const start = async () => {
      const outbox = await openOutbox(directory);
      const record: RecordReadings = (readings, notes, options) => {
        texts.push(...readings.map(textOf));
        return outbox.record(readings, notes, options);
      };
      const run = running({ transport: serialTransport({ path, baudRate: 115_200 }), clock: CLOCK, record, note: (key) => outbox.note(key) });
      return { ...run, outbox };
    };
    const within = { timeout: 10_000, interval: 10 };

    const first = await start();
    await vi.waitFor(() => expect(first.status.report().link).toBe(ptys[0].path), within);
    await ptys[0].write(Buffer.from(ssiCode('PUMP-9'), 'latin1'));
    await vi.waitFor(() => expect(heard[0]?.text).toBe(SSI_ACK), within); // which the scanner never hears, since its link is gone
    unlinkSync(path);
    symlinkSync(ptys[1].path, path);
    ptys[0].close();
    await vi.waitFor(() => expect(first.status.report().link).toBe(ptys[1].path), within);
    await ptys[1].write(Buffer.from(ssiCode('PUMP-9', 'again'), 'latin1'));
    await vi.waitFor(() => expect(heard[1]?.text).toBe(SSI_ACK), within);
    await first.end();
    await first.outbox.close();

    const second = await start();
    await vi.waitFor(() => expect(second.status.report().state).toBe('open'), within);
    await ptys[1].write(Buffer.from(ssiCode('PUMP-9', 'again'), 'latin1'));
    await vi.waitFor(() => expect(heard[1]?.text).toBe(SSI_ACK.repeat(2)), within);
    expect(texts).toEqual(['PUMP-9']);
    await second.end();
    await second.outbox.close();
  }, 30_000);
});

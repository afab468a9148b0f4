import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { Receiver } from '../../demo/receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { fakePrograms } from '../support/programs.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { COMPILER, StorageShim } from '../support/storage-shim.ts';

const LONG = process.env['TAILGATE_LONG'] === '1';
const SENDING_MS = LONG ? 60_000 : 8000;
const STALL_MS = 2000;
/** 115200 baud, 10 bits a byte. */
const BYTES_PER_MS = 11.52;
const POLL_MS = 1000;
const POLLS_AFTERWARDS = 4;
/** The watchdog is fed every third of this. */
const WATCHDOG_MS = 3000;

/** Sends codes at the pace of a serial line and adds them to a list. */
async function sendAtLineRate(pty: Pty, forMs: number, codes: string[]): Promise<void> {
  const startMs = performance.now();
  let sentBytes = 0;
  for (let nowMs = startMs; nowMs - startMs < forMs; nowMs = performance.now()) {
    const due: string[] = [];
    for (; sentBytes < (nowMs - startMs) * BYTES_PER_MS && due.length < PACE_CODES_MAX; sentBytes += CODE_BYTES) due.push(String(codes.length + due.length).padStart(CODE_BYTES - 1, '0'));
    await pty.write(due.map((code) => `${code}\r`).join(''));
    codes.push(...due);
    await wait(PACE_MS);
  }
}

const CODE_BYTES = 24;
const PACE_MS = 4;
/** What the kernel keeps of a serial port that is not read; a pseudo-terminal keeps more. */
const PORT_BYTES = 4096;
/** What a test process that was late itself makes up for at once: less than half of the port's buffer. */
const PACE_CODES_MAX = 80;

// Not where there is no C compiler: the README's test command has to pass with Node alone, and the pipeline installs one.
describe.skipIf(COMPILER === undefined)('storage that takes two seconds for each sync (needs a C compiler)', () => {
  it(
    'loses no byte of a scanner at 115200 baud, keeps a meter\'s schedule, feeds the watchdog, and answers for its status',
    async () => {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'outbox'));
      const shim = StorageShim.over(join(folder, 'outbox'));
      const broker = await DemoBroker.start();
      onTestFinished(() => broker.close());
      const receiver = await Receiver.connect(broker.url, { root: ROOT });
      onTestFinished(() => receiver.close());
      const counted = new Map<unknown, number>();
      receiver.counted = ({ data }) => void counted.set(data['text'], (counted.get(data['text']) ?? 0) + 1);
      const [scanner, meter] = [openPty(), openPty()];
      onTestFinished(() => [scanner, meter].forEach((pty) => pty.close()));
      const slave = new ModbusSlave({ address: 10, send: (bytes) => void meter.write(bytes), answerMs: 5, register: () => Math.floor(performance.now() / 100) & 0x7fff }); // something new to store each time
      const asked: { readonly atMs: number; readonly start: number }[] = [];
      meter.onData((chunk) => {
        const before = slave.questions.length;
        slave.feed(chunk);
        for (const { start } of slave.questions.slice(before)) asked.push({ atMs: performance.now(), start });
      });
      const gateway = TestGateway.make({
        folder,
        mqtt: `url: "${broker.url}"`,
        devices: {
          scanner: `driver: line-scanner, port: ${scanner.path}, terminator: CR`,
          generator: `driver: modbus, port: ${meter.path}, address: 10, profile: deep-sea-genset, every: ${POLL_MS} ms`,
        },
      });
      const { folder: programs, path } = fakePrograms({ 'systemd-notify': 'echo "$@" >> "$(dirname "$0")/told"' });
      const fed = (): number => readFileSync(join(programs, 'told'), 'utf8').split('\n').filter((line) => line === 'WATCHDOG=1').length;
      gateway.start({ ...shim.environment(), NOTIFY_SOCKET: '/does/not/exist', WATCHDOG_USEC: String(WATCHDOG_MS * 1000), PATH: path });
      await gateway.until(({ broker, devices }) => {
        expect(broker.connected).toBe(true);
        expect(devices.map(({ state }) => state)).toEqual(['open', 'open']);
      });
      await vi.waitUntil(() => asked.length > 0, { timeout: 10_000 });

      shim.control.syncMs = STALL_MS;
      const syncsBefore = shim.control.counts.sync;
      const [fromMs, fedBefore] = [performance.now(), fed()];
      const answersMs: number[] = [];
      const unread: number[] = [];
      const codes: string[] = [];
      const sending = new AbortController();
      const asking = (async () => {
        while (!sending.signal.aborted) {
          const [askedMs, sent] = [performance.now(), codes.length];
          const { devices } = await gateway.status();
          unread.push(sent - (devices.find(({ device }) => device === 'scanner')?.frames ?? 0));
          answersMs.push(performance.now() - askedMs);
          await wait(200);
        }
      })();
      await sendAtLineRate(scanner, SENDING_MS, codes);
      sending.abort();
      await asking;
      const toMs = performance.now();
      const [stalls, feeds] = [shim.control.counts.sync - syncsBefore, fed() - fedBefore];
      shim.control.syncMs = 0;

      // Every code arrives at the far side once, none of them in pieces, and nothing was thrown away on the line.
      await vi.waitFor(() => expect(codes.filter((code) => !counted.has(code))).toEqual([]), { timeout: 60_000, interval: 100 });
      const scanned = [...counted].filter(([text]) => text !== undefined);
      expect(scanned.filter(([text, times]) => times !== 1 || !codes.includes(String(text)))).toEqual([]);
      expect(scanner.overruns).toBe(0);
      const { devices } = await gateway.status();
      expect(devices.find(({ device }) => device === 'scanner')?.discarded).toEqual({});

      // A meter is asked on while its readings wait for the disk, up to a bound that no such stall reaches (src/acquisition/polling-session.ts).
      const first = asked[0]?.start;
      const polls = asked.filter(({ atMs, start }) => start === first && atMs >= fromMs && atMs <= toMs);
      const after = (): number[] => asked.filter(({ atMs, start }) => start === first && atMs > toMs + STALL_MS).map(({ atMs }) => atMs);
      await vi.waitUntil(() => after().length > POLLS_AFTERWARDS, { timeout: 30_000 });
      const pausesMs = after()
        .slice(1)
        .map((atMs, index) => atMs - after()[index]!)
        .sort((a, b) => a - b);
      const usualMs = pausesMs[Math.floor(pausesMs.length / 2)]!;
      const slowestMs = Math.max(...answersMs);
      console.log(
        `${stalls} syncs of ${STALL_MS} ms in ${Math.round(toMs - fromMs)} ms: ${codes.length} codes sent at 115200 baud, ${scanned.length} counted, at most ${Math.max(...unread) * CODE_BYTES} bytes unread; ` +
          `${polls.length} polls meanwhile and then one every ${Math.round(usualMs)} ms; the watchdog fed ${feeds} times; status answered ${answersMs.length} times, at most after ${Math.round(slowestMs)} ms`,
      );
      expect(stalls).toBeGreaterThan(SENDING_MS / STALL_MS / 2);
      expect(codes.length * CODE_BYTES).toBeGreaterThan((SENDING_MS * BYTES_PER_MS) / 2);
      expect(polls.length).toBeGreaterThanOrEqual(Math.floor((toMs - fromMs) / POLL_MS) - 1);
      expect(feeds).toBeGreaterThanOrEqual(Math.floor((toMs - fromMs) / (WATCHDOG_MS / 3)) - 1);
      expect(readFileSync(gateway.logFile, 'utf8')).not.toContain('watchdog');
      expect(Math.abs(usualMs - POLL_MS)).toBeLessThan(POLL_MS / 4);
      expect(Math.max(...unread) * CODE_BYTES).toBeLessThan(PORT_BYTES);
      expect(slowestMs).toBeLessThan(STALL_MS / 2);

      // A gateway that does not read shows: stopped, it lets the port fill up.
      process.kill(gateway.pid!, 'SIGSTOP');
      void scanner.write('X'.repeat(200_000));
      await vi.waitUntil(() => scanner.overruns > 0);
      process.kill(gateway.pid!, 'SIGCONT');
      expect(await gateway.end('SIGTERM')).toBe(0);
    },
    SENDING_MS + 120_000,
  );
});

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MOSQUITTO, Mosquitto } from '../support/brokers/mosquitto.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { COMPILER, StorageShim } from '../support/storage-shim.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { Technician } from '../support/technician.ts';

const MINUTES = Number(process.env['TAILGATE_SOAK_MINUTES'] ?? 0.4);
const SCANNERS = 3;
/** What the gateway has still to say of codes that were under way when it was ended. */
const LATE_ANSWERS_MS = 500;
/** A broker that was killed three times in a row looks like one where another client takes the connection over, and is left alone for minutes. */
const DELIVERED_WITHIN_MS = 300_000;

/** What the gateway's process holds, by the second since its start. */
class Figures {
  readonly rssBytes: number[] = [];
  descriptors = 0;

  look(pid: number): void {
    this.rssBytes.push(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024);
    this.descriptors = readdirSync(`/proc/${pid}/fd`).length;
  }

  /** Bytes an hour, by least squares, without the first half minute, in which a process warms up. */
  get slopeAnHour(): number | undefined {
    const values = this.rssBytes.slice(WARM_UP_S);
    if (values.length < WARM_UP_S) return undefined;
    const middle = (values.length - 1) / 2;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const covariance = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
    const variance = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
    return (covariance / variance) * 3600;
  }
}

const WARM_UP_S = 30;

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined || COMPILER === undefined)('a soak with random faults (needs mosquitto and a C compiler)', () => {
  it(
    `of ${MINUTES} minutes loses nothing, counts nothing twice, and leaves memory and descriptors as they were`,
    async () => {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'outbox'));
      const shim = StorageShim.over(join(folder, 'outbox'));
      const broker = await Mosquitto.start();
      const proxy = await TcpProxy.start(broker.port);
      const receiver = await contractReceiver(broker.url, { root: ROOT });
      const counted = new Map<string, number>();
      receiver.counted = ({ data }) => {
        if (typeof data['text'] === 'string') counted.set(data['text'], (counted.get(data['text']) ?? 0) + 1);
      };
      const ptys = Array.from({ length: SCANNERS + 1 }, () => openPty());
      onTestFinished(() => ptys.forEach((pty) => pty.close()));
      const [meter, ...scanners] = ptys as [Pty, ...Pty[]];
      const slave = new ModbusSlave({ address: 10, send: (bytes) => void meter.write(bytes), answerMs: 5 });
      meter.onData((chunk) => slave.feed(chunk));
      const devices = Object.fromEntries(scanners.map(({ path }, index) => [`scanner-${index}`, `driver: line-scanner, port: ${path}, terminator: CR, feedback: honeywell-host-ack, answerWithin: 5 s`]));
      const gateway = TestGateway.make({
        folder,
        mqtt: `url: "${proxy.url}", acknowledgedBy: receiver, receiverOverdue: 5 s, publishDeadline: 3 s`,
        devices: { ...devices, generator: `driver: modbus, port: ${meter.path}, address: 10, profile: deep-sea-genset, every: 1 s` },
      });
      const start = (): void => gateway.start(shim.environment());
      const technician = new Technician();
      const restart = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
        await gateway.end(signal);
        technician.pause();
        start();
        await gateway.untilOpen();
        await wait(LATE_ANSWERS_MS);
        technician.resume();
      };
      const during = async (ms: number, begin: () => void, end: () => void): Promise<void> => {
        begin();
        await wait(ms);
        end();
      };
      const { control } = shim;
      const lift = (): void => void (control.fault = undefined);
      const fail = (error: 'EIO' | 'ENOSPC', which: string) => (): void => void (control.fault = { calls: ['write', 'sync'], from: 1, which, error });
      const faults: Readonly<Record<string, () => Promise<unknown>>> = {
        'kill gateway': async () => restart('SIGKILL'),
        'stop gateway': async () => restart('SIGTERM'),
        'kill broker': async () => broker.stop('SIGKILL').then(() => broker.start()),
        'silent network': async () => during(4000, () => (proxy.silent = true), () => (proxy.silent = false)),
        'reset network': async () => Promise.resolve(proxy.reset()),
        'slow network': async () => during(2000, () => (proxy.bytesPerSecond = 2000), () => (proxy.bytesPerSecond = undefined)),
        'disk fails': async () => during(1000, fail('EIO', 'for good'), lift),
        'disk fails now and then': async () => during(1000, fail('EIO', '0001000000010000'), lift),
        'disk full': async () => during(1000, fail('ENOSPC', 'for good'), lift),
        'disk slow': async () => during(3000, () => (control.syncMs = 300), () => (control.syncMs = 0)),
      };

      start();
      await gateway.untilOpen(); // what is scanned before gets no answer, and the technician waits for one until the next kill
      const scanning = scanners.map((pty, index) => technician.scan(pty, `S${index}`));
      const happened = new Map<string, number>();
      const endMs = performance.now() + MINUTES * 60_000;
      const quietMs = endMs - MINUTES * 60_000 * 0.4; // the last part without faults, in which memory has to stay level
      while (performance.now() < quietMs) {
        const [name = '', fault] = Object.entries(faults)[Math.floor(Math.random() * Object.keys(faults).length)] ?? [];
        happened.set(name, (happened.get(name) ?? 0) + 1);
        await fault?.();
        await wait(300 + Math.random() * 1500);
      }
      const figures = new Figures();
      const descriptors: number[] = [];
      while (performance.now() < endMs) {
        if (gateway.pid !== undefined) figures.look(gateway.pid);
        descriptors.push(figures.descriptors);
        await wait(1000);
      }
      technician.stop();
      await Promise.all(scanning);

      const { accepted } = technician;
      await vi.waitFor(() => expect([...accepted].filter((code) => !counted.has(code))).toEqual([]), { timeout: DELIVERED_WITHIN_MS, interval: 200 });
      await gateway.until(({ outbox }) => expect(outbox.waiting).toEqual({ scan: 0, meter: 0 }), 60_000);
      expect(await gateway.end('SIGTERM')).toBe(0);
      const slope = figures.slopeAnHour;
      console.log(
        `soak of ${MINUTES} min: ${[...happened].map(([name, times]) => `${times} × ${name}`).join(', ')}; ${technician.scanned} scanned, ${accepted.size} told as stored, ${technician.refused} as not stored, ${counted.size} counted, 0 lost, ` +
          `${receiver.duplicates} duplicates dropped, ${receiver.contradictions} with other bytes; RSS ${Math.round((figures.rssBytes.at(-1) ?? 0) / 1e6)} MB, ` +
          `${slope === undefined ? 'too short for a slope' : `${(slope / 1e6).toFixed(1)} MB an hour`}, ${descriptors.at(0) ?? 0} to ${descriptors.at(-1) ?? 0} descriptors`,
      );
      expect(accepted.size).toBeGreaterThan(50);
      expect(receiver.contradictions).toBe(0);
      expect([...counted.values()].every((times) => times === 1)).toBe(true);
      expect(Math.max(...descriptors.slice(5)) - Math.min(...descriptors.slice(5))).toBeLessThanOrEqual(6);
    },
    MINUTES * 60_000 + 2 * DELIVERED_WITHIN_MS,
  );
});

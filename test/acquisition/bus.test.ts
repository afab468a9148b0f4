import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BusDevice, runBus } from '../../src/acquisition/bus.ts';
import { type DeviceReport, DeviceStatus } from '../../src/acquisition/device-status.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import type { Clock } from '../../src/core/clock.ts';
import { LinkError, ProtocolError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Stamp } from '../../src/core/reading.ts';
import type { PollingDriver } from '../../src/driver-kit/define-driver.ts';
import type { Link, Transport } from '../../src/driver-kit/link.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { modbus } from '../../drivers/modbus/driver.ts';
import { profile } from '../../drivers/modbus/profile.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/folders.ts';
import { ModbusSlave, type SlaveParts, withChecksum } from '../support/modbus-slave.ts';
import { openPty } from '../support/pty.ts';

describe('scheduling', () => {
  test('a device is polled right after the port opens and then at its interval', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s' });
    bench.run(device);
    await bench.clock.advance(100);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    await bench.clock.advance(9800);
    expect(slave.questions).toHaveLength(3);
    await bench.clock.advance(20_200);
    expect(device.values()).toHaveLength(4);
  });

  test('polls that are due while another is under way are left out, not made up for', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '5 s' });
    bench.run(device);
    slave.nextFaults.push({ afterMs: 3400 });
    await bench.clock.advance(5500);
    expect(device.polledAtMs()).toEqual([4450, 5050, 6050].map(closeTo));
  });

  test('a report that takes long holds up its own device only', async () => {
    const bench = new Bench();
    const slow = bench.device({ address: 1, every: '1 s' });
    const quick = bench.device({ address: 2, every: '1 s' });
    bench.run({ ...slow, report: () => new Promise(() => undefined) }, quick);
    await bench.clock.advance(5500);
    expect(quick.values()).toHaveLength(6);
  });

  test('a reading is stamped at the last byte of its answer', async () => {
    const { bench, slave, device } = oneDevice({ profile: profileOf({ m100: { address: 100 } }) });
    bench.run(device);
    slave.fault = { pieces: { bytes: 3, everyMs: 40 } };
    await bench.clock.advance(1000);
    expect(device.reports[0]?.stamp.monotonicMs).toBeCloseTo(bench.port.lastInMs, 6);
  });
});

describe('one question at a time', () => {
  test('no question leaves before the last one is answered and the line was silent', async () => {
    const bench = new Bench();
    const devices = [1, 2, 3].map((address) => bench.device({ address, every: '1 s', silence: '7 ms' }));
    bench.run(...devices);
    await bench.clock.advance(10_000);
    const { traffic } = bench.port;
    expect(traffic.length).toBeGreaterThan(3 * 3 * 10);
    const inTurn = traffic.every(({ way }, index) => way !== traffic[index - 1]?.way);
    expect(inTurn).toBe(true);
    const silences = traffic.map(({ way, atMs }, index) => (way === 'out' ? atMs - (traffic[index - 1]?.atMs ?? 0) : Infinity));
    expect(Math.min(...silences)).toBeGreaterThanOrEqual(7);
  });

  test('on a slow line the silence is 3.5 characters and a long answer gets the time it takes on the wire', async () => {
    const bench = new Bench({ baudRate: 1200 });
    const device = bench.device({ address: 1, every: '10 s', responseTimeout: '100 ms', profile: profileOf({ m100: { address: 100 } }) });
    device.slave.fault = { afterMs: 90, pieces: { bytes: 1, everyMs: 11_000 / 1200 } };
    bench.run(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100']);
    expect(bench.port.traffic[0]?.atMs).toBeGreaterThanOrEqual(1000 + (3.5 * 11_000) / 1200);
    expect(bench.port.lastInMs - (bench.port.traffic[0]?.atMs ?? 0)).toBeGreaterThan(100);
  });

  test('a line that never falls silent fails the question with words, and does not stop the gateway', async () => {
    const { bench, device } = oneDevice({ every: '1 s' });
    const babble = (): void => void (bench.port.bring(Uint8Array.of(0x55)), bench.clock.after(3, babble));
    bench.clock.after(100, babble);
    bench.run(device);
    await bench.clock.advance(20_000);
    expect(device.report().why).toContain('the line never falls silent');
    expect(device.report().counts.discarded['unasked']).toBeGreaterThan(1000);
  });
});

describe('late answers', () => {
  test('an answer is never taken for that to another question, however late a device is that answers one by one', async () => {
    let late = 0;
    for (const afterMs of range(180, 6000, 23)) {
      const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '200 ms' });
      bench.run(device);
      slave.nextFaults.push({ afterMs });
      await bench.clock.advance(15_000);
      slave.nextFaults.push({}, { afterMs });
      await bench.clock.advance(15_000);
      expect(device.wrong()).toEqual([]);
      expect(device.report().state).toBe('open');
      expect(device.values().length).toBeGreaterThan(7);
      late += device.report().counts.discarded['perhaps the answer to an earlier question'] ?? 0;
    }
    expect(late).toBeGreaterThan(0);
  });

  test('nor one that comes before twice the time-out, behind the answers to later questions', async () => {
    for (const afterMs of range(180, 400, 3)) {
      const bench = new Bench();
      const device = bench.device({ address: 1, every: '1 s', responseTimeout: '200 ms', oneByOne: false });
      bench.run(device);
      device.slave.nextFaults.push({ afterMs }, {}, {}, {}, { afterMs }, {}, { afterMs }, { afterMs });
      await bench.clock.advance(10_000);
      expect(device.wrong()).toEqual([]);
      expect(device.values().length).toBeGreaterThan(7);
    }
  });

  test('after a time-out the device is not asked again before the line was silent for the response time-out', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms' });
    bench.run(device);
    slave.nextFaults.push({ afterMs: 350 });
    await bench.clock.advance(3000);
    const [first, late, second] = bench.port.traffic;
    expect([first?.way, late?.way, second?.way]).toEqual(['out', 'in', 'out']);
    expect((second?.atMs ?? 0) - (late?.atMs ?? 0)).toBeGreaterThanOrEqual(200);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ unasked: 7 });
  });

  test('a busy device that wakes and answers every try does not get one block into the other', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms' });
    bench.run(device);
    // Both tries are answered one after the other once it wakes: the second answer comes after the question was settled.
    slave.nextFaults.push({ afterMs: 460 }, { afterMs: 120 });
    await bench.clock.advance(9000);
    expect(device.wrong()).toEqual([]);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
  });

  test('two devices of one address share the wait', async () => {
    const bench = new Bench();
    const shared = { address: 1, every: '5 s', responseTimeout: '200 ms' };
    const one = bench.device({ ...shared, profile: profileOf({ m100: { address: 100 } }) });
    const other = bench.device({ ...shared, profile: profileOf({ m200: { address: 200 } }), slave: one.slave });
    bench.run(one, other);
    one.slave.nextFaults.push({ afterMs: 212 });
    await bench.clock.advance(4000);
    expect([...one.wrong(), ...other.wrong()]).toEqual([]);
    expect(other.values()).toEqual(['m200=200']);
    const [question, late, next] = bench.port.traffic;
    expect([question?.way, late?.way, next?.way]).toEqual(['out', 'in', 'out']);
    expect((next?.atMs ?? 0) - (late?.atMs ?? 0)).toBeGreaterThanOrEqual(200);
  });

  test('other devices are asked while one waits for silence', async () => {
    const bench = new Bench();
    const late = bench.device({ address: 1, every: '1 min', responseTimeout: '1 s' });
    const good = bench.device({ address: 2, every: '1 min', responseTimeout: '1 s' });
    late.slave.nextFaults.push({ silent: true });
    bench.run(late, good);
    await bench.clock.advance(1300);
    expect(good.values()).toHaveLength(1);
    expect(late.values()).toHaveLength(0);
    await bench.clock.advance(3000);
    expect(late.values()).toHaveLength(1);
  });

  test('a device that was asked before the link broke is not asked at once on the next one', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '2 s' });
    bench.run(device);
    slave.nextFaults.push({ silent: true });
    await bench.clock.advance(100);
    bench.port.unplug();
    await bench.clock.advance(1800);
    expect(bench.port.opens).toBe(2);
    expect(slave.questions).toHaveLength(1);
    await bench.clock.advance(4000);
    expect(device.values()).toHaveLength(1);
  });

  test('a process that stood still does not take what came meanwhile for an answer', async () => {
    const clock = new StallingClock();
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms' }, clock);
    bench.run(device);
    slave.nextFaults.push({ afterMs: 350 });
    await clock.advance(250); // the time-out is over, the wait for silence has begun
    await clock.stall(500); // the late answer comes and the wait ends, all while the process stands still
    await clock.advance(5000);
    expect(device.wrong()).toEqual([]);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ unasked: 7 });
  });
});

describe('echo', () => {
  test('with echo the request that comes back is dropped and the answer behind it is found', async () => {
    const { bench, slave, device } = oneDevice({ echo: true });
    slave.fault = { echo: true };
    bench.run(device);
    await bench.clock.advance(500);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ echo: 24 });
  });

  test('with echo an answer without it is an error that says so', async () => {
    const { bench, device } = oneDevice({ echo: true });
    bench.run(device);
    await bench.clock.advance(20_000);
    expect(device.values()).toEqual([]);
    expect(device.report().why).toBe('what came back first was not the request. Check the adapter, or set echo: false');
  });

  test('with echo a dead adapter is told from a dead device', async () => {
    const { bench, slave, device } = oneDevice({ echo: true });
    slave.fault = { silent: true };
    bench.run(device);
    await bench.clock.advance(20_000);
    expect(device.report().why).toContain('not even the echo');
    slave.fault = { silent: true, echo: true };
    await bench.clock.advance(60_000);
    expect(device.report().why).toContain('no answer in 1 s');
  });

  test('an echo that nobody configured does no harm', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s' });
    slave.fault = { echo: true };
    bench.run(device);
    await bench.clock.advance(10_000);
    expect(device.wrong()).toEqual([]);
    expect(device.values()).toHaveLength(10);
  });
});

describe('damage on the line', () => {
  test('half an answer, then silence, is counted and asked again', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.nextFaults.push({ half: true });
    bench.run(device);
    await bench.clock.advance(5000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts).toMatchObject({ discarded: { 'cut off': 3 }, faults: 1, frames: 3 });
    slave.fault = { half: true };
    await bench.clock.advance(90_000);
    expect(device.report().why).toContain('no usable answer in 1 s');
  });

  test('noise before and after an answer is thrown away and counted', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.fault = { noiseBefore: Uint8Array.of(0, 1, 0xff), noiseAfter: Uint8Array.of(0, 0) };
    bench.run(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ 'not the answer': 15 });
  });

  test('another device\'s answer is dropped and the timer runs on', async () => {
    const { bench, slave, device } = oneDevice({ retries: 0, every: '10 s', profile: profileOf({ m100: { address: 100 } }) });
    slave.nextFaults.push({ foreignFirst: true });
    bench.run(device);
    await bench.clock.advance(9900);
    expect(device.values()).toEqual(['m100=100']);

    slave.fault = { silent: true };
    const foreign = (): void => void (bench.port.bring(withChecksum([9, 3, 2, 0, 0])), bench.clock.after(100, foreign));
    bench.clock.after(150, foreign);
    await bench.clock.advance(1050);
    expect(device.report().state).toBe('open');
    await bench.clock.advance(100);
    expect(device.report().why).toContain('no usable answer in 1 s');
    await bench.clock.advance(20_000);
    expect(device.report().why).toContain('the line never falls silent');
  });

  test('a second answer in the same breath is counted and not used', async () => {
    const { bench, slave, device } = oneDevice({ profile: profileOf({ m100: { address: 100 } }) });
    slave.fault = { noiseAfter: withChecksum([1, 3, 2, 0, 99]) };
    bench.run(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100']);
    expect(device.report().counts).toMatchObject({ frames: 1, discarded: { 'after the answer': 7 } });
  });

  test('a bad checksum is never a reading, and the question is asked again', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.nextFaults.push({}, { badChecksum: true });
    bench.run(device);
    await bench.clock.advance(8000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded['bad checksum']).toBe(1);
    expect(device.report().counts.faults).toBe(1);
  });

  test('an answer in pieces is one answer', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.fault = { pieces: { bytes: 1, everyMs: 20 } };
    bench.run(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
  });

  test('a refusal costs its own points their value and is not retried', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.nextFaults.push({}, { exception: 2 });
    bench.run(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=exception 2, illegal data address m300=300']);
    expect(slave.questions).toHaveLength(3);
    expect(device.report().state).toBe('open');
  });
});

describe('a silent device', () => {
  test('it is failing with words and a remedy while its neighbour goes on', async () => {
    const bench = new Bench();
    const good = bench.device({ address: 1, every: '2 s' });
    const dead = bench.device({ address: 2, every: '2 s' });
    dead.slave.fault = { silent: true };
    bench.run(good, dead);
    await bench.clock.advance(60_500);
    expect(dead.report()).toMatchObject({
      state: 'failing',
      why: 'no answer in 1 s. Check the address, the wiring (A/B), the baud rate and the power',
    });
    expect(good.report().state).toBe('open');
    expect(good.values()).toHaveLength(31);
    for (const [index, atMs] of good.polledAtMs().entries()) expect(atMs - (1000 + 2000 * index)).toBeLessThan(1300);
  });

  test('it is asked ever more rarely, then without retries, and at least once a minute', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s', retries: 1, profile: profileOf({ m100: { address: 100 } }) });
    slave.fault = { silent: true };
    bench.run(device);
    await bench.clock.advance(3_600_000);
    const askedAtMs = bench.port.traffic.map(({ atMs }) => atMs);
    const gaps = askedAtMs.map((atMs, index) => atMs - (askedAtMs[index - 1] ?? atMs)).slice(1);
    expect(gaps.at(-1)).toBeGreaterThan(55_000);
    expect(Math.max(...gaps)).toBeLessThan(65_000);
    expect(gaps.slice(6).every((gap, index, all) => gap >= (all[index - 1] ?? 0) - 1)).toBe(true);
    expect(askedAtMs.length).toBeLessThan(80);
  });

  test('one that is polled rarely is asked again soon, so that who mends it sees it', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 min', retries: 0 });
    slave.fault = { silent: true };
    bench.run(device);
    await bench.clock.advance(5000);
    slave.fault = {};
    await bench.clock.advance(6000);
    expect(device.report().state).toBe('open');
  });

  test('it is told once when it fails and once when it answers again', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s' });
    bench.run(device);
    await bench.clock.advance(1500);
    slave.fault = { silent: true };
    await bench.clock.advance(120_000);
    slave.fault = {};
    await bench.clock.advance(61_000);
    expect(bench.said).toEqual([
      'info device-1: answers',
      'warn device-1: no answer in 1 s. Check the address, the wiring (A/B), the baud rate and the power',
      'info device-1: answers',
    ]);
    expect(device.changes.map(({ state }) => state)).toEqual(['open', 'failing', 'open']);
  });

  test('one that leaves the first questions unanswered is not asked all the others', async () => {
    const points = Object.fromEntries(range(100, 2000, 100).map((address) => [`m${address}`, { address }]));
    const { bench, slave, device } = oneDevice({ every: '10 min', retries: 0, profile: profileOf(points) });
    slave.fault = { silent: true };
    bench.run(device);
    await bench.clock.advance(5000);
    expect(slave.questions).toHaveLength(2);
  });
});

describe('the link', () => {
  test('when it is gone all its devices fail with words, and they are polled again when it is back', async () => {
    const bench = new Bench();
    const devices = [bench.device({ address: 1, every: '1 min' }), bench.device({ address: 2, every: '1 min' })];
    bench.run(...devices);
    await bench.clock.advance(1000);
    bench.port.present = false;
    bench.port.unplug();
    await bench.clock.advance(30_000);
    for (const device of devices) {
      expect(device.report()).toMatchObject({ state: 'failing', why: 'memory: there is no such port. Plug it in' });
    }
    expect(bench.said.filter((line) => line.startsWith('warn'))).toEqual([
      'warn memory: the adapter was pulled out. Plug it in',
      'warn memory: there is no such port. Plug it in',
    ]);
    bench.port.present = true;
    await bench.clock.advance(11_000);
    for (const device of devices) {
      expect(device.report().state).toBe('open');
      expect(device.values()).toHaveLength(2);
      expect(device.report().counts.opens).toBe(2);
    }
  });

  test('an unplug in the middle of an answer takes no byte over to the next link', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s' });
    bench.run(device);
    slave.nextFaults.push({ pieces: { bytes: 4, everyMs: 1e9 } });
    await bench.clock.advance(100);
    bench.port.unplug();
    await bench.clock.advance(8000);
    expect(device.wrong()).toEqual([]);
    expect(device.values().length).toBeGreaterThan(3);
    expect(device.report().counts.discarded).toEqual({ 'cut off': 4 });
  });

  test('a write that fails closes the link and opens it again, for the devices too that are not due', async () => {
    const bench = new Bench();
    const [often, seldom] = [bench.device({ address: 1, every: '1 s' }), bench.device({ address: 2, every: '1 d' })];
    bench.run(often, seldom);
    await bench.clock.advance(1500);
    bench.port.writeFails = true;
    await bench.clock.advance(1000);
    bench.port.writeFails = false;
    await bench.clock.advance(5000);
    expect(bench.port.opens).toBe(2);
    expect([often.report().state, seldom.report().state]).toEqual(['open', 'open']);
  });

  test('a write that never ends is given up', async () => {
    const { bench, device } = oneDevice({ every: '1 s' });
    bench.port.writeHangs = true;
    bench.run(device);
    await bench.clock.advance(31_000);
    expect(device.report().why).toBe('memory/1: a request did not leave within 30 s');
  });

  test('bytes that come before the first question are counted', async () => {
    const { bench, device } = oneDevice({});
    bench.port.greeting = Uint8Array.of(1, 2, 3);
    bench.run(device);
    await bench.clock.advance(1000);
    expect(device.report().counts.discarded).toEqual({ unasked: 3 });
  });

  test('stopping ends everything at once, whatever is under way', async () => {
    for (const stopMs of range(0, 2600, 13)) {
      const { bench, slave, device } = oneDevice({ every: '1 s' });
      slave.nextFaults.push({}, { silent: true }, { afterMs: 1100 });
      bench.run(device);
      await bench.clock.advance(stopMs);
      const stopped = bench.stop();
      await bench.clock.advance(0);
      await stopped;
      expect(bench.port.closes).toBe(bench.port.opens);
    }
  });

  test('what is no fault of a device or link is a bug and comes out', async () => {
    const { bench, device } = oneDevice({});
    bench.run({ ...device, report: () => Promise.reject(new TypeError('a bug')) });
    await bench.clock.advance(1000);
    await expect(bench.done).rejects.toThrow('a bug');
  });

  test('a driver that cannot use its options fails with its words and does not spin', async () => {
    const { bench, device } = oneDevice({ every: '1 s', only: ['m100', 'speed'] });
    bench.run(device);
    await bench.clock.advance(100_000);
    expect(device.report().why).toBe('the profile has no meter "speed". It has m100, m200, m300');
    expect(bench.said).toHaveLength(1);
  });
});

describe('over a real pseudo-terminal', () => {
  test('right values, an unplug, a replug under another name, and a late answer', { timeout: 30_000 }, async () => {
    const path = join(temporaryFolder(), 'port');
    const clock = systemClock(() => 'synced');
    const plug = (slaveParts: Partial<SlaveParts> = {}): { slave: ModbusSlave; pull: () => void } => {
      const pty = openPty();
      onTestFinished(() => pty.close());
      const slave = new ModbusSlave({ address: 7, send: (bytes) => void pty.write(bytes), ...slaveParts });
      pty.onData((chunk) => slave.feed(chunk));
      symlinkSync(pty.path, `${path}.new`);
      renameSync(`${path}.new`, path);
      return { slave, pull: () => pty.close() };
    };
    const bench = new Bench({ clock, transport: serialTransport({ path, baudRate: 115_200 }) });
    const device = bench.device({ address: 7, every: '1 s', responseTimeout: '150 ms', silence: '2 ms' });
    const first = plug();
    bench.run(device);
    await until(() => device.values().length >= 1);

    first.slave.nextFaults.push({ afterMs: 220 }, {}, { echo: true }, { foreignFirst: true }, { half: true });
    await until(() => first.slave.nextFaults.length === 0 && device.values().length >= 3);
    first.pull();
    await until(() => device.report().state === 'failing');

    const before = device.values().length;
    const second = plug();
    await until(() => device.values().length > before);
    expect(second.slave.questions.length).toBeGreaterThan(0);
    expect(device.report().state).toBe('open');
    expect(device.wrong()).toEqual([]);
    await bench.stop();
  });
});

/** A profile of 16-bit holding registers; each register of the slave holds its own address. */
function profileOf(meters: Readonly<Record<string, { readonly address: number }>>): unknown {
  const points = Object.entries(meters).map(([name, point]) => [name, { ...point, quantity: 'count', kind: 'gauge' }]);
  return profile.parse({
    brand: 'Test',
    model: 'Test',
    source: ['none'],
    notation: 'zero-based',
    function: 3,
    type: 'uint16',
    meters: Object.fromEntries(points) as Record<string, never>,
  });
}

interface DeviceOptions {
  readonly address: number;
  readonly every?: string;
  readonly responseTimeout?: string;
  readonly silence?: string;
  readonly retries?: number;
  readonly echo?: boolean;
  readonly only?: readonly string[];
  readonly profile?: unknown;
  readonly slave?: ModbusSlave;
  readonly oneByOne?: boolean;
}

interface BenchDevice extends BusDevice {
  readonly slave: ModbusSlave;
  readonly driver: PollingDriver;
  readonly reports: { readonly observations: readonly Observation[]; readonly stamp: Stamp }[];
  readonly changes: DeviceReport[];
  values(): string[];
  /** Meters that hold another register's value: each must hold its own address. */
  wrong(): string[];
  polledAtMs(): number[];
  report(): DeviceReport;
  report(observations: readonly Observation[], stamp: Stamp): Promise<void>;
}

/** A port, a clock and a bus over them. */
class Bench {
  readonly clock: Clock & { advance(ms: number): Promise<void> };
  readonly port: MemoryPort;
  readonly said: string[] = [];
  done: Promise<void> = Promise.resolve();
  readonly #transport: Transport;
  readonly #baudRate: number | undefined;
  readonly #stop = new AbortController();

  constructor(parts: { clock?: Clock; transport?: Transport; baudRate?: number } = {}) {
    const clock = parts.clock ?? new FakeClock();
    this.clock = Object.assign(clock, 'advance' in clock ? {} : { advance: () => Promise.resolve() }) as Bench['clock'];
    this.port = new MemoryPort(this.clock);
    this.#transport = parts.transport ?? this.port;
    this.#baudRate = parts.baudRate;
    onTestFinished(async () => {
      void this.stop();
      await this.clock.advance(0);
    });
  }

  device({ slave, oneByOne = true, profile: given, ...options }: DeviceOptions): BenchDevice {
    const { address } = options;
    const name = `device-${address}`;
    const parsed = modbus.options.parse({ profile: 'test', ...options });
    const answering =
      slave ??
      new ModbusSlave({ address, oneByOne, send: (bytes) => this.port.bring(bytes), after: (ms, action) => void this.clock.after(ms, action) });
    if (slave === undefined) this.port.slaves.push(answering);
    const reports: BenchDevice['reports'] = [];
    const changes: DeviceReport[] = [];
    const status = new DeviceStatus({ device: name, clock: this.clock, changed: (change) => void changes.push(change) });
    const shown = (observation: Observation): string => {
      if (observation.kind !== 'meter') return 'no meter';
      const { meter, value } = observation;
      return `${meter}=${typeof value === 'object' && 'missing' in value ? value.missing : value.toString()}`;
    };
    function report(): DeviceReport;
    function report(observations: readonly Observation[], stamp: Stamp): Promise<void>;
    function report(observations?: readonly Observation[], stamp?: Stamp): DeviceReport | Promise<void> {
      if (observations === undefined || stamp === undefined) return status.report();
      reports.push({ observations, stamp });
      return Promise.resolve();
    }
    return {
      name,
      driver: modbus,
      options: { ...parsed, profile: given ?? profileOf({ m100: { address: 100 }, m200: { address: 200 }, m300: { address: 300 } }) },
      status,
      slave: answering,
      reports,
      changes,
      values: () => reports.map(({ observations }) => observations.map(shown).join(' ')),
      wrong: () => reports.flatMap(({ observations }) => observations.map(shown)).filter((one) => /=\d+$/.test(one) && !/^m(\d+)=\1$/.test(one)),
      polledAtMs: () => reports.map(({ stamp }) => stamp.monotonicMs),
      report,
    };
  }

  run(...devices: readonly BusDevice[]): void {
    const log: Log = {
      debug: () => undefined,
      info: (message) => void this.said.push(`info ${message}`),
      warn: (message) => void this.said.push(`warn ${message}`),
      error: (message) => void this.said.push(`error ${message}`),
    };
    const parts = { transport: this.#transport, baudRate: this.#baudRate, devices, clock: this.clock, random: () => 1, log };
    this.done = runBus({ ...parts, signal: this.#stop.signal });
    this.done.catch(() => undefined); // a test that expects a bug looks itself
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.done.catch(() => undefined);
  }
}

function oneDevice(options: Omit<DeviceOptions, 'address'>, clock?: Clock): { bench: Bench; slave: ModbusSlave; device: BenchDevice } {
  const bench = new Bench(clock === undefined ? {} : { clock });
  const device = bench.device({ address: 1, ...options });
  return { bench, slave: device.slave, device };
}

/** A port in memory with slaves on its line, which keeps a record of all traffic. */
class MemoryPort implements Transport {
  readonly name = 'memory';
  readonly slaves: ModbusSlave[] = [];
  readonly traffic: { readonly way: 'in' | 'out'; readonly atMs: number }[] = [];
  present = true;
  writeFails = false;
  writeHangs = false;
  greeting: Uint8Array | undefined;
  opens = 0;
  closes = 0;
  readonly #clock: Clock;
  #receive: ((chunk: Uint8Array) => void) | undefined;
  #lose: ((fault: LinkError | undefined) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lastInMs(): number {
    return this.traffic.findLast(({ way }) => way === 'in')?.atMs ?? Number.NaN;
  }

  open(receive: (chunk: Uint8Array) => void): Promise<Link> {
    if (!this.present) return Promise.reject(fault('there is no such port'));
    this.opens += 1;
    this.#receive = receive;
    const closed = new Promise<LinkError | undefined>((resolve) => (this.#lose = resolve));
    if (this.greeting !== undefined) receive(this.greeting);
    return Promise.resolve({
      name: `memory/${this.opens}`,
      closed,
      write: (bytes) => this.#write(bytes),
      close: () => {
        this.closes += 1;
        this.#receive = undefined;
        this.#lose?.(undefined);
        return Promise.resolve();
      },
    });
  }

  /** Brings bytes to the gateway. */
  bring(bytes: Uint8Array): void {
    if (this.#receive === undefined) return;
    this.traffic.push({ way: 'in', atMs: this.#clock.monotonicMs() });
    const deliver = (): void => this.#receive?.(bytes);
    if (this.#clock instanceof StallingClock) this.#clock.whenAwake(deliver);
    else deliver();
  }

  unplug(): void {
    this.#receive = undefined;
    this.#lose?.(fault('the adapter was pulled out'));
  }

  #write(bytes: Uint8Array): Promise<void> {
    if (this.writeHangs) return new Promise(() => undefined);
    if (this.writeFails) return Promise.reject(fault('the adapter takes no bytes'));
    this.traffic.push({ way: 'out', atMs: this.#clock.monotonicMs() });
    for (const slave of this.slaves) slave.feed(bytes);
    return Promise.resolve();
  }
}

/** A clock of a process that can stand still: timers then fire late, and bytes are seen only after them. */
class StallingClock extends FakeClock {
  #stalled = false;
  readonly #kernel: (() => void)[] = [];
  readonly #lateTimers: (() => void)[] = [];

  override after(delayMs: number, action: () => void): () => void {
    let cancelled = false;
    const cancel = super.after(delayMs, () => {
      const run = (): void => void (cancelled || action());
      if (this.#stalled && !this.#isOutside(action)) this.#lateTimers.push(run);
      else run();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  whenAwake(deliver: () => void): void {
    if (this.#stalled) this.#kernel.push(deliver);
    else deliver();
  }

  async stall(ms: number): Promise<void> {
    this.#stalled = true;
    await this.advance(ms);
    this.#stalled = false;
    for (const run of this.#lateTimers.splice(0)) run();
    await this.advance(0); // what the timers began has run before the kernel's bytes are read
    for (const deliver of this.#kernel.splice(0)) deliver();
  }

  /** The slaves' own timers are not part of the process. */
  #isOutside(action: () => void): boolean {
    return action.toString().includes('#send');
  }
}

function fault(what: string): LinkError {
  return new LinkError({ where: 'memory', what, remedy: 'Plug it in' });
}

function closeTo(ms: number): number {
  return expect.closeTo(ms, -2) as number;
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const giveUpMs = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > giveUpMs) throw new ProtocolError({ fault: 'silent', where: 'test', what: 'it did not come true in time' });
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}

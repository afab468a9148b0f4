import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BusDevice, runBus } from '../../src/acquisition/bus.ts';
import { type DeviceReport, DeviceStatus } from '../../src/acquisition/device-status.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import { PollDesk } from '../../src/acquisition/poll-desk.ts';
import type { Clock } from '../../src/core/clock.ts';
import { LinkError, ProtocolError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Stamp } from '../../src/core/reading.ts';
import type { PollingDriver } from '../../src/driver-kit/define-driver.ts';
import type { Link, Transport } from '../../src/driver-kit/link.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { modbus } from '../../drivers/modbus/driver.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/folders.ts';
import { profileOf } from '../support/modbus-profile.ts';
import { ModbusSlave, type SlaveFault, type SlaveParts, withChecksum } from '../support/modbus-slave.ts';
import { openPty } from '../support/pty.ts';

describe('scheduling', () => {
  test('a device is polled right after the port opens and then at its interval', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s' });
    await bench.begin(device);
    await bench.clock.advance(100);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    await bench.clock.advance(8800);
    expect(slave.questions).toHaveLength(3);
    await bench.clock.advance(20_200);
    expect(device.values()).toHaveLength(4);
  });

  test('polls that are due while another is under way are left out, not made up for', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '5 s' });
    await bench.begin(device);
    slave.nextFaults.push({ afterMs: 3400 });
    await bench.clock.advance(5500);
    expect(device.polledAtMs()).toEqual([9450, 10_050, 11_050].map(closeTo));
  });

  test('a report that takes long holds up its own device only', async () => {
    const bench = new Bench();
    const slow = bench.device({ address: 1, every: '1 s' });
    const quick = bench.device({ address: 2, every: '1 s' });
    bench.run({ ...slow, report: () => new Promise(() => undefined) }, quick);
    await bench.clock.advance(6500);
    expect(quick.values()).toHaveLength(6);
  });

  test('a reading is stamped at the last byte of its answer', async () => {
    const { bench, slave, device } = oneDevice({ profile: profileOf({ m100: { address: 100 } }) });
    await bench.begin(device);
    slave.fault = { pieces: { bytes: 3, everyMs: 40 } };
    await bench.clock.advance(1000);
    expect(device.reports[0]?.stamp.monotonicMs).toBeCloseTo(bench.port.lastInMs, 6);
  });
});

describe('a reading on demand', () => {
  /** Two devices on one line, the first of which can be wished to be read. */
  function demanded(options: Partial<DeviceOptions> = {}) {
    const bench = new Bench();
    const device = bench.device({ address: 1, every: '1 min', retries: 0, ...options });
    const desk = new PollDesk([device, { name: 'scanner', driver: { ...device.driver, reports: 'scans' }, options: {} }]);
    return { bench, device: Object.assign(device, { requests: desk.requestsOf(device.name) }), slave: device.slave, desk, ask: (meter?: string) => Promise.resolve(desk.poll(device.name, meter)) };
  }

  test('asks the device at once, for the one meter that is wished or for all, and leaves its schedule alone', async () => {
    const { bench, device, slave, ask } = demanded();
    await bench.begin(device);
    await bench.clock.advance(20_000);
    const outcomes = [ask('m200'), ask()];
    await bench.clock.advance(100);
    expect(await Promise.all(outcomes)).toEqual([{ kind: 'read', values: 1 }, { kind: 'read', values: 3 }]);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300', 'm200=200', 'm100=100 m200=200 m300=300']);
    expect(device.reports.map(({ demanded: wish }) => wish)).toEqual([undefined, undefined, undefined, { meter: 'm200' }, {}, {}, {}]);
    expect(slave.questions.map(({ start }) => start)).toEqual([100, 200, 300, 200, 100, 200, 300]);
    await bench.clock.advance(38_000);
    expect(device.values()).toHaveLength(3);
    await bench.clock.advance(1200);
    expect(device.values()).toHaveLength(4);
  });

  test('waits for the poll that is under way', async () => {
    const { bench, device, slave, ask } = demanded();
    await bench.begin(device);
    slave.nextFaults.push({ afterMs: 900 });
    await bench.clock.advance(300);
    const outcome = ask('m100');
    await bench.clock.advance(1000);
    expect(await outcome).toEqual({ kind: 'read', values: 1 });
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300', 'm100=100']);
  });

  test('keeps no poll of the schedule from its turn, however many are wished', async () => {
    const { bench, device, ask } = demanded({ every: '1 s' });
    await bench.begin(device);
    await bench.clock.advance(100);
    let isOver = false;
    const again = (): void => void (isOver || ask('m100').then(again));
    for (let wishes = 0; wishes < 16; wishes += 1) again();
    await bench.clock.advance(10_000);
    isOver = true;
    const scheduled = device.reports.filter(({ demanded: wish }) => wish === undefined);
    expect(scheduled.length).toBeGreaterThanOrEqual(3 * 9);
    expect(device.reports.length - scheduled.length).toBeGreaterThan(50);
  });

  test('of a device that does not answer is refused with what its state says, and asks it although it is asked rarely', async () => {
    const { bench, device, slave, ask } = demanded({ responseTimeout: '200 ms' });
    await bench.begin(device);
    slave.fault = { silent: true };
    await bench.clock.advance(300_000);
    const asked = slave.questions.length;
    const outcome = ask('m100');
    await bench.clock.advance(3000);
    expect(await outcome).toEqual({ kind: 'refused', code: 'no_answer', message: device.report().why });
    expect(slave.questions.length).toBe(asked + 1);
    slave.fault = {};
    const again = ask('m100');
    await bench.clock.advance(3000);
    expect(await again).toEqual({ kind: 'read', values: 1 });
    expect(device.report().state).toBe('open');
  });

  test('is refused where the port is not open, goes, or was told to stop', async () => {
    const { bench, device, slave, ask } = demanded();
    expect(await ask()).toMatchObject({ code: 'no_answer', message: expect.stringContaining('port is not open') as string });
    await bench.begin(device);
    await bench.clock.advance(100);
    slave.fault = { silent: true };
    const outcomes = [ask('m100'), ask('m200')];
    await bench.clock.advance(50);
    bench.port.unplug();
    await bench.clock.advance(10);
    expect(await Promise.all(outcomes)).toMatchObject([{ code: 'no_answer', message: 'the link was lost' }, { code: 'no_answer' }]);
    await bench.clock.advance(5000);
    const last = ask('m100');
    await bench.clock.advance(10);
    await Promise.all([bench.stop(), bench.clock.advance(10)]);
    expect(await last).toMatchObject({ kind: 'refused', code: 'no_answer' });
  });

  test('that could not be stored is refused', async () => {
    const { bench, device, ask } = demanded();
    bench.run({ ...device, report: () => Promise.resolve('refused' as const) });
    await bench.clock.advance(2000);
    const outcome = ask();
    await bench.clock.advance(100);
    expect(await outcome).toMatchObject({ kind: 'refused', code: 'storage' });
  });

  test('of what there is not, or of more than can wait, is refused at once', async () => {
    const { bench, device, slave, desk, ask } = demanded();
    expect(desk.poll('nobody')).toMatchObject({ code: 'unknown_device', message: 'there is no such device; there are device-1, scanner' });
    expect(desk.poll('constructor')).toMatchObject({ code: 'unknown_device' });
    expect(desk.poll('scanner')).toMatchObject({ code: 'not_pollable' });
    expect(desk.poll(device.name, 'm101')).toMatchObject({ code: 'unknown_meter', message: 'it has no such meter; it has m100, m200, m300' });
    await bench.begin(device);
    await bench.clock.advance(100);
    slave.fault = { silent: true };
    const many = Array.from({ length: 20 }, () => ask('m100'));
    await bench.clock.advance(60_000);
    const codes = (await Promise.all(many)).map((outcome) => ('code' in outcome ? outcome.code : outcome.kind));
    expect(codes.filter((code) => code === 'busy').length).toBeGreaterThanOrEqual(3);
    expect(codes.filter((code) => code === 'no_answer').length).toBeGreaterThanOrEqual(16);
  });
});

describe('the time of a reading', () => {
  test('is that of its own answer, however long the others of the poll take', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 min' });
    await bench.begin(device);
    slave.nextFaults.push({}, { silent: true }, { silent: true }, {}, { silent: true });
    await bench.clock.advance(20_000);
    const answeredAtMs = bench.port.traffic.filter(({ way }) => way === 'in').map(({ atMs }) => atMs);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(answeredAtMs.at(-1)! - answeredAtMs[0]!).toBeGreaterThan(6000);
    expect(device.reports.map(({ stamp }) => stamp.monotonicMs)).toEqual([answeredAtMs[0], answeredAtMs[1], answeredAtMs.at(-1)]);
  });

  test('is that of the answer also when a driver takes its time over it', async () => {
    const { bench, device } = oneDevice({ every: '1 min', profile: profileOf({ m100: { address: 100 } }) });
    const poll: PollingDriver['poll'] = async (link, options, emit, learnt) => {
      const found: (readonly Observation[])[] = [];
      const known = await device.driver.poll(link, options, (observations) => void found.push(observations), learnt);
      await new Promise<void>((resolve) => void bench.clock.after(300, resolve));
      for (const observations of found) emit(observations);
      return known;
    };
    await bench.begin({ ...device, driver: { ...device.driver, poll } });
    await bench.clock.advance(1000);
    expect(device.reports.map(({ stamp }) => stamp.monotonicMs)).toEqual([bench.port.lastInMs]);
  });

  test('is the present one where there was no answer', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 min', retries: 0 });
    await bench.begin(device);
    slave.nextFaults.push({}, {}, { silent: true });
    await bench.clock.advance(5000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=no answer']);
    expect(device.reports.at(-1)!.stamp.monotonicMs).toBe(bench.port.traffic.at(-1)!.atMs + 1000);
  });
});

describe('one question at a time', () => {
  test('no question leaves before the last one is answered and the line was silent', async () => {
    const bench = new Bench();
    const devices = [1, 2, 3].map((address) => bench.device({ address, every: '1 s', silence: '7 ms' }));
    await bench.begin(...devices);
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
    await bench.begin(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100']);
    expect(bench.port.traffic[0]?.atMs).toBeGreaterThanOrEqual(1000 + (3.5 * 11_000) / 1200);
    expect(bench.port.lastInMs - (bench.port.traffic[0]?.atMs ?? 0)).toBeGreaterThan(100);
  });

  test('a line that never falls silent fails the question with words, and does not stop the gateway', async () => {
    const { bench, device } = oneDevice({ every: '1 s' });
    const babble = (): void => void (bench.port.bring(Uint8Array.of(0x55)), bench.clock.after(3, babble));
    bench.clock.after(100, babble);
    await bench.begin(device);
    await bench.clock.advance(20_000);
    expect(device.report().why).toContain('the line never falls silent');
    expect(device.report().counts.discarded['unasked']).toBeGreaterThan(1000);
  });
});

describe('late answers', { timeout: 90_000 }, () => {
  test('an answer is never taken for that to another question, however late a device is that answers one by one', async () => {
    let late = 0;
    for (const afterMs of range(180, 6000, 23)) {
      const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '200 ms' });
      await bench.begin(device);
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
      await bench.begin(device);
      device.slave.nextFaults.push({ afterMs }, {}, {}, {}, { afterMs }, {}, { afterMs }, { afterMs });
      await bench.clock.advance(20_000);
      expect(device.wrong()).toEqual([]);
      expect(device.values().length).toBeGreaterThan(10);
    }
  });

  test('nor where a device is late with both tries of a question, and later with the second', async () => {
    for (const afterMs of range(0, 1200, 7)) {
      const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '200 ms' });
      await bench.begin(device);
      slave.nextFaults.push({ afterMs: 450 }, { afterMs });
      await bench.clock.advance(8000);
      expect(device.wrong()).toEqual([]);
      expect(device.values().length).toBeGreaterThan(3);
    }
  });

  test('nor where every answer takes longer than the time-out, by whatever', async () => {
    for (const afterMs of range(180, 700, 3)) {
      const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '200 ms' });
      await bench.begin(device);
      slave.fault = { afterMs };
      await bench.clock.advance(60_000);
      slave.fault = {};
      await bench.clock.advance(70_000);
      expect(device.wrong()).toEqual([]);
      expect(device.report().state).toBe('open');
    }
  });

  test('after a time-out the device is not asked again before the line was silent for the response time-out', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms' });
    await bench.begin(device);
    slave.nextFaults.push({ afterMs: 350 });
    await bench.clock.advance(3000);
    const [first, late, second] = bench.port.traffic;
    expect([first?.way, late?.way, second?.way]).toEqual(['out', 'in', 'out']);
    expect((second?.atMs ?? 0) - (late?.atMs ?? 0)).toBeGreaterThanOrEqual(200);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ unasked: 7 });
  });

  test('an answer to the same question of an earlier poll is not taken for a fresh one', async () => {
    const bench = new Bench();
    let reads = 0;
    const profile = profileOf({ m100: { address: 100 } });
    const slave: ModbusSlave = new ModbusSlave({
      address: 1,
      oneByOne: false,
      send: (bytes) => bench.port.bring(bytes),
      after: (ms, action) => void bench.clock.after(ms, action),
      register: () => (reads += 1),
    });
    bench.port.slaves.push(slave);
    const device = bench.device({ address: 1, every: '1 s', responseTimeout: '200 ms', retries: 0, profile, slave });
    await bench.begin(device);
    const known = device.values().length;
    slave.nextFaults.push({ silent: true });
    await bench.clock.advance(500);
    // What the device would have said to the question of the first poll comes within that of the second.
    while (slave.questions.length < 2) await bench.clock.advance(5);
    bench.port.bring(withChecksum([1, 3, 2, 0x7f, 0xff]));
    await bench.clock.advance(10_000);
    expect(device.values().length).toBeGreaterThan(known);
    expect(device.values()).not.toContain('m100=32767');
  });

  test('a busy device that wakes and answers every try does not get one block into the other', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms' });
    await bench.begin(device);
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
    await bench.begin(one, other);
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
    await bench.begin(late, good);
    late.slave.nextFaults.push({ silent: true });
    await bench.clock.advance(1300);
    expect(good.values()).toHaveLength(1);
    expect(late.values()).toHaveLength(0);
    await bench.clock.advance(3000);
    expect(late.values()).toHaveLength(1);
  });

  test('one that wakes, and rests since more may come, holds up no retry of the others', async () => {
    const bench = new Bench();
    const waking = bench.device({ address: 1, every: '1 s', responseTimeout: '1 s' });
    const good = bench.device({ address: 2, every: '1 s', responseTimeout: '1 s' });
    await bench.begin(waking, good);
    waking.slave.fault = { silent: true };
    await bench.clock.advance(10_000);
    waking.slave.fault = {};
    const questions = waking.slave.questions.length;
    while (waking.slave.questions.length === questions) await bench.clock.advance(100); // its first answer: it rests now
    good.slave.nextFaults.push({ silent: true });
    await bench.clock.advance(1000);
    const values = good.values().length;
    await bench.clock.advance(3000);
    expect(good.report().counts.faults).toBe(1);
    expect(good.values().length).toBeGreaterThan(values);
  });

  test('a device that was asked before the link broke is not asked at once on the next one', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '2 s' });
    await bench.begin(device);
    slave.nextFaults.push({ silent: true });
    await bench.clock.advance(100);
    bench.port.unplug();
    await bench.clock.advance(1800);
    expect(bench.port.opens).toBe(2);
    expect(slave.questions).toHaveLength(1);
    await bench.clock.advance(17_500); // its first answer is perhaps that to the question of before, and is not used
    expect(device.values()).toHaveLength(1);
  });

  test('a process that was started anew does not take the answer to a question of before for its own', async () => {
    for (const afterMs of range(30, 1500, 35)) {
      const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '500 ms' });
      await bench.begin(device);
      slave.nextFaults.push({}, {});
      slave.fault = { afterMs };
      await bench.clock.advance(60); // the third question is under way
      await bench.stop();
      const restarted = new Bench({ clock: bench.clock, transport: bench.port });
      const same = restarted.device({ address: 1, every: '10 s', responseTimeout: '500 ms', slave });
      restarted.run(same);
      await restarted.clock.advance(5000);
      slave.fault = {};
      await restarted.clock.advance(30_000);
      expect(slave.questions.slice(0, 3).map(({ start }) => start)).toEqual([100, 200, 300]);
      expect([...device.wrong(), ...same.wrong()]).toEqual([]);
      expect(same.values().length).toBeGreaterThan(1);
    }
  });

  test('a healthy device gives its first readings about one response time-out after the start', async () => {
    const bench = new Bench();
    const devices = [1, 2, 3].map((address) => bench.device({ address, responseTimeout: '1 s' }));
    bench.run(...devices);
    await bench.clock.advance(1250);
    expect(devices.map((device) => device.values())).toEqual(devices.map(() => ['m100=100 m200=200 m300=300']));
  });

  test('the wait after a failure is never shorter than twice the silence', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms', silence: '300 ms' });
    await bench.begin(device);
    slave.nextFaults.push({ silent: true });
    await bench.clock.advance(3000);
    const [first, second] = bench.port.traffic;
    expect([first?.way, second?.way]).toEqual(['out', 'out']);
    expect(second!.atMs - first!.atMs).toBeCloseTo(200 + 2 * 300 + 300, -2);
  });

  test.each<[string, SlaveFault]>([
    ['a stray byte before every answer', { noiseBefore: Uint8Array.of(0) }],
    ['an echo that nobody configured', { echo: true }],
  ])('with %s one lost answer costs a device no more than the wait for what it may owe', async (_, fault) => {
    const bench = new Bench();
    const devices = [1, 2, 3].map((address) => bench.device({ address, every: '1 s', profile: profileOf({ m100: { address: 100 } }) }));
    for (const { slave } of devices) slave.fault = fault;
    await bench.begin(...devices);
    devices[0]?.slave.nextFaults.push({}, { silent: true });
    await bench.clock.advance(600_000);
    for (const device of devices) {
      expect(device.values().length).toBeGreaterThan(590);
      expect(device.wrong()).toEqual([]);
    }
  });

  test('a device is asked again even where stray bytes never end between the questions', async () => {
    const bench = new Bench();
    const device = bench.device({ address: 1, every: '1 s' });
    await bench.begin(device);
    const glitch = (): void => void (bench.port.bring(Uint8Array.of(0)), bench.clock.after(700, glitch));
    glitch();
    device.slave.nextFaults.push({}, { silent: true });
    await bench.clock.advance(120_000);
    expect(device.report().state).toBe('open');
    expect(device.values().length).toBeGreaterThan(70);
    expect(device.wrong()).toEqual([]);
  });

  test('a process that stood still does not take what came meanwhile for an answer', async () => {
    const clock = new StallingClock();
    const { bench, slave, device } = oneDevice({ every: '10 s', responseTimeout: '200 ms' }, clock);
    await bench.begin(device);
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
    await bench.begin(device);
    await bench.clock.advance(500);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ echo: 24 });
  });

  test('with echo an answer gets the time that the echo takes on the wire', async () => {
    const bench = new Bench({ baudRate: 1200 });
    const device = bench.device({ address: 1, every: '10 s', responseTimeout: '50 ms', echo: true, profile: profileOf({ m100: { address: 100 } }) });
    device.slave.fault = { echo: true, afterMs: 50 + (11 * 11_000) / 1200 };
    bench.run(device);
    await bench.clock.advance(2000);
    expect(device.values()).toEqual(['m100=100']);
  });

  test('with echo an answer without it is an error that says so', async () => {
    const { bench, device } = oneDevice({ echo: true });
    await bench.begin(device);
    await bench.clock.advance(20_000);
    expect(device.values()).toEqual([]);
    expect(device.report().why).toBe('what came back first was not the request. Check the adapter, or set echo: false');
  });

  test('with echo a dead adapter is told from a dead device', async () => {
    const { bench, slave, device } = oneDevice({ echo: true });
    slave.fault = { silent: true };
    await bench.begin(device);
    await bench.clock.advance(20_000);
    expect(device.report().why).toContain('not even the echo');
    slave.fault = { silent: true, echo: true };
    await bench.clock.advance(60_000);
    expect(device.report().why).toContain('no answer in 1 s');
  });

  test('an echo that nobody configured does no harm', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s' });
    slave.fault = { echo: true };
    await bench.begin(device);
    await bench.clock.advance(10_000);
    expect(device.wrong()).toEqual([]);
    expect(device.values()).toHaveLength(10);
  });
});

describe('damage on the line', () => {
  test('half an answer, then silence, is counted and asked again', async () => {
    const { bench, slave, device } = oneDevice({});
    await bench.begin(device);
    slave.nextFaults.push({ half: true });
    await bench.clock.advance(9900);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts).toMatchObject({ discarded: { 'cut off': 3 }, faults: 1, frames: 3 });
    slave.fault = { half: true };
    await bench.clock.advance(90_000);
    expect(device.report().why).toContain('no usable answer in 1 s');
  });

  test('noise before and after an answer is thrown away and counted', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.fault = { noiseBefore: Uint8Array.of(0, 1, 0xff), noiseAfter: Uint8Array.of(0, 0) };
    await bench.begin(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded).toEqual({ 'not the answer': 15 });
  });

  test('another device\'s answer is dropped and the timer runs on', async () => {
    const { bench, slave, device } = oneDevice({ retries: 0, every: '10 s', profile: profileOf({ m100: { address: 100 } }) });
    await bench.begin(device);
    slave.nextFaults.push({ foreignFirst: true });
    await bench.clock.advance(8900);
    expect(device.values()).toEqual(['m100=100']);

    slave.fault = { silent: true };
    const foreign = (): void => void (bench.port.bring(withChecksum([9, 3, 2, 0, 0])), bench.clock.after(100, foreign));
    bench.clock.after(150, foreign);
    await bench.clock.advance(1050);
    expect(device.report().state).toBe('open');
    await bench.clock.advance(100);
    expect(device.report().why).toContain('no usable answer in 1 s');
  });

  test('a second answer in the same breath is counted and not used', async () => {
    const { bench, slave, device } = oneDevice({ profile: profileOf({ m100: { address: 100 } }) });
    slave.fault = { noiseAfter: withChecksum([1, 3, 2, 0, 99]) };
    await bench.begin(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100']);
    expect(device.report().counts).toMatchObject({ frames: 1, discarded: { 'after the answer': 7 } });
  });

  test.each([
    ['while ours is out', 800],
    ['just before ours', 755],
  ])('the answer to another master that asks the same device %s is not taken for ours', async (_, afterMs) => {
    const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '200 ms', profile: profileOf({ m100: { address: 100 } }) });
    await bench.begin(device);
    while (slave.questions.length === 0) await bench.clock.advance(1);
    slave.nextFaults.push({ silent: true }); // ours is lost where both spoke at once
    await bench.clock.advance(afterMs);
    bench.port.bring(withChecksum([1, 3, 0, 200, 0, 1]));
    await bench.clock.advance(40);
    expect(slave.questions).toHaveLength(2);
    bench.port.bring(withChecksum([1, 3, 2, 0, 200]));

    await bench.clock.advance(60_000);
    expect(device.wrong()).toEqual([]);
    expect(device.values().length).toBeGreaterThan(50);
  });

  test('another master that never lets off keeps values out, with words; an echo that nobody configured does not', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '200 ms' });
    await bench.begin(device);
    slave.fault = { echo: true };
    await bench.clock.advance(5000);
    expect(device.values().length).toBeGreaterThan(3);
    slave.fault = {};
    const ask = (): void => void (bench.port.bring(withChecksum([1, 3, 0, 50, 0, 1])), bench.clock.after(60, ask));
    ask();
    await bench.clock.advance(60_000);
    expect(device.report()).toMatchObject({ state: 'failing' });
    expect(device.report().why).toContain('another master asks the same device');
  });

  test('a bad checksum is never a reading, and the question is asked again', async () => {
    const { bench, slave, device } = oneDevice({});
    await bench.begin(device);
    slave.nextFaults.push({}, { badChecksum: true });
    await bench.clock.advance(9900);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(device.report().counts.discarded['bad checksum']).toBe(1);
    expect(device.report().counts.faults).toBe(1);
  });

  test('an answer with any one bit wrong, or cut at any byte, is never a reading', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s', responseTimeout: '50 ms', retries: 0, profile: profileOf({ m100: { address: 100 } }) });
    await bench.begin(device);
    const whole = withChecksum([1, 3, 2, 0, 100]);
    const flipped = range(0, 8 * whole.length - 1, 1).map((bit) => whole.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));
    const cut = range(1, whole.length - 1, 1).flatMap((at) => [whole.slice(0, at), whole.slice(at)]);
    for (const bad of [...flipped, ...cut]) {
      const before = { asked: slave.questions.length, read: device.values().length };
      slave.nextFaults.push({ silent: true });
      while (slave.questions.length === before.asked) await bench.clock.advance(5);
      bench.port.bring(bad);
      await bench.clock.advance(60);
      expect(device.values().length).toBe(before.read);
      while (device.values().length === before.read) await bench.clock.advance(50);
    }
    expect(device.wrong()).toEqual([]);
    expect(device.report()).toMatchObject({ state: 'open', counts: { faults: 56 + 12 } });
  });

  test('an answer in pieces is one answer', async () => {
    const { bench, slave, device } = oneDevice({});
    slave.fault = { pieces: { bytes: 1, everyMs: 20 } };
    await bench.begin(device);
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
  });

  test('a refusal costs its own points their value and is not retried', async () => {
    const { bench, slave, device } = oneDevice({});
    await bench.begin(device);
    slave.nextFaults.push({}, { exception: 2 });
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=exception 2, illegal data address m300=300']);
    expect(slave.questions).toHaveLength(3);
    expect(device.report().state).toBe('open');
  });

  test.each([5, 6])('a device that is not ready (exception %i) is asked again after a pause, as often as one that does not answer', async (exception) => {
    const { bench, slave, device } = oneDevice({ retries: 2, responseTimeout: '400 ms' });
    await bench.begin(device);
    slave.nextFaults.push({}, { exception }, { exception });
    await bench.clock.advance(1000);
    expect(device.values()).toEqual(['m100=100 m200=200 m300=300']);
    expect(slave.questions.map(({ start }) => start)).toEqual([100, 200, 200, 200, 300]);
    const asked = bench.port.traffic.filter(({ way }) => way === 'out').map(({ atMs }) => atMs);
    expect([2, 3].map((at) => (asked[at] ?? 0) - (asked[at - 1] ?? 0)).every((ms) => ms >= 400 && ms < 500)).toBe(true);
    expect(device.report().counts.faults).toBe(2);
  });

  test('one that stays busy has no value, with its reason, and its neighbours on the line go on meanwhile', async () => {
    const bench = new Bench();
    const busy = bench.device({ address: 1, every: '1 min', retries: 1, responseTimeout: '30 s' });
    const other = bench.device({ address: 2, every: '1 s', retries: 0 });
    bench.run(busy, other);
    await bench.clock.advance(30_100);
    busy.slave.fault = { exception: 6 };
    other.reports.length = 0;
    await bench.clock.advance(60_000);
    const busyNow = 'exception 6, device busy';
    expect(busy.values().at(-1)).toBe(`m100=${busyNow} m200=${busyNow} m300=${busyNow}`);
    expect(busy.slave.questions.slice(-6).map(({ start }) => start)).toEqual([100, 100, 200, 200, 300, 300]);
    expect(other.values().length).toBeGreaterThan(58);
    expect(busy.report().state).toBe('open');
  });

  test('one that is busy and then late gives its own values and no other\'s', async () => {
    const { bench, slave, device } = oneDevice({ retries: 2, responseTimeout: '400 ms' });
    await bench.begin(device);
    slave.nextFaults.push({}, { exception: 6 }, { afterMs: 900 });
    await bench.clock.advance(30_000);
    expect(device.wrong()).toEqual([]);
    expect(device.values()[0]).toBe('m100=100 m200=200 m300=300');
  });
});

describe('a silent device', () => {
  test('it is failing with words and a remedy while its neighbour goes on', async () => {
    const bench = new Bench();
    const good = bench.device({ address: 1, every: '2 s' });
    const dead = bench.device({ address: 2, every: '2 s' });
    dead.slave.fault = { silent: true };
    await bench.begin(good, dead);
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
    await bench.begin(device);
    await bench.clock.advance(3_600_000);
    const askedAtMs = bench.port.traffic.map(({ atMs }) => atMs);
    const gaps = askedAtMs.map((atMs, index) => atMs - (askedAtMs[index - 1] ?? atMs)).slice(1);
    expect(gaps.at(-1)).toBeGreaterThan(55_000);
    expect(Math.max(...gaps)).toBeLessThan(65_000);
    expect(gaps.slice(6).every((gap, index, all) => gap >= (all[index - 1] ?? 0) - 1)).toBe(true);
    expect(askedAtMs.length).toBeLessThan(80);
  });

  test('many dead devices together leave a busy line to those that answer', async () => {
    const bench = new Bench();
    const busy = bench.device({ address: 1, every: '1 s', responseTimeout: '1 s' });
    const quick: BusDevice = { ...busy, driver: { ...busy.driver, schedule: (options) => ({ ...busy.driver.schedule(options), everyMs: 1 }) } };
    const dead = range(2, 31, 1).map((address) => bench.device({ address, every: '1 s', responseTimeout: '1 s', retries: 2 }));
    for (const { slave } of dead) slave.fault = { silent: true };
    busy.slave.fault = { afterMs: 100 };
    bench.run(quick, ...dead);
    await bench.clock.advance(500_000);
    const before = busy.slave.questions.length;
    const probesBefore = dead.map(({ slave }) => slave.questions.length);
    await bench.clock.advance(150_000);
    const asked = busy.slave.questions.length - before;
    expect(asked).toBeGreaterThan((0.75 * 150_000) / 106); // with the silence before it an exchange takes 105 ms
    const probes = dead.reduce((sum, { slave }, index) => sum + slave.questions.length - probesBefore[index]!, 0);
    expect(probes).toBeGreaterThan(20);
    expect(probes).toBeLessThan(32);
  });

  test('a dead device costs each question of another no more than its own deadline, and one a probe', async () => {
    const bench = new Bench();
    const good = bench.device({ address: 1, every: '1 s', profile: profileOf({ m100: { address: 100 } }) });
    const dead = bench.device({ address: 2, every: '1 s', responseTimeout: '300 ms', retries: 2 });
    dead.slave.fault = { silent: true };
    await bench.begin(good, dead);
    await bench.clock.advance(120_000);
    const lateMs = good.polledAtMs().map((atMs, index, all) => atMs - (all[0]! + 1000 * index));
    expect(Math.max(...lateMs)).toBeLessThan(330);
    dead.slave.questions.length = 0;
    await bench.clock.advance(60_000);
    expect(dead.slave.questions.length).toBeLessThanOrEqual(2);
  });

  test('one that is polled rarely is asked again soon, so that who mends it sees it', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 min', retries: 0 });
    slave.fault = { silent: true };
    await bench.begin(device);
    await bench.clock.advance(5000);
    slave.fault = {};
    await bench.clock.advance(12_000);
    expect(device.report().state).toBe('open');
  });

  test('it is told once when it fails and once when it answers again', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s' });
    await bench.begin(device);
    await bench.clock.advance(1500);
    slave.fault = { silent: true };
    await bench.clock.advance(120_000);
    slave.fault = {};
    await bench.clock.advance(70_000);
    expect(device.changes.map(({ state, why }) => why ?? state)).toEqual([
      'open',
      'no answer in 1 s. Check the address, the wiring (A/B), the baud rate and the power',
      'open',
    ]);
  });

  test('one that answers again is polled by its schedule and with retries, as if nothing had been', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s', retries: 1 });
    await bench.begin(device);
    slave.fault = { silent: true };
    await bench.clock.advance(300_000);
    slave.fault = {};
    await bench.clock.advance(70_000);
    const before = device.values().length;
    await bench.clock.advance(10_000);
    expect(device.values()).toHaveLength(before + 10);
    slave.nextFaults.push({ silent: true });
    await bench.clock.advance(10_000);
    expect(device.changes.map(({ state }) => state)).toEqual(['failing', 'open']);
  });

  test('one that leaves the first questions unanswered is not asked all the others', async () => {
    const points = Object.fromEntries(range(100, 2000, 100).map((address) => [`m${address}`, { address }]));
    const { bench, slave, device } = oneDevice({ every: '10 min', retries: 0, profile: profileOf(points) });
    await bench.begin(device);
    slave.fault = { silent: true };
    await bench.clock.advance(5000);
    expect(slave.questions).toHaveLength(2);
  });

  test('one that never answers its first question is read when it comes on, though it was off at the start', async () => {
    const { bench, slave, device } = oneDevice({ every: '10 s' });
    slave.fault = { silent: true };
    await bench.begin(device);
    await bench.clock.advance(120_000);
    expect(device.values()).toEqual([]);
    slave.fault = { silentAt: 100 };
    await bench.clock.advance(300_000);
    expect(device.values()).toContain('m200=200 m300=300 m100=no answer');
    expect(device.report().state).toBe('open');
  });

  test('alone behind a device server has the connection made anew every few minutes, and is asked ever more rarely', async () => {
    const bench = new Bench();
    bench.port.endsUnnoticed = true;
    const dead = bench.device({ address: 1, every: '10 s' });
    dead.slave.fault = { silent: true };
    await bench.begin(dead);
    await bench.clock.advance(1_800_000);
    const [opens, questions] = [bench.port.opens, dead.slave.questions.length];
    await bench.clock.advance(3_600_000);
    expect(bench.port.opens - opens).toBe(15);
    expect(dead.slave.questions.length - questions).toBeLessThan(100);
    expect(dead.report()).toMatchObject({ state: 'failing', why: expect.stringContaining('no answer in 1 s') as string });
  });
});

describe('the link', () => {
  test('when it is gone all its devices fail with words, and they are polled again when it is back', async () => {
    const bench = new Bench();
    const devices = [bench.device({ address: 1, every: '1 min' }), bench.device({ address: 2, every: '1 min' })];
    await bench.begin(...devices);
    await bench.clock.advance(1000);
    bench.port.present = false;
    bench.port.unplug();
    await bench.clock.advance(30_000);
    for (const device of devices) {
      expect(device.report()).toMatchObject({ state: 'failing', why: 'memory: there is no such port. Plug it in' });
    }
    expect(devices[0]?.changes.map(({ state, why }) => why ?? state)).toEqual([
      'open',
      'memory: the adapter was pulled out. Plug it in',
      'memory: there is no such port. Plug it in',
    ]);
    bench.port.present = true;
    await bench.clock.advance(11_000);
    for (const device of devices) {
      expect(device.report().state).toBe('open');
      expect(device.values()).toHaveLength(2);
      expect(device.report().counts.opens).toBe(2);
    }
  });

  test('a report that never ends keeps no lost link: all fail with words, and the others are polled on the next one', async () => {
    const bench = new Bench();
    const [hung, good] = [bench.device({ address: 1, every: '1 s' }), bench.device({ address: 2, every: '1 s' })];
    const stored: (() => void)[] = [];
    bench.run({ ...hung, report: () => new Promise((resolve) => void stored.push(resolve)) }, good);
    await bench.clock.advance(1500);
    expect(stored.length).toBeGreaterThanOrEqual(3);
    await bench.clock.advance(10_000);
    expect(stored.length).toBeGreaterThanOrEqual(30); // its schedule goes on
    await bench.clock.advance(60_000);
    expect(stored.length).toBeLessThan(70); // up to a bound
    const waiting = stored.length;
    bench.port.present = false;
    bench.port.unplug();
    await bench.clock.advance(100);
    expect([hung, good].map(({ status }) => status.report().state)).toEqual(['failing', 'failing']);
    bench.port.present = true;
    await bench.clock.advance(20_000);
    expect(bench.port.opens).toBe(2);
    expect(good.report().state).toBe('open');
    expect(hung.report().why).toBe('what was read before the link was lost is not stored yet');
    expect(stored).toHaveLength(waiting);
    for (const resolve of stored.splice(0)) resolve();
    await bench.clock.advance(1000);
    expect(hung.report().state).toBe('open');
    expect(stored.length).toBeGreaterThanOrEqual(3);
  });

  test('a report that ends in a bug after its link was lost comes out with the next one', async () => {
    const { bench, device } = oneDevice({});
    const fail: ((bug: Error) => void)[] = [];
    bench.run({ ...device, report: () => new Promise((_, reject) => void fail.push(reject)) });
    await bench.clock.advance(1500);
    bench.port.unplug();
    await bench.clock.advance(100);
    for (const reject of fail) reject(new TypeError('a bug'));
    await bench.clock.advance(1000);
    await expect(bench.done).rejects.toThrow('a bug');
  });

  test('what a link says of itself is made printable and cut', async () => {
    const { bench, device } = oneDevice({});
    bench.port.present = false;
    bench.port.absence = `no port "\u202e\u009b" among ${'x'.repeat(3000)}`;
    bench.run(device);
    await bench.clock.advance(100);
    expect(device.report().why).toContain('no port "\\u{202e}\\u{9b}" among xxx');
    expect(device.report().why!.length).toBeLessThan(1100);
  });

  test('an unplug in the middle of an answer takes no byte over to the next link', async () => {
    const { bench, slave, device } = oneDevice({ every: '1 s' });
    await bench.begin(device);
    slave.nextFaults.push({ pieces: { bytes: 4, everyMs: 1e9 } });
    await bench.clock.advance(100);
    bench.port.unplug();
    await bench.clock.advance(16_000);
    expect(device.wrong()).toEqual([]);
    expect(device.values().length).toBeGreaterThan(3);
    expect(device.report().counts.discarded).toEqual({ 'cut off': 4, 'perhaps the answer to an earlier question': 7 });
  });

  test('a write that fails closes the link and opens it again, for the devices too that are not due', async () => {
    const bench = new Bench();
    const [often, seldom] = [bench.device({ address: 1, every: '1 s' }), bench.device({ address: 2, every: '1 d' })];
    await bench.begin(often, seldom);
    await bench.clock.advance(1500);
    bench.port.writeFails = true;
    await bench.clock.advance(700);
    bench.port.writeFails = false;
    await bench.clock.advance(10_000);
    expect(bench.port.opens).toBe(2);
    expect([often.report().state, seldom.report().state]).toEqual(['open', 'open']);
  });

  test('a write that never ends is given up', async () => {
    const { bench, device } = oneDevice({ every: '1 s' });
    bench.port.writeHangs = true;
    await bench.begin(device);
    await bench.clock.advance(31_000);
    expect(device.report().why).toBe('memory/1: a request did not leave within 30 s');
  });

  test('bytes that come before the first question are counted', async () => {
    const { bench, device } = oneDevice({});
    bench.port.greeting = Uint8Array.of(1, 2, 3);
    bench.run(device);
    await bench.clock.advance(0);
    expect(device.report().counts.discarded).toEqual({ unasked: 3 });
  });

  test('stopping ends everything at once, whatever is under way', async () => {
    for (const stopMs of range(0, 2600, 13)) {
      const { bench, slave, device } = oneDevice({ every: '1 s' });
      await bench.begin(device);
      slave.nextFaults.push({}, { silent: true }, { afterMs: 1100 });
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
    await bench.clock.advance(2000);
    await expect(bench.done).rejects.toThrow('a bug');
  });

  test('a driver that cannot use its options fails with its words and does not spin', async () => {
    const { bench, device } = oneDevice({ every: '1 s', only: ['m100', 'speed'] });
    await bench.begin(device);
    await bench.clock.advance(100_000);
    expect(device.report().why).toBe('the profile has no meter "speed". It has m100, m200, m300');
    expect(device.changes).toHaveLength(1);
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
  readonly reports: { readonly poll: number; readonly observations: readonly Observation[]; readonly stamp: Stamp; readonly demanded?: { readonly meter?: string | undefined } | undefined }[];
  readonly changes: DeviceReport[];
  /** What each poll brought, a line each. */
  values(): string[];
  /** Meters that hold another register's value: each must hold its own address. */
  wrong(): string[];
  polledAtMs(): number[];
  report(): DeviceReport;
  report(observations: readonly Observation[], stamp: Stamp, demanded?: { readonly meter?: string | undefined }): Promise<void>;
}

/** A port, a clock and a bus over them. */
class Bench {
  readonly clock: Clock & { advance(ms: number): Promise<void> };
  readonly port: MemoryPort;
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
    let poll = 0;
    const driver: PollingDriver = {
      ...modbus,
      poll(...parts) {
        poll += 1;
        return modbus.poll(...parts);
      },
    };
    const polls = (): (typeof reports)[] => [...new Set(reports.map((report) => report.poll))].map((one) => reports.filter((report) => report.poll === one));
    const changes: DeviceReport[] = [];
    const status = new DeviceStatus({ device: name, clock: this.clock, changed: (change) => void changes.push(change) });
    const shown = (observation: Observation): string => {
      if (observation.kind !== 'meter') return 'no meter';
      const { meter, value } = observation;
      return `${meter}=${typeof value === 'object' && 'missing' in value ? value.missing : value.toString()}`;
    };
    function report(): DeviceReport;
    function report(observations: readonly Observation[], stamp: Stamp, demanded?: { readonly meter?: string | undefined }): Promise<void>;
    function report(observations?: readonly Observation[], stamp?: Stamp, demanded?: { readonly meter?: string | undefined }): DeviceReport | Promise<void> {
      if (observations === undefined || stamp === undefined) return status.report();
      reports.push({ poll, observations, stamp, demanded });
      return Promise.resolve();
    }
    return {
      name,
      driver,
      options: { ...parsed, profile: given ?? profileOf({ m100: { address: 100 }, m200: { address: 200 }, m300: { address: 300 } }) },
      status,
      slave: answering,
      reports,
      changes,
      values: () => polls().map((groups) => groups.flatMap(({ observations }) => observations.map(shown)).join(' ')),
      wrong: () => reports.flatMap(({ observations }) => observations.map(shown)).filter((one) => /=\d+$/.test(one) && !/^m(\d+)=\1$/.test(one)),
      polledAtMs: () => polls().map((groups) => groups.at(-1)!.stamp.monotonicMs),
      report,
    };
  }

  /** Runs the bus until just before the first question that counts, and forgets what the start brought. */
  async begin(...devices: readonly BenchDevice[]): Promise<void> {
    this.run(...devices);
    const { responseTimeoutMs, silenceMs } = modbus.schedule(devices[0]?.options);
    await this.clock.advance(responseTimeoutMs + silenceMs + 9);
    this.port.traffic.length = 0;
    for (const { slave, status } of devices) {
      slave.questions.length = 0;
      status.counts.discarded = {};
    }
  }

  run(...devices: readonly BusDevice[]): void {
    const parts = { transport: this.#transport, baudRate: this.#baudRate, devices, clock: this.clock, random: () => 1 };
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
  endsUnnoticed = false;
  readonly slaves: ModbusSlave[] = [];
  readonly traffic: { readonly way: 'in' | 'out'; readonly atMs: number }[] = [];
  present = true;
  writeFails = false;
  writeHangs = false;
  greeting: Uint8Array | undefined;
  absence = 'there is no such port';
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
    if (!this.present) return Promise.reject(fault(this.absence));
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

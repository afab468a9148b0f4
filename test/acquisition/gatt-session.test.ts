import { describe, expect, it, onTestFinished } from 'vitest';
import { BatteryEvents } from '../../src/acquisition/battery-events.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { runGatt } from '../../src/acquisition/gatt-session.ts';
import { PollRequests } from '../../src/acquisition/poll-requests.ts';
import { LinkError, ProtocolError, StorageError } from '../../src/core/errors.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { Report } from '../../src/acquisition/commits.ts';
import { defineGattDriver, type GattPlace } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { FakeRadio } from '../support/ble/fake-radio.ts';
import { FakeClock } from '../support/fake-clock.ts';

const TEMPERATURE: GattPlace = { service: '181a', characteristic: '2a6e', how: 'read' };
const HUMIDITY: GattPlace = { service: '181a', characteristic: '2a6f', how: 'read' };
const SHAFT: GattPlace = { service: '1816', characteristic: '2a5b', how: 'notify' };
const EVERY_MS = 60_000;
const REFUSED = new LinkError({ where: 'ble fake', what: 'the device was not heard for 10 s' });
const DROPPED = new LinkError({ where: 'ble fake', what: 'the device disconnected (8)' });

/** Reads the places; the first byte is the value, FF makes no sense, and 0F means a low battery. */
function driverOf(places: readonly GattPlace[]) {
  return defineGattDriver({
    name: 'thing',
    summary: 'A device for tests',
    reports: 'meters',
    options: z.strictObject({}),
    schedule: () => ({ everyMs: EVERY_MS, callTimeoutMs: 10_000 }),
    characteristics: () => places,
    meters: () => undefined,
    decode({ bytes: [value = 0], characteristic }) {
      if (value === 0xff) throw new ProtocolError({ where: 'thing', what: 'a value that makes no sense', fault: 'unexpected' });
      return { observations: [{ kind: 'meter', meter: characteristic, quantity: 'temperature', meterKind: 'gauge', value: Decimal.of(value), raw: '' }], batteryLow: value === 0x0f };
    },
  });
}

async function started(places: readonly GattPlace[] = [TEMPERATURE], requests = new PollRequests()) {
  const clock = new FakeClock();
  const radio = new FakeRadio(() => clock.monotonicMs());
  radio.prepare = (link) => link.values.set('2a6e', Uint8Array.of(21)).set('2a6f', Uint8Array.of(50));
  const stop = new AbortController();
  const changes: string[] = [];
  const reports: Report[] = [];
  const batteries: string[] = [];
  const storage = { fault: undefined as StorageError | undefined };
  const status = new DeviceStatus({ device: 'room', clock, changed: ({ state, why = '' }) => void changes.push(`${state}: ${why}`) });
  const silent = (): void => undefined;
  const running = runGatt({
    device: 'room',
    driver: driverOf(places),
    options: {},
    requests,
    whom: { kind: 'address', address: 'C0:DE:C0:DE:00:01' },
    radio,
    status,
    clock,
    random: () => 1,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    report: async (report) => {
      if (storage.fault !== undefined) throw storage.fault;
      reports.push(report);
    },
    batteries: new BatteryEvents({ clock, record: ({ kind, device }) => void batteries.push(`${kind} ${device ?? ''}`) }),
    signal: stop.signal,
  });
  running.catch(() => undefined); // the test that expects a rejection looks at it itself
  onTestFinished(() => stop.abort());
  const values = (): readonly string[] => reports.flatMap(({ observations }) => observations.map((one) => (one.kind === 'meter' && 'value' in one && one.value instanceof Decimal ? `${one.meter} ${one.value.toString()}` : '')));
  await clock.advance(0);
  return { clock, radio, stop, changes, reports, batteries, storage, status, running, values };
}

describe('a session with a device that is connected to', () => {
  it('reads, disconnects, and comes again when it is due', async () => {
    const { clock, radio, values, status } = await started([TEMPERATURE, HUMIDITY]);
    expect(values()).toEqual(['2a6e 21', '2a6f 50']);
    expect(radio.links[0]?.isOpen).toBe(false);
    await clock.advance(EVERY_MS - 1);
    expect(radio.links).toHaveLength(1);
    await clock.advance(1);
    expect(radio.links).toHaveLength(2);
    expect(status.counts).toMatchObject({ opens: 2, frames: 4, faults: 0 });
  });

  it('tries one that cannot be connected to again, with pauses that grow to a minute and start small after a success', async () => {
    const { clock, radio, changes } = await started();
    radio.refusal = REFUSED;
    await clock.advance(EVERY_MS);
    radio.triedMs.length = 0;
    await clock.advance(300_000);
    const pauses = radio.triedMs.slice(1).map((atMs, index) => atMs - (radio.triedMs[index] ?? 0));
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(changes).toContain(`failing: ${REFUSED.message}`);
    radio.refusal = undefined;
    await clock.advance(60_000);
    expect(changes.at(-1)).toBe('open: ');
    radio.refusal = REFUSED;
    radio.triedMs.length = 0;
    await clock.advance(EVERY_MS + 1000);
    const [failed = 0, again = 0] = radio.triedMs;
    expect(again - failed).toBe(1000);
  });

  it('keeps what was read before the connection broke in the middle, and reads all the next time', async () => {
    const { clock, radio, values, status, changes } = await started([TEMPERATURE, HUMIDITY]);
    radio.prepare = (link) => {
      link.values.set('2a6e', Uint8Array.of(22)).set('2a6f', Uint8Array.of(51));
      link.refuses = 'read 2a6f';
    };
    await clock.advance(EVERY_MS);
    expect(values().slice(2)).toEqual(['2a6e 22']);
    expect(changes.at(-1)).toBe('failing: ble C0:DE:C0:DE:00:01: refused');
    radio.prepare = (link) => link.values.set('2a6e', Uint8Array.of(23)).set('2a6f', Uint8Array.of(52));
    await clock.advance(1000);
    expect(values().slice(3)).toEqual(['2a6e 23', '2a6f 52']);
    expect(status.counts.opens).toBe(3);
  });

  it('asks a device three times and no more for what nobody named and it refuses, since each time costs the connection', async () => {
    const { clock, radio, values } = await started([TEMPERATURE, { ...HUMIDITY, optional: true }]);
    expect(values()).toEqual(['2a6e 21', '2a6f 50']);
    radio.prepare = (link) => {
      link.values.set('2a6e', Uint8Array.of(22));
      link.refuses = 'read 2a6f';
    };
    await clock.advance(10 * EVERY_MS);
    expect(radio.links.slice(1).map(({ calls }) => calls.join(', ')).slice(0, 5)).toEqual([...Array<string>(3).fill('read 2a6e, read 2a6f'), 'read 2a6e', 'read 2a6e']);
  });

  it('goes on with the others where a device does not let one be read, and says which at the end', async () => {
    const { clock, radio, values, status, changes } = await started([HUMIDITY, TEMPERATURE]);
    radio.prepare = (link) => {
      link.values.set('2a6e', Uint8Array.of(22));
      link.declines = 'read 2a6f';
    };
    await clock.advance(EVERY_MS);
    expect(values().slice(2)).toEqual(['2a6e 22']);
    expect(changes.at(-1)).toBe('open: ble C0:DE:C0:DE:00:01: the device does not let this be read');
    expect(status.counts).toMatchObject({ opens: 2, frames: 3, faults: 1 });
  });

  it('tells who wished it why nothing came, where a device lets nothing be read', async () => {
    const requests = new PollRequests();
    const { clock, radio } = await started([HUMIDITY], requests);
    radio.prepare = (link) => (link.declines = 'read 2a6f');
    const outcome = requests.ask();
    await clock.advance(0);
    expect(await outcome).toEqual({ kind: 'refused', code: 'no_answer', message: 'ble C0:DE:C0:DE:00:01: the device does not let this be read' });
  });

  it('says nothing of what nobody named and a device does not let be read, and asks three times and no more', async () => {
    const { clock, radio, changes, status } = await started([{ ...HUMIDITY, optional: true }, TEMPERATURE]);
    radio.prepare = (link) => (link.declines = 'read 2a6f');
    await clock.advance(5 * EVERY_MS);
    expect(radio.links.slice(1).map(({ calls }) => calls.includes('read 2a6f'))).toEqual([true, true, true, false, false]);
    expect(changes).toEqual(['open: ']);
    expect(status.counts.faults).toBe(0);
  });

  it('stays with one that notifies, reads beside it when it is due, and connects anew when it is lost', async () => {
    const { clock, radio, values, changes } = await started([SHAFT, TEMPERATURE]);
    const [first] = radio.links;
    first?.notify('2a5b', Uint8Array.of(1));
    await clock.advance(EVERY_MS);
    expect(first?.isOpen).toBe(true);
    expect(values()).toEqual(['2a6e 21', '2a5b 1', '2a6e 21']);
    first?.lose(DROPPED);
    await clock.advance(0);
    expect(changes.at(-1)).toBe(`failing: ${DROPPED.message}`);
    await clock.advance(1000);
    radio.links[1]?.notify('2a5b', Uint8Array.of(2));
    first?.notify('2a5b', Uint8Array.of(99));
    await clock.advance(0);
    expect(values().slice(3)).toEqual(['2a6e 21', '2a5b 2']);
  });

  it('counts a value that makes no sense and goes on with the others', async () => {
    const { clock, radio, values, status, changes } = await started([TEMPERATURE, HUMIDITY]);
    radio.prepare = (link) => link.values.set('2a6e', Uint8Array.of(0xff)).set('2a6f', Uint8Array.of(51));
    await clock.advance(EVERY_MS);
    expect(values().slice(2)).toEqual(['2a6f 51']);
    expect(status.counts.faults).toBe(1);
    expect(changes).toContain('open: thing: a value that makes no sense');
  });

  it('counts what cannot be stored as refused, and tells of a low battery once', async () => {
    const { clock, radio, storage, status, batteries } = await started();
    storage.fault = new StorageError({ where: 'outbox', what: 'the disk is full' });
    radio.prepare = (link) => link.values.set('2a6e', Uint8Array.of(0x0f));
    await clock.advance(3 * EVERY_MS);
    expect(status.counts.frames).toBe(4);
    expect(batteries).toEqual(['battery-low room']);
  });

  it('ends when the gateway stops, in the middle of a connection too, and leaves no timer behind', async () => {
    const { clock, radio, stop, running } = await started([SHAFT]);
    expect(radio.links[0]?.isOpen).toBe(true);
    stop.abort();
    await running;
    expect(radio.links[0]?.isOpen).toBe(false);
    expect(clock.timers).toBe(0);
  });

  it('ends with a bug, which is nothing to go on after', async () => {
    const { clock, radio, running } = await started([SHAFT]);
    radio.links[0]?.notify('2a5b', null as unknown as Uint8Array);
    await clock.advance(0);
    await expect(running).rejects.toThrow(TypeError);
  });
});

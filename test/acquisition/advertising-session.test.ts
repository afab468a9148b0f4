import { createCipheriv } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ibeacon } from '../../drivers/ibeacon/driver.ts';
import { bthome } from '../../drivers/bthome/driver.ts';
import { runAdvertising } from '../../src/acquisition/advertising-session.ts';
import { BatteryEvents } from '../../src/acquisition/battery-events.ts';
import type { Report } from '../../src/acquisition/commits.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { Tag } from '../../src/acquisition/tag.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { LinkError, StorageError } from '../../src/core/errors.ts';
import type { AdvertisingDriver } from '../../src/driver-kit/define-driver.ts';
import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { readStructures } from '../../src/driver-kit/codecs/advertising-structures.ts';
import { FakeRadio } from '../support/ble/fake-radio.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SILENT_AFTER_MS = 600_000;
const OFF = new LinkError({ where: 'ble fake', what: 'the adapter is off', remedy: 'Switch it on' });

function heardAs(hex: string, address = 'C0:DE:C0:DE:00:01'): Advertisement {
  return readStructures(new Uint8Array(Buffer.from(hex, 'hex')), { address, addressType: 'random', connectable: false, rssi: -60 }).advertisement;
}

/** BTHome's count with its packet id. */
function count(packet: number, value: number): Advertisement {
  return heardAs(`0B16D2FC4000${packet.toString(16).padStart(2, '0')}3E${value.toString(16).padStart(2, '0')}000000`);
}

const KEY = '00112233445566778899AABBCCDDEEFF';

/** A count of 123,456 in packet 42, encrypted with this counter (bthome.io/encryption). */
function sealed(counter: number, packet = 42): Advertisement {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(counter);
  const cipher = createCipheriv('aes-128-ccm', Buffer.from(KEY, 'hex'), Buffer.concat([Buffer.from('C0DEC0DE0001D2FC41', 'hex'), bytes]), { authTagLength: 4 });
  const text = Buffer.concat([cipher.update(Buffer.of(0x00, packet, 0x3e, 0x40, 0xe2, 0x01, 0x00)), cipher.final()]);
  const data = Buffer.concat([Buffer.from('16D2FC41', 'hex'), text, bytes, cipher.getAuthTag()]);
  return heardAs(Buffer.concat([Buffer.of(data.length), data]).toString('hex'));
}

/** An iBeacon, of which the last byte tells one from the other. */
function beacon(minor: number, address: string): Advertisement {
  return heardAs(`1AFF4C00021500112233445566778899AABBCCDDEEFF012345${minor.toString(16).padStart(2, '0')}FC`, address);
}

function started({ driver = bthome, id, options = {} }: { readonly driver?: AdvertisingDriver; readonly id?: string; readonly options?: object } = {}) {
  const clock = new FakeClock();
  const radio = new FakeRadio(() => clock.monotonicMs());
  const stop = new AbortController();
  const changes: string[] = [];
  const reports: Report[] = [];
  const noted: string[] = [];
  const storage = { fault: undefined as StorageError | undefined };
  const status = new DeviceStatus({ device: 'tag', clock, changed: ({ state, why = '' }) => void changes.push(`${state}: ${why}`) });
  const silent = (): void => undefined;
  const tag = new Tag({ device: 'tag', driver, options: driver.options.parse(options), clock, note: () => undefined });
  const running = runAdvertising({
    device: 'tag',
    driver,
    tag,
    note: async (notes, lingerMs) => {
      if (storage.fault !== undefined) throw storage.fault;
      noted.push(`${String(notes['tag/tag'])} within ${lingerMs} ms`);
    },
    whom: id === undefined ? { kind: 'address', address: 'C0:DE:C0:DE:00:01' } : undefined,
    id,
    silentAfterMs: SILENT_AFTER_MS,
    radio,
    status,
    clock,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    report: async (report) => {
      if (storage.fault !== undefined) throw storage.fault;
      reports.push(report);
    },
    batteries: new BatteryEvents({ clock, record: silent }),
    signal: stop.signal,
  });
  onTestFinished(() => stop.abort());
  const values = (): readonly string[] => reports.flatMap(({ observations }) => observations.map((one) => (one.kind === 'meter' && 'value' in one && (one.value instanceof Decimal || typeof one.value === 'string') ? one.value.toString() : '')));
  return { clock, radio, stop, changes, reports, noted, tag, storage, status, running, values };
}

describe('a session with a device that advertises', () => {
  it('is open while it is heard and fails when it was silent for its time, until it is heard again', async () => {
    const { clock, radio, changes } = started();
    radio.become({ kind: 'on', adapter: 'fake' });
    radio.advertise(count(1, 10));
    await clock.advance(SILENT_AFTER_MS - 1);
    radio.advertise(count(1, 10)); // a repeat is a sign of life
    await clock.advance(SILENT_AFTER_MS - 1);
    expect(changes).toEqual(['open: ']);
    await clock.advance(1);
    expect(changes.at(-1)).toMatch(/^failing: ble fake: the device was not heard for 600 s\. Check its battery/);
    radio.advertise(count(2, 11));
    expect(changes.at(-1)).toBe('open: ');
  });

  it('says why the adapter cannot be used, and does not call that silence', async () => {
    const { clock, radio, changes } = started();
    radio.become({ kind: 'failing', fault: OFF });
    await clock.advance(2 * SILENT_AFTER_MS);
    expect(changes).toEqual([`failing: ${OFF.message}`]);
    radio.become({ kind: 'on', adapter: 'fake' });
    await clock.advance(SILENT_AFTER_MS);
    expect(changes.at(-1)).toContain('was not heard for 600 s');
  });

  it('reports news once, and takes what could not be stored from the next repeat', async () => {
    const { clock, radio, storage, values } = started();
    radio.become({ kind: 'on', adapter: 'fake' });
    for (let times = 0; times < 5; times += 1) radio.advertise(count(1, 10));
    await clock.advance(0);
    expect(values()).toEqual(['10']);
    storage.fault = new StorageError({ where: 'outbox', what: 'the disk is full' });
    radio.advertise(count(2, 11));
    await clock.advance(0);
    storage.fault = undefined;
    radio.advertise(count(2, 11));
    await clock.advance(0);
    expect(values()).toEqual(['10', '11']);
  });

  it('hears the id it is for, from whatever address, and no other', async () => {
    const { clock, radio, values, status } = started({ driver: ibeacon, id: '00112233-4455-6677-8899-aabbccddeeff/291/17767' });
    radio.become({ kind: 'on', adapter: 'fake' });
    radio.advertise(beacon(0x68, '3A:00:00:00:00:01'), 7);
    radio.advertise(count(1, 10), 7);
    expect(status.counts).toMatchObject({ frames: 0, discarded: {} });
    radio.advertise(beacon(0x67, '3A:00:00:00:00:02'), 3);
    radio.advertise(beacon(0x67, '15:00:00:00:00:03'));
    await clock.advance(0);
    expect(values()).toEqual(['00112233-4455-6677-8899-aabbccddeeff/291/17767']);
    expect(status.counts).toMatchObject({ frames: 2, discarded: { 'cut short': 3 } });
  });

  it('counts what was cut short, even where nothing of its format is left', () => {
    const { radio, status } = started();
    radio.become({ kind: 'on', adapter: 'fake' });
    radio.advertise(heardAs('020106'), 5);
    radio.advertise(count(1, 10), 2);
    expect(status.counts).toMatchObject({ frames: 1, discarded: { 'cut short': 7 } });
  });

  it('counts what makes no sense and says it', async () => {
    const { clock, radio, status, changes, values } = started();
    radio.become({ kind: 'on', adapter: 'fake' });
    radio.advertise(heardAs('0416D2FC00')); // version 0
    expect(changes.at(-1)).toMatch(/^failing: bthome: /);
    radio.advertise(heardAs('0716D2FC400007FF')); // an object that nobody knows, behind a packet id
    radio.advertise(count(8, 10));
    await clock.advance(0);
    expect(values()).toEqual(['10']);
    expect(status.counts.faults).toBe(2);
  });

  it('notes the counter of repeats once a minute, and not what was noted with news since', async () => {
    const { clock, radio, noted, reports } = started({ options: { keyFile: KEY } });
    radio.become({ kind: 'on', adapter: 'fake' });
    for (let counter = 1; counter <= 60; counter += 1) {
      radio.advertise(sealed(counter));
      await clock.advance(1000);
    }
    expect(reports.map(({ notes }) => notes)).toEqual([{ 'tag/tag': '1' }]);
    expect(noted).toEqual([]);
    await clock.advance(1000);
    expect(noted).toEqual(['60 within 10000 ms']);
    radio.advertise(sealed(61));
    radio.advertise(sealed(62, 43));
    await clock.advance(120_000);
    expect(noted).toHaveLength(1);
    expect(reports.map(({ notes }) => notes).slice(1)).toEqual([{ 'tag/tag': '62' }]);
  });

  it('notes the counter of repeats when it ends, and is not over before', async () => {
    const { clock, radio, stop, noted, running } = started({ options: { keyFile: KEY } });
    radio.become({ kind: 'on', adapter: 'fake' });
    for (const counter of [1, 2, 3]) radio.advertise(sealed(counter));
    stop.abort();
    await running;
    expect(noted).toEqual(['3 within 0 ms']);
    expect(clock.timers).toBe(0);
  });

  it('tries again to note what could not be, and notes nothing of a tag that was reset', async () => {
    const { clock, radio, noted, storage, tag } = started({ options: { keyFile: KEY } });
    radio.become({ kind: 'on', adapter: 'fake' });
    for (const counter of [1, 2]) radio.advertise(sealed(counter));
    await clock.advance(0);
    storage.fault = new StorageError({ where: 'outbox', what: 'the disk is full' });
    await clock.advance(60_000);
    storage.fault = undefined;
    radio.advertise(sealed(3));
    await clock.advance(60_000);
    expect(noted).toEqual(['3 within 10000 ms']);
    radio.advertise(sealed(4));
    tag.reset();
    await clock.advance(60_000);
    expect(noted).toHaveLength(1);
  });

  it('ends with the gateway, and listens no more', async () => {
    const { clock, radio, stop, running } = started();
    radio.become({ kind: 'on', adapter: 'fake' });
    radio.advertise(count(1, 10));
    stop.abort();
    await running;
    expect(radio.listeners).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

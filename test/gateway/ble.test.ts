import { setTimeout as wait } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { childOf, figuresOf } from '../../bench/process-figures.ts';
import { ask, socketPath } from '../../src/operations/control-socket.ts';
import { count, gatewayInAir, PEER, type ReceivedEvent, TAG } from '../support/ble/gateway-in-air.ts';
import { Peripheral } from '../support/ble/peripheral.ts';

/** Its address ends as the tag's. */
const NAMESAKE = 'C0:DE:C0:DF:00:77';
const within = { timeout: 15_000, interval: 20 };
const [NUS, NUS_WRITE, NUS_NOTIFY] = ['6e400001b5a3f393e0a9e50e24dcca9e', '6e400002b5a3f393e0a9e50e24dcca9e', '6e400003b5a3f393e0a9e50e24dcca9e'];

/** What was published of meters, in order. */
function readingsOf(events: readonly ReceivedEvent[]): readonly { readonly meter: unknown; readonly value: number }[] {
  return events.filter(({ type }) => type === 'tailgate.reading.v1').map(({ data }) => ({ meter: data['meter'], value: Number(data['value']) }));
}

function valuesOf(events: readonly ReceivedEvent[]): readonly number[] {
  return readingsOf(events).map(({ value }) => value);
}

/** Of the attribute protocol (Core 5.4, volume 3, part F, section 3.4.8). */
const READ_REQUEST = 0x0a;
const READ_RESPONSE = 0x0b;
const ADDRESSES = process.env['TAILGATE_LONG'] === '1' ? 100_000 : 20_000;
/** A library that keeps each address takes a kilobyte for it: 20 MB for 20,000. */
const GROWTH_BYTES_MAX = 14e6;

describe('a gateway with a radio', () => {
  it('brings an advertised count to the receiver, once for all its repeats', async () => {
    const { air, events, start, untilHearing } = await gatewayInAir({ pulses: `driver: bthome, port: { ble: { address: "${TAG}" } }` });
    start();
    await untilHearing();
    for (let times = 0; times < 20; times += 1) air.inject({ address: TAG, data: count(42, 123_456) });
    air.inject({ address: 'C0:DE:C0:DE:00:99', data: count(1, 99) });
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.reading.v1')).toHaveLength(1), within);
    await wait(1100); // a meter publishes one reading a second at most
    air.inject({ address: TAG, data: count(43, 123_457) });
    const readings = (): readonly Record<string, unknown>[] => events.filter(({ type }) => type === 'tailgate.reading.v1').map(({ data }) => data);
    await vi.waitFor(() => expect(readings()).toHaveLength(2), within);
    expect(readings().map(({ device, value, authenticated }) => ({ device, value: Number(value), authenticated }))).toEqual([
      { device: 'pulses', value: 123_456, authenticated: false },
      { device: 'pulses', value: 123_457, authenticated: false },
    ]);
  });

  it('hears its tag in a flood of other senders, and on after its controller has reset by itself', async () => {
    const { air, here, events, start, untilHearing } = await gatewayInAir({ pulses: `driver: bthome, port: { ble: { address: "${TAG}" } }` });
    start();
    await untilHearing();
    for (let sender = 0; sender < 5000; sender += 1) {
      const digits = sender.toString(16).padStart(4, '0').toUpperCase();
      air.inject({ address: `D0:00:00:00:${digits.slice(0, 2)}:${digits.slice(2)}`, data: count(1, sender) });
    }
    air.inject({ address: TAG, data: count(1, 10) });
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.reading.v1')).toHaveLength(1), within);
    here.crash();
    await vi.waitFor(() => {
      air.inject({ address: TAG, data: count(2, 11) });
      expect(events.filter(({ type }) => type === 'tailgate.reading.v1')).toHaveLength(2);
    }, within);
    expect(events.filter(({ type }) => type === 'tailgate.reading.v1').map(({ data }) => Number(data['value']))).toEqual([10, 11]);
  });

  it('hears its tag again after the adapter was silent, and publishes nothing that was not heard', async () => {
    const { air, here, gateway, events, start, untilHearing } = await gatewayInAir({ pulses: `driver: bthome, port: { ble: { address: "${TAG}" } }` });
    start();
    await untilHearing();
    air.inject({ address: TAG, data: count(1, 10) });
    await vi.waitFor(() => expect(valuesOf(events)).toEqual([10]), within);
    here.isSilent = true;
    air.inject({ address: TAG, data: count(2, 11) });
    await gateway.until(({ radio, devices }) => {
      expect(radio?.state).toBe('failing');
      expect(devices[0]?.state).toBe('failing');
    });
    here.isSilent = false;
    await untilHearing();
    for (let times = 0; times < 5; times += 1) air.inject({ address: TAG, data: count(3, 12) });
    await vi.waitFor(() => expect(valuesOf(events)).toEqual([10, 12]), within);
    await gateway.until(({ devices, radio }) => {
      expect(devices[0]?.state).toBe('open');
      expect(radio?.starts).toBeGreaterThan(1);
    });
  }, 60_000);

  it('reads its meter again after the connection dropped in the middle of a read, and after a read that never settled', async () => {
    const { air, gateway, events, there, start } = await gatewayInAir({ room: `driver: gatt-meter, port: { ble: { address: "${PEER}" } }, read: [temperature, battery], callTimeout: 4 s` });
    await Peripheral.start({
      port: there.path,
      name: 'room',
      services: [
        { uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }] },
        { uuid: '180f', characteristics: [{ uuid: '2a19', properties: ['read'], value: '5f' }] },
      ],
    });
    const opcodes = { reads: 0, answers: 0 };
    air.loses = (packet) => {
      if (packet[9] === READ_RESPONSE) opcodes.answers += 1;
      if (packet[9] !== READ_REQUEST) return false;
      opcodes.reads += 1;
      if (opcodes.reads === 2) air.dropLinks(); // temperature was read, battery was not
      return opcodes.reads === 2 || opcodes.reads === 3;
    };
    start();
    await gateway.until(({ devices }) => expect(devices[0]?.why).toContain('reading took longer than 4 s'), 20_000);
    await vi.waitFor(() => expect(readingsOf(events).map(({ meter }) => meter)).toContain('battery'), within);
    expect(opcodes).toMatchObject({ reads: 5, answers: 3 });
    expect(readingsOf(events)).toEqual([
      { meter: 'temperature', value: 23.46 },
      { meter: 'temperature', value: 23.46 },
      { meter: 'battery', value: 95 },
    ]);
    await gateway.until(({ devices, radio }) => {
      expect(devices[0]).toMatchObject({ state: 'open', readings: 3 });
      expect(radio?.starts).toBe(1);
    });
  }, 60_000);

  it('reads its meter over a slow link, says that one is slower than its deadline allows, and reads on when it is not', async () => {
    const { air, gateway, events, there, start } = await gatewayInAir({ room: `driver: gatt-meter, port: { ble: { address: "${PEER}" } }, read: [temperature, humidity], callTimeout: 4 s` });
    await Peripheral.start({
      port: there.path,
      name: 'room',
      services: [{ uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }, { uuid: '2a6f', properties: ['read'], value: 'bf13' }] }],
    });
    const both = [{ meter: 'temperature', value: 23.46 }, { meter: 'humidity', value: 50.55 }];
    air.latencyMs = 100;
    start();
    await vi.waitFor(() => expect(readingsOf(events)).toEqual(both), within);
    const late: number[] = [];
    air.loses = (packet) => {
      if (packet[9] === READ_REQUEST) air.latencyMs = 3000; // there and back is beyond the deadline
      if (packet[9] === READ_RESPONSE) late.push(performance.now());
      return false;
    };
    await ask(socketPath(gateway.outbox), 'poll', { meter: 'room/temperature' });
    await gateway.until(({ devices }) => expect(devices[0]?.why).toMatch(/reading took longer than 4 s\. Check that the device is on, in range/));
    expect(late).toHaveLength(1); // it was under way when the question was given up
    [air.latencyMs, air.loses] = [0, () => false];
    await vi.waitFor(() => expect(readingsOf(events)).toEqual([...both, ...both]), within);
    await gateway.until(({ devices, radio }) => {
      expect(devices[0]).toMatchObject({ state: 'open', readings: 4 });
      expect(radio?.starts).toBe(1);
    });
  }, 60_000);

  it(`takes no more memory after ${ADDRESSES} addresses that were never heard before, in neither process`, async () => {
    const { air, gateway, start, untilHearing } = await gatewayInAir({ beacon: 'driver: ibeacon, port: { ble: { id: "00112233-4455-6677-8899-aabbccddeeff/291/17767" } }' });
    start();
    await untilHearing();
    let strangers = 0;
    const flood = async (packets: number): Promise<void> => {
      const before = (await gateway.status()).radio?.heard ?? 0;
      for (let sent = 0; sent < packets; sent += 1, strangers += 1) {
        const digits = strangers.toString(16).padStart(6, '0').toUpperCase();
        air.inject({ address: `40:00:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`, addressType: 'random', data: count(1, strangers) });
      }
      await gateway.until(({ radio }) => expect(radio?.heard).toBeGreaterThanOrEqual(before + packets), 100_000);
    };
    const memory = (): readonly number[] => [gateway.pid ?? 0, childOf(gateway.pid ?? 0)].map((pid) => figuresOf(pid).rssBytes);
    await flood(ADDRESSES / 2); // a heap grows to its working size first
    const [gatewayBefore = 0, radioBefore = 0] = memory();
    await flood(ADDRESSES);
    const [gatewayAfter = 0, radioAfter = 0] = memory();
    expect(radioAfter - radioBefore).toBeLessThan(GROWTH_BYTES_MAX);
    expect(gatewayAfter - gatewayBefore).toBeLessThan(GROWTH_BYTES_MAX);
    expect((await gateway.status()).radio?.starts).toBe(1);
  }, 120_000);

  it('reads a meter by connecting to it, and its battery though nobody named it', async () => {
    const { gateway, events, there, start } = await gatewayInAir({ room: `driver: gatt-meter, port: { ble: { address: "${PEER}" } }, read: [temperature]` });
    await Peripheral.start({
      port: there.path,
      name: 'room',
      services: [
        { uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }] },
        { uuid: '180f', characteristics: [{ uuid: '2a19', properties: ['read'], value: '09' }] },
      ],
    });
    start();
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.reading.v1').map(({ data }) => [data['meter'], Number(data['value'])])).toEqual([['temperature', 23.46], ['battery', 9]]), within);
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('tailgate.battery-low.v1'), within);
    const temperatures = (): number => events.filter(({ data }) => data['meter'] === 'temperature').length;
    await vi.waitFor(async () => {
      expect(await ask(socketPath(gateway.outbox), 'poll', { meter: 'room/temperature' })).toEqual({ values: 2 });
      expect(temperatures()).toBeGreaterThan(1); // the same value within one second is none
    }, within);
  });

  it('takes scans from a scanner with the Nordic UART service, confirms each there after the commit, and connects to it again', async () => {
    const { air, gateway, events, there, start } = await gatewayInAir({ 'hand-scanner': `driver: line-scanner, port: { ble: { address: "${PEER}" } }, terminator: CR, feedback: honeywell-host-ack` });
    const scanner = await Peripheral.start({
      port: there.path,
      name: 'scanner',
      services: [{ uuid: NUS ?? '', characteristics: [{ uuid: NUS_WRITE ?? '', properties: ['write', 'writeWithoutResponse'] }, { uuid: NUS_NOTIFY ?? '', properties: ['notify'] }] }],
    });
    start();
    await scanner.until((news) => news.kind === 'subscribed');
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    scanner.notify(NUS_NOTIFY ?? '', Buffer.from(']C0PUMP').toString('hex'));
    scanner.notify(NUS_NOTIFY ?? '', Buffer.from('-42\r').toString('hex'));
    await vi.waitFor(() => expect(Buffer.from(scanner.written(NUS_WRITE ?? ''), 'hex').toString('latin1')).toBe('\u001b7,'), within);
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.scan.v1').map(({ data }) => data['text'])).toEqual(['PUMP-42']), within);
    const subscribed = (): number => scanner.news.filter(({ kind }) => kind === 'subscribed').length;
    air.dropLinks();
    await vi.waitUntil(() => subscribed() === 2, within);
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    scanner.notify(NUS_NOTIFY ?? '', Buffer.from(']C0PUMP-43\r').toString('hex'));
    await vi.waitFor(() => expect(Buffer.from(scanner.written(NUS_WRITE ?? ''), 'hex').toString('latin1')).toBe('\u001b7,\u001b7,'), within);
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.scan.v1').map(({ data }) => data['text'])).toEqual(['PUMP-42', 'PUMP-43']), within);
  });

  it('runs without an adapter, and says at the device why and what to do', async () => {
    const { air, gateway } = await gatewayInAir({ pulses: `driver: bthome, port: { ble: { address: "${TAG}" } }` });
    air.close();
    gateway.start();
    await gateway.until(({ devices }) => {
      expect(devices[0]?.state).toBe('failing');
      expect(devices[0]?.why).toMatch(/^ble uart \/dev\/pts\/\d+: .+\. Plug the controller in/);
    }, 18_000);
  });

  it('shows who is in range, with the driver and a piece of configuration, and nothing that a terminal would obey', async () => {
    const { air, gateway } = await gatewayInAir({ pulses: `driver: bthome, port: { ble: { address: "${TAG}" } }` });
    const program = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
    const child = spawn(process.execPath, [program, 'devices', '--ble', '--seconds', '6', gateway.configurationFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const injecting = setInterval(() => {
      air.inject({ address: TAG, data: count(1, 10), rssi: -40 });
      air.inject({ address: NAMESAKE, data: count(1, 10), rssi: -50 });
      air.inject({ address: 'C0:DE:C0:DE:00:99', data: Buffer.from('04091b5b41', 'hex'), rssi: -80 });
    }, 50);
    onTestFinished(() => clearInterval(injecting));
    expect(await new Promise((resolve) => void child.once('close', resolve))).toBe(0);
    expect(said).toContain(`${TAG}  -40 dBm\n  bthome: `);
    expect(said).toContain(`      driver: bthome\n      port: { ble: { address: "${TAG}" } }\n`);
    expect(said.match(/^ {4}\S+:$/gm)).toEqual(['    bthome-de0077:', '    bthome-df0077:']);
    expect(said).toContain('C0:DE:C0:DE:00:99  -80 dBm, "');
    expect(said).not.toContain('\u001b');
  });
});

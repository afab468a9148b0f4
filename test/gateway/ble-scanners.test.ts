import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { catalogue } from '../../drivers/index.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { gatewayInAir, PEER, type ReceivedEvent } from '../support/ble/gateway-in-air.ts';
import { Peripheral } from '../support/ble/peripheral.ts';

const within = { timeout: 15_000, interval: 20 };
const [NUS, NUS_WRITE, NUS_NOTIFY] = ['6e400001b5a3f393e0a9e50e24dcca9e', '6e400002b5a3f393e0a9e50e24dcca9e', '6e400003b5a3f393e0a9e50e24dcca9e'] as const;
const [OWN, OWN_WRITE, OWN_NOTIFY] = ['0000a0000000100080000123456789ab', '0000a0010000100080000123456789ab', '0000a0020000100080000123456789ab'] as const;
const [DATA_RX, DATA_TX, CREDITS_RX, CREDITS_TX] = ['1', '2', '3', '4'].map((digit) => `0000000${digit}000010008000008025000000`) as [string, string, string, string];

/** Packets as in drivers/zebra-ssi/fixtures: a Code 128, CMD_ACK, BEEP, LED_OFF, LED_ON. */
const CODE = '0EF300200350554D502D30303432FCA7';
const STORED = ['04d00400ff28', '05e6040001ff10', '05e80400fffe10', '05e7040001ff0f'].join('');
const PREFIXED_CODE = '150011F300200300000050554D502D30303432FCA4';
const PREFIXED_STORED = ['080004d00400ff28', '090005e6040001ff10', '090005e80400fffe10', '090005e7040001ff0f'].join('');

const scansIn = (events: readonly ReceivedEvent[]): readonly unknown[] => events.filter(({ type }) => type === 'tailgate.scan.v1').map(({ data }) => data['text']);

/** A scanner that is written to and notifies; `write` and `notify` are its characteristics. */
function serialScanner(port: string, service: string, write: string, notify: string): Promise<Peripheral> {
  return Peripheral.start({ port, name: 'scanner', services: [{ uuid: service, characteristics: [{ uuid: write, properties: ['write', 'writeWithoutResponse'] }, { uuid: notify, properties: ['notify'] }] }] });
}

function terminalIoScanner(port: string): Promise<Peripheral> {
  return Peripheral.start({
    port,
    name: 'RS51B0',
    services: [
      {
        uuid: 'fefb',
        characteristics: [
          { uuid: DATA_RX, properties: ['writeWithoutResponse'] },
          { uuid: DATA_TX, properties: ['notify'] },
          { uuid: CREDITS_RX, properties: ['write'] },
          { uuid: CREDITS_TX, properties: ['indicate'] },
        ],
      },
    ],
  });
}

describe('a Zebra scanner over BLE', () => {
  it('has its packets confirmed after the commit, with a beep, over the Nordic UART service', async () => {
    const { gateway, events, there, start } = await gatewayInAir({ 'ring-scanner': `driver: zebra-ssi, port: { ble: { address: "${PEER}" } }` });
    const scanner = await serialScanner(there.path, NUS, NUS_WRITE, NUS_NOTIFY);
    start();
    await scanner.until((news) => news.kind === 'subscribed');
    await gateway.untilOpen();
    scanner.notify(NUS_NOTIFY, CODE.slice(0, 14));
    scanner.notify(NUS_NOTIFY, CODE.slice(14));
    await vi.waitFor(() => expect(scanner.written(NUS_WRITE)).toBe(STORED), within);
    await vi.waitFor(() => expect(scansIn(events)).toEqual(['PUMP-0042']), within);
  });

  it('has the level of its battery told beside its scans, and that it is low', async () => {
    const { gateway, events, there, start } = await gatewayInAir({ 'ring-scanner': `driver: zebra-ssi, port: { ble: { address: "${PEER}" } }` });
    const serial = { uuid: NUS, characteristics: [{ uuid: NUS_WRITE, properties: ['write'] as const }, { uuid: NUS_NOTIFY, properties: ['notify'] as const }] };
    const scanner = await Peripheral.start({ port: there.path, name: 'scanner', services: [serial, { uuid: '180f', characteristics: [{ uuid: '2a19', properties: ['read'], value: '09' }] }] });
    start();
    await scanner.until((news) => news.kind === 'subscribed');
    await gateway.untilOpen();
    scanner.notify(NUS_NOTIFY, CODE);
    await vi.waitFor(() => expect(scanner.written(NUS_WRITE)).toBe(STORED), within);
    await vi.waitFor(() => expect(scansIn(events)).toEqual(['PUMP-0042']), within);
    const of = (type: string): readonly unknown[] => events.filter((event) => event.type === type).map(({ data }) => data);
    await vi.waitFor(() => expect(of('tailgate.reading.v1')).toMatchObject([{ device: 'ring-scanner', meter: 'battery', kind: 'gauge', unit: '%' }]), within);
    await vi.waitFor(() => expect(of('tailgate.battery-low.v1')).toMatchObject([{ device: 'ring-scanner' }]), within);
  });

  it('is found at UUIDs of its own', async () => {
    const { gateway, events, there, start } = await gatewayInAir({
      'ring-scanner': `driver: zebra-ssi, feedback: acknowledge, port: { ble: { address: "${PEER}", service: "${OWN}", write: "${OWN_WRITE}", notify: "${OWN_NOTIFY}" } }`,
    });
    const scanner = await serialScanner(there.path, OWN, OWN_WRITE, OWN_NOTIFY);
    start();
    await scanner.until((news) => news.kind === 'subscribed');
    await gateway.untilOpen();
    scanner.notify(OWN_NOTIFY, CODE);
    await vi.waitFor(() => expect(scanner.written(OWN_WRITE)).toBe('04d00400ff28'), within);
    await vi.waitFor(() => expect(scansIn(events)).toEqual(['PUMP-0042']), within);
  });

  it('speaks over Terminal I/O with credits; what it heard confirmed outlives the gateway, and a lost connection is made again', async () => {
    const { air, gateway, events, there, start } = await gatewayInAir({ 'ring-scanner': `driver: zebra-ssi, textOffset: 4, lengthPrefix: true, port: { ble: { address: "${PEER}", stream: terminal-io } }` });
    const scanner = await terminalIoScanner(there.path);
    start();
    await vi.waitFor(() => expect(scanner.written(CREDITS_RX)).toBe('20'), within);
    await gateway.untilOpen();
    expect(scanner.news.flatMap((news) => (news.kind === 'subscribed' ? [news.characteristic] : []))).toEqual([CREDITS_TX, DATA_TX]);
    scanner.notify(CREDITS_TX, '01');
    scanner.notify(DATA_TX, PREFIXED_CODE.slice(0, 40));
    scanner.notify(DATA_TX, PREFIXED_CODE.slice(40));
    await vi.waitFor(() => expect(scanner.written(DATA_RX)).toBe(PREFIXED_STORED.slice(0, 40)), within); // one packet for one credit
    scanner.notify(CREDITS_TX, '05');
    await vi.waitFor(() => expect(scanner.written(DATA_RX)).toBe(PREFIXED_STORED), within);
    await gateway.end('SIGKILL');
    air.dropLinks();
    start();
    await vi.waitFor(() => expect(scansIn(events)).toEqual(['PUMP-0042']), within);
    await vi.waitFor(() => expect(scanner.written(CREDITS_RX)).toBe('2020'), within);
    air.dropLinks();
    await vi.waitFor(() => expect(scanner.written(CREDITS_RX)).toBe('202020'), within);
    await gateway.untilOpen();
    scanner.notify(CREDITS_TX, '05');
    scanner.notify(DATA_TX, '0F00');
    scanner.notify(DATA_TX, '0BF3002003000000414243FE19');
    await vi.waitFor(() => expect(scanner.written(DATA_RX).startsWith(`${PREFIXED_STORED}080004d00400ff28`)).toBe(true), within);
    await vi.waitFor(() => expect(scansIn(events)).toEqual(['PUMP-0042', 'ABC']), within);
    // Had that answer been lost with the link, the scanner would send the code again, with the retransmit bit.
    const before = scanner.written(DATA_RX).length;
    air.dropLinks();
    await vi.waitFor(() => expect(scanner.written(CREDITS_RX)).toBe('20202020'), within);
    await gateway.untilOpen();
    scanner.notify(CREDITS_TX, '05');
    scanner.notify(DATA_TX, '0F00');
    scanner.notify(DATA_TX, '0BF3002103000000414243FE18');
    await vi.waitFor(() => expect(scanner.written(DATA_RX).slice(before)).toContain('080004d00400ff28'), within);
    await gateway.until(({ devices: [ring], outbox }) => expect([ring?.readings, ring?.repeats, outbox.waiting.scan]).toEqual([1, 1, 0]));
    expect(scansIn(events)).toEqual(['PUMP-0042', 'ABC']);
  });
});

describe('devices that are connected to', () => {
  it('are shown by their services, with a piece of configuration that can be used as it is', async () => {
    const { air, gateway } = await gatewayInAir({ any: `driver: bthome, port: { ble: { address: "C0:DE:C0:DE:00:77" } }` });
    const program = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
    const child = spawn(process.execPath, [program, 'devices', '--ble', '--seconds', '5', gateway.configurationFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const senders = [
      { address: 'C0:DE:C0:DE:00:01', data: '0303FBFE' },
      { address: 'C0:DE:C0:DE:00:02', data: '1107' + Buffer.from(Buffer.from(NUS, 'hex').toReversed()).toString('hex') },
      { address: '70:81:94:0D:FB:AA', data: '03031A18' },
      { address: 'C0:DE:C0:DE:00:04', data: '03030D18' },
    ];
    const injecting = setInterval(() => {
      for (const { address, data } of senders) {
        air.inject({ address, data: Buffer.from(data, 'hex'), isConnectable: true });
        air.inject({ address, data: Buffer.from('0409546167', 'hex'), isScanResponse: true });
      }
    }, 50);
    onTestFinished(() => clearInterval(injecting));
    expect(await new Promise((resolve) => void child.once('close', resolve))).toBe(0);
    expect(said).toContain('C0:DE:C0:DE:00:04  -60 dBm, "Tag", connectable, services 180d\n');
    const pieces = said.split('\n').filter((line) => line.startsWith('    ')).map((line) => `${line.slice(2)}\n`);
    expect(pieces.filter((line) => line.includes('driver:')).map((line) => line.trim()).toSorted()).toEqual(['driver: gatt-meter', 'driver: line-scanner', 'driver: zebra-ssi']);
    const head = readFileSync(gateway.configurationFile, 'utf8').split('devices:')[0] ?? '';
    writeFileSync(gateway.configurationFile, `${head}devices:\n${pieces.join('')}`);
    const { devices } = await loadConfiguration({ file: gateway.configurationFile, drivers: catalogue, profileFolder: () => '' });
    expect(devices.map(({ port }) => port)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ address: 'C0:DE:C0:DE:00:01', stream: { kind: 'terminal-io' } }),
        expect.objectContaining({ address: 'C0:DE:C0:DE:00:02' }),
        expect.objectContaining({ irkFile: '/etc/tailgate/secrets/KEY' }),
      ]),
    );
  });
});

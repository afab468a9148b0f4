import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { freePort } from '../support/free-port.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { openPty, type Pty } from '../support/pty.ts';

const within = { timeout: 15_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));

async function brokerAndReceiver(): Promise<{ broker: DemoBroker; events: { type: string; data: Record<string, unknown> }[] }> {
  const broker = await DemoBroker.start();
  onTestFinished(() => broker.close());
  const receiver = await contractReceiver(broker.url, { root: ROOT });
  const events: { type: string; data: Record<string, unknown> }[] = [];
  receiver.counted = ({ type, data }) => events.push({ type, data });
  return { broker, events };
}

function pty(): Pty {
  const opened = openPty();
  onTestFinished(() => opened.close());
  return opened;
}

describe('a gateway as a process', () => {
  it('brings a scan and a meter reading from serial ports to the receiver, and confirms the scan at the scanner', async () => {
    const { broker, events } = await brokerAndReceiver();
    const [scanner, meter] = [pty(), pty()];
    let heard = '';
    scanner.onData((chunk) => (heard += Buffer.from(chunk).toString('latin1')));
    const slave = new ModbusSlave({ address: 10, send: (bytes) => void meter.write(bytes), register: (address) => ({ 1798: 0x02a6, 1799: 0x2190 })[address] ?? 0 });
    meter.onData((chunk) => slave.feed(chunk));
    const gateway = TestGateway.make({
      mqtt: `url: "${broker.url}"`,
      devices: {
        'cab-scanner': `driver: line-scanner, port: ${scanner.path}, terminator: CR, feedback: honeywell-host-ack`,
        generator: `driver: modbus, port: ${meter.path}, address: 10, profile: deep-sea-genset, every: 10 min, asset: { number: "11450", site: BEDFORD, organization: EAGLENA }, meters: { engine-hours: { meter: RUNHOURS } }`,
      },
    });
    gateway.start();
    await gateway.until(({ devices }) => expect(devices.map(({ state }) => state)).toEqual(['open', 'open']));
    await scanner.write(']C0 PUMP\u001d42 \r');
    await vi.waitFor(() => expect(heard).toBe('\u001b7,'), within);
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.scan.v1')).toHaveLength(1), within);
    expect(events.find(({ type }) => type === 'tailgate.scan.v1')?.data).toMatchObject({ device: 'cab-scanner', text: ' PUMP\u001d42 ', hex: '2050554D501D343220', symbology: { aim: ']C0' } });
    await vi.waitFor(() => expect(events.map(({ data }) => data['meter'])).toContain('engine-hours'), within);
    expect(events.find(({ data }) => data['meter'] === 'engine-hours')?.data).toMatchObject({
      asset: { number: '11450', site: 'BEDFORD', organization: 'EAGLENA', meter: 'RUNHOURS' },
      kind: 'counter',
      value: 12345,
      unit: 'h',
      raw: '44442000',
      quality: 'good',
    });
    expect(await gateway.end('SIGTERM')).toBe(0);
  });

  it('starts without broker and devices, says of each why and what to do, and takes up work when they come', async () => {
    const port = await freePort();
    const scanner = pty();
    const folder = temporaryFolder();
    const link = join(folder, 'scanner');
    const gateway = TestGateway.make({ folder, mqtt: `url: "mqtt://127.0.0.1:${port}"`, devices: { 'cab-scanner': `driver: line-scanner, port: ${link}, terminator: CR` } });
    gateway.start();
    await gateway.until(({ broker, devices }) => {
      expect(broker.why).toContain('Nothing listens there: check mqtt.url and that the broker runs');
      expect(devices[0]).toMatchObject({ state: 'failing', why: expect.stringContaining('does not exist') as string });
    });
    spawnSync('ln', ['-s', scanner.path, link]);
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    await scanner.write('A-1\r');
    await gateway.until(({ outbox }) => expect(outbox.waiting.scan).toBeGreaterThanOrEqual(1));
  });

  it('tells the receiver about a device that has failed for a while, and when it is back', async () => {
    const { broker, events } = await brokerAndReceiver();
    const folder = temporaryFolder();
    const scanner = pty();
    const gateway = TestGateway.make({ folder, mqtt: `url: "${broker.url}"`, devices: { 'cab-scanner': `driver: line-scanner, port: ${join(folder, 'scanner')}` } });
    gateway.start();
    const states = (): unknown[] => events.filter(({ type }) => type === 'tailgate.device-state.v1').map(({ data }) => data['state']);
    await vi.waitFor(() => expect(states()).toEqual(['failing']), { ...within, timeout: 20_000 });
    spawnSync('ln', ['-s', scanner.path, join(folder, 'scanner')]);
    await vi.waitFor(() => expect(states()).toEqual(['failing', 'open']), { ...within, timeout: 20_000 });
  }, 40_000);

  it('says which port another process holds', async () => {
    const scanner = pty();
    const first = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { 'cab-scanner': `driver: line-scanner, port: ${scanner.path}` } });
    first.start();
    await first.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    const second = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { 'cab-scanner': `driver: line-scanner, port: ${scanner.path}` } });
    second.start();
    await second.until(({ devices }) => expect(devices[0]?.why).toContain(String(first.pid)));
  });

  it('counts a line without end, keeps nothing of it, and reads the next line', async () => {
    const scanner = pty();
    const gateway = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { 'cab-scanner': `driver: line-scanner, port: ${scanner.path}, terminator: CR` } });
    gateway.start();
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    await scanner.write(`${'x'.repeat(100_000)}\rA-1\r`);
    await gateway.until(({ devices, outbox }) => {
      expect(devices[0]?.discarded['too long']).toBe(100_001);
      expect(outbox.waiting.scan).toBe(1);
    });
  });

  it('survives noise at a wrong baud rate: stores no more than five frames of it, none as valid, and says what to set', async () => {
    const { broker, events } = await brokerAndReceiver();
    const scanner = pty();
    const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, devices: { 'cab-scanner': `driver: line-scanner, port: ${scanner.path}, terminator: CR, repeatWindow: 0 s` } });
    gateway.start();
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    const noise = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index % 60 === 59 ? 0x0d : [0x00, 0xf8, 0x80, 0xfe, 0x06][index % 5]!)));
    await scanner.write(noise);
    await gateway.until(({ devices }) => {
      expect(devices[0]).toMatchObject({ state: 'failing', why: expect.stringContaining('baudRate') as string });
      expect(devices[0]?.discarded['noise']).toBe(45 * 59);
    });
    await vi.waitFor(() => expect(readFileSync(gateway.logFile, 'utf8')).toContain('baudRate'), within); // it comes through a pipe
    await scanner.write('A-1\r');
    const scans = () => events.filter(({ type }) => type === 'tailgate.scan.v1').map(({ data }) => data);
    await vi.waitFor(() => expect(scans().map(({ text }) => text)).toContain('A-1'), within);
    const stored = scans().filter(({ text }) => text !== 'A-1');
    expect(stored).toHaveLength(5);
    for (const data of stored) {
      expect(data).toMatchObject({ valid: false, hex: noise.subarray(0, 59).toString('hex').toUpperCase() });
      expect(data).not.toHaveProperty('identity');
    }
  });

  it('stops in order on SIGTERM while scans come in, and has stored what it confirmed', async () => {
    const { broker, events } = await brokerAndReceiver();
    const scanner = pty();
    let confirmed = 0;
    scanner.onData((chunk) => (confirmed += chunk.filter((byte) => byte === 0x37).length));
    const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, devices: { 'cab-scanner': `driver: line-scanner, port: ${scanner.path}, terminator: CR, feedback: honeywell-host-ack` } });
    gateway.start();
    await gateway.until(({ broker: link, devices }) => expect([link.connected, devices[0]?.state]).toEqual([true, 'open']));
    const writing = scanner.write(Array.from({ length: 200 }, (_, index) => `A-${index}\r`).join(''));
    await vi.waitFor(() => expect(confirmed).toBeGreaterThan(10), within);
    expect(await gateway.end('SIGTERM')).toBe(0);
    await writing;
    const atStop = confirmed;
    gateway.start();
    await vi.waitFor(() => expect(events.length).toBeGreaterThanOrEqual(atStop), within);
  });
});

describe('the command line', () => {
  const run = (...args: string[]): { code: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 15_000 });
    return { code: status, output: stdout + stderr };
  };

  it('exits with 78 and says file, line and remedy when the configuration is wrong', () => {
    const file = join(temporaryFolder(), 'gateway.yaml');
    writeFileSync(file, 'gateway: truck-17\nsite: bedford\nmqtt: { url: "mqtt://127.0.0.1:1" }\ndevices:\n  cab:\n    driver: line-scanner\n    port: /dev/ttyUSB0\n    terminater: CR\n');
    const { code, output } = run('run', file);
    expect(code).toBe(78);
    expect(output).toContain(`${file}:8:5`);
    expect(output).toContain('did you mean "terminator"?');
  });

  it('exits with 78 for a file that is not there, and leaves no thread behind', () => {
    const { code, output } = run('run', '/nowhere/gateway.yaml');
    expect(code).toBe(78);
    expect(output).toContain('/nowhere/gateway.yaml');
  });

  it('helps', () => {
    const { code, output } = run('--help');
    expect(code).toBe(0);
    for (const command of ['run', 'check', 'status']) expect(output).toContain(command);
  });

  it('says what is meant when a command is misspelt', () => {
    const { code, output } = run('chekc');
    expect(code).not.toBe(0);
    expect(output).toContain('check');
  });

  it('says that no gateway runs when it is asked for its status', () => {
    const { code, output } = run('status', '--directory', temporaryFolder());
    expect(code).toBe(69);
    expect(output).toContain('no gateway runs with this outbox');
  });

  it('prints the status of a running gateway in words', async () => {
    const gateway = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { 'cab-scanner': 'driver: line-scanner, port: /dev/tailgate-none' } });
    gateway.start();
    await gateway.until(({ devices, broker }) => expect([devices[0]?.state, broker.why === undefined]).toEqual(['failing', false]));
    const { code, output } = run('status', gateway.configurationFile);
    expect(code).toBe(0);
    expect(output).toContain('truck-17 at bedford');
    expect(output).toContain('Nothing listens there');
    expect(output).toMatch(/cab-scanner\s+failing for .* \/dev\/tailgate-none does not exist/s);
  });

  it('does not wait for a log that nobody reads', async () => {
    const gateway = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { 'cab-scanner': 'driver: line-scanner, port: /dev/tailgate-none' } });
    const child = spawn(process.execPath, [PROGRAM, 'run', gateway.configurationFile], { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('failing'));
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => void child.once('exit', resolve))).toBe(0);
  });
});

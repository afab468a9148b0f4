import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { openPty } from '../support/pty.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/folders.ts';

const within = { timeout: 20_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
const PROFILE = `brand: Test
model: A pulse counter of 16 bits
source: [this test]
notation: zero-based
function: 3
meters:
  serial-number: { address: 0, length: 1, type: string, quantity: state, kind: characteristic }
  pulses: { address: 10, type: uint16, quantity: count, kind: counter, rollover: allowed, rateMax: 1000 }
`;

it('a counter rolls over, is restarted with its gateway, is set back, replaced and exchanged: each in its epoch, each epoch told', async () => {
  const broker = await DemoBroker.start();
  onTestFinished(() => broker.close());
  const receiver = await contractReceiver(broker.url, { root: ROOT });
  const [told, epochs]: [string[], Record<string, unknown>[]] = [[], []];
  receiver.counted = ({ type, data }) => {
    if (type === 'tailgate.meter-replaced.v1') epochs.push(data);
    if (type === 'tailgate.reading.v1' && data['meter'] === 'pulses') told.push([data['value'] ?? '-', data['epoch'], data['quality'], data['raw']].join(' '));
  };
  const meter = openPty();
  onTestFinished(() => meter.close());
  let [pulses, serial] = [65_534, 'A1'];
  let [noise, polls]: [number | undefined, number] = [undefined, 0];
  /** Noise stands alone, however often it takes until one is told: a busy machine can lose a poll. */
  const counted = (): number => ((polls += 1) % 2 === 0 && noise !== undefined ? noise : pulses);
  const slave = new ModbusSlave({ address: 1, send: (bytes) => void meter.write(bytes), register: (address) => (address === 0 ? serial.charCodeAt(0) * 256 + serial.charCodeAt(1) : address === 10 ? counted() : 0) });
  meter.onData((chunk) => slave.feed(chunk));
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'pulse-counter.yaml'), PROFILE);
  const gateway = TestGateway.make({ folder, mqtt: `url: "${broker.url}"`, devices: { line: `driver: modbus, port: ${meter.path}, address: 1, profile: pulse-counter, every: 2 s, asset: { number: "7" }, meters: { pulses: { meter: PULSES, deadband: 0 } }` } });
  gateway.start();
  /** The meter shows a value, until what it means was told. */
  const shows = async (value: number, ...expected: string[]): Promise<void> => {
    pulses = value;
    await vi.waitFor(() => expect(told).toEqual(expected), within);
    told.length = 0;
  };
  await shows(65_534, '65534 0 good 65534');
  await shows(3, '65539 0 good 3');
  expect(await gateway.end('SIGKILL')).not.toBe(0);
  gateway.start();
  await shows(5, '65541 0 good 5');
  await gateway.until(({ devices }) => expect(devices[0]).toMatchObject({ unchanged: expect.any(Number) as number }));
  expect(epochs).toEqual([]);

  for (const [value, doubted] of [[60_000, '125536 0 uncertain 60000'], [1, '- 0 bad 1']] as const) {
    noise = value;
    await vi.waitFor(() => expect(told).toContain(doubted), within);
    noise = undefined;
    await vi.waitFor(() => expect(told.at(-1)).toBe('65541 0 good 5'), within);
    told.length = 0;
  }
  expect(epochs).toEqual([]);
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, 'meter', 'replaced', 'line/pulses', '--directory', gateway.outbox], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, expect.stringContaining('epoch 1 begins')]);
  await vi.waitFor(() => expect(epochs.at(-1)).toMatchObject({ cause: 'person', epoch: 1, unit: '1', asset: { number: '7', meter: 'PULSES' } }), within);
  expect(await gateway.end('SIGKILL')).not.toBe(0);
  gateway.start();
  await vi.waitFor(() => expect(told.at(-1)).toBe('5 1 good 5'), within);

  [pulses, serial] = [40_000, 'B2'];
  await vi.waitFor(() => expect(epochs.at(-1)).toMatchObject({ cause: 'serial-number', epoch: 2, last: 5, first: 40_000 }), within);
  await vi.waitFor(() => expect(told.at(-1)).toBe('40000 2 good 40000'), within);

  pulses = 2;
  await vi.waitFor(() => expect(epochs.at(-1)).toMatchObject({ cause: 'reset', epoch: 3, last: 40_000, first: 2 }), within);
  await vi.waitFor(() => expect(told.at(-1)).toBe('2 3 good 2'), within);
  expect(epochs.map(({ epoch }) => epoch)).toEqual(epochs.map((_, index) => index + 1));
}, 120_000);

it('a meter that does not exist, is no counter or was never read cannot be replaced', async () => {
  const gateway = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { gen: 'driver: modbus, port: /dev/tailgate-none, address: 1, profile: deep-sea-genset' } });
  gateway.start();
  await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('failing'));
  const replaced = (meter: string): string => {
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, 'meter', 'replaced', meter, '--directory', gateway.outbox], { encoding: 'utf8' });
    return `${status} ${stdout}`;
  };
  expect(replaced('nobody/x')).toContain('1 not taken: there is no device "nobody"');
  expect(replaced('gen/huors')).toContain('1 not taken: gen has no meter "huors"; it has engine-hours');
  expect(replaced('gen/power')).toContain('1 not taken: gen/power is a gauge');
  expect(replaced('gen/engine-hours')).toContain('1 not taken: gen/engine-hours was never read');
}, 60_000);

import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from 'mqtt';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { assertContract } from '../support/contract.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { fakePrograms } from '../support/programs.ts';
import { openPty } from '../support/pty.ts';

const within = { timeout: 20_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
const ENGINE_HOURS = 0x0706;
const STARTS = 0x0710;

/** A gateway with a generator on a pseudo-terminal that is polled once a day, its broker, and what a receiver sees and says. */
async function gatewayWithGenerator() {
  const broker = await DemoBroker.start();
  onTestFinished(() => broker.close());
  const receiver = await contractReceiver(broker.url, { root: ROOT });
  const [readings, replies]: [string[], Record<string, unknown>[]] = [[], []];
  receiver.counted = ({ type, data }) => void (type === 'tailgate.reading.v1' && readings.push([data['meter'], data['value'] ?? '-', data['quality']].join(' ')));
  const client = connect(broker.url, { protocolVersion: 4 });
  onTestFinished(() => void client.end(true));
  client.on('message', (_, payload) => void replies.push(JSON.parse(payload.toString('utf8')) as Record<string, unknown>));
  await client.subscribeAsync(`${ROOT}/reply/poll`, { qos: 1 });
  const meter = openPty();
  onTestFinished(() => meter.close());
  const shown = { seconds: 3600, starts: 7 };
  const register = (address: number): number => (address === ENGINE_HOURS + 1 ? shown.seconds : address === STARTS + 1 ? shown.starts : 0);
  const slave = new ModbusSlave({ address: 1, send: (bytes) => void meter.write(bytes), register });
  meter.onData((chunk) => slave.feed(chunk));
  const generator = `driver: modbus, port: ${meter.path}, address: 1, profile: deep-sea-genset, only: [engine-hours, starts], every: 1 d, responseTimeout: 200 ms, meters: { engine-hours: { deadband: 100 h } }`;
  const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, devices: { generator } });
  const { path } = fakePrograms({ timedatectl: 'echo yes', chronyc: 'exit 1' });
  gateway.start({ PATH: path });
  await vi.waitFor(() => expect(readings).toEqual(['engine-hours 1 good', 'starts 7 good']), within);
  let transactions = 0;
  /** Wishes a poll over MQTT, and gives its last answer. */
  const poll = async (content: object, expiresInMs = 60_000): Promise<Record<string, unknown> | undefined> => {
    const transaction = `t${(transactions += 1)}`;
    const command = { transaction, expires: new Date(Date.now() + expiresInMs).toISOString(), ...content };
    await client.publishAsync(`${ROOT}/cmd/poll`, JSON.stringify(command), { qos: 1 });
    const last = (): Record<string, unknown> | undefined => replies.findLast((reply) => reply['transaction'] === transaction && reply['done'] !== false);
    await vi.waitFor(() => expect(last()).toBeDefined(), within);
    return last();
  };
  await vi.waitFor(async () => expect((await poll({ device: 'nobody' }))?.['error']).toMatchObject({ code: 'unknown_device' }), within); // once its clock is synchronised
  return { gateway, slave, shown, readings, replies, poll };
}

describe('a reading on demand', () => {
  it('comes by a command over MQTT, for a meter or for its device, whatever its policy says, and says what became of it', async () => {
    const { gateway, slave, shown, readings, replies, poll } = await gatewayWithGenerator();
    assertContract('cmd/poll', Buffer.from(JSON.stringify({ transaction: 't', device: 'generator', meter: 'engine-hours', expires: '2026-11-23T08:20:00Z' })));
    shown.seconds = 3960;
    slave.questions.length = 0;
    expect(await poll({ device: 'generator', meter: 'engine-hours' })).toMatchObject({ accepted: true, done: true, count: 1 });
    expect(slave.questions.map(({ start }) => start)).toEqual([ENGINE_HOURS]);
    await vi.waitFor(() => expect(readings.slice(2)).toEqual(['engine-hours 1.1 good']), within);
    const [asked, done] = replies.slice(-2);
    expect(asked).toMatchObject({ accepted: true, done: false, transaction: done?.['transaction'] });

    shown.starts = 8;
    shown.seconds = 4320;
    expect(await poll({ device: 'generator' })).toMatchObject({ done: true, count: 2 });
    await vi.waitFor(() => expect(readings.slice(3).sort()).toEqual(['engine-hours 1.2 good', 'starts 8 good']), within);

    const count = slave.questions.length;
    expect((await poll({ device: 'generator' }, -1000))?.['error']).toMatchObject({ code: 'expired' });
    expect((await poll({ device: 'generator', meter: 'oil' }))?.['error']).toMatchObject({ code: 'unknown_meter', message: 'it has no such meter; it has engine-hours, starts' });
    expect(slave.questions).toHaveLength(count);
    slave.fault = { silent: true };
    expect((await poll({ device: 'generator' }))?.['error']).toMatchObject({ code: 'no_answer', message: expect.stringContaining('no answer in 200 ms') as string });
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('failing'));
  }, 60_000);

  it('comes by a word on the command line, and says why not', async () => {
    const { gateway, shown, readings } = await gatewayWithGenerator();
    const said = (wish: string): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'poll', wish, '--directory', gateway.outbox], { encoding: 'utf8' });
      return `${status} ${stdout}${stderr}`;
    };
    shown.seconds = 7200;
    expect(said('generator/oil')).toBe('1 generator/oil  not read: it has no such meter; it has engine-hours, starts\n');
    expect(said('nobody')).toContain('1 nobody  not read: there is no such device; there are generator');
    expect(said('generator/')).toContain('1 generator/  not read: write DEVICE or DEVICE/METER');
    // The slave cannot answer while this process waits for the program.
    const child = spawn(process.execPath, [PROGRAM, 'poll', 'generator/engine-hours', '--directory', gateway.outbox]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    const code = await new Promise((resolve) => void child.once('close', resolve));
    expect([code, text]).toEqual([0, 'generator/engine-hours  read, 1 value\n']);
    await vi.waitFor(() => expect(readings.slice(2)).toEqual(['engine-hours 2 good']), within);
  }, 60_000);

  it('inside the second of the last reading is sent when that is over, also when the gateway is told to stop meanwhile', async () => {
    const { gateway, shown, readings, poll } = await gatewayWithGenerator();
    let newest = 0;
    await vi.waitFor(async () => {
      // Until two came within one second of the clock: what is asked for then is held when the gateway is stopped.
      const before = Math.floor(Date.now() / 1000);
      for (const more of [1, 2, 3]) {
        newest = shown.starts += more;
        await poll({ device: 'generator', meter: 'starts' });
      }
      expect(Math.floor(Date.now() / 1000)).toBe(before);
    }, within);
    expect(await gateway.end('SIGTERM')).toBe(0);
    gateway.start(); // it was stored before the end, and goes out at the latest now
    await vi.waitFor(() => expect(readings).toContain(`starts ${newest} good`), within);
  }, 90_000);
});

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { openPty } from '../support/pty.ts';

const within = { timeout: 15_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));

async function received() {
  const broker = await DemoBroker.start();
  onTestFinished(() => broker.close());
  const receiver = await contractReceiver(broker.url, { root: ROOT });
  const events: { type: string; data: Record<string, unknown> }[] = [];
  receiver.counted = ({ type, data }) => void events.push({ type, data });
  return { broker, events };
}

function pty() {
  const opened = openPty();
  onTestFinished(() => opened.close());
  return opened;
}

describe('a list of assets, in a gateway as a process', () => {
  it('has what is in it stored with its role, and what is not questioned at the scanner, stored and marked', async () => {
    const { broker, events } = await received();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'assets.csv'), 'code;role;description\r\nPUMP-1;;"the ""old"" pump"\r\nSHELF-7;location;\r\n(8004)952112345;;hydrant\r\n');
    const scanner = pty();
    let heard = '';
    scanner.onData((chunk) => (heard += Buffer.from(chunk).toString('latin1')));
    const gateway = TestGateway.make({
      folder,
      mqtt: `url: "${broker.url}"`,
      scans: 'rules: [{ role: asset, list: assets.csv }, { role: asset, prefix: PUMP- }]',
      devices: { cab: `driver: line-scanner, port: ${scanner.path}, terminator: CR, feedback: honeywell-host-ack` },
    });
    gateway.start();
    await gateway.untilOpen();
    const answerTo = async (code: string): Promise<string> => {
      heard = '';
      await scanner.write(`${code}\r`);
      const isWhole = (): boolean => heard === '\u001b7,' || heard.split(',').length > 3;
      await vi.waitUntil(isWhole, within);
      await gateway.until(({ outbox }) => expect(outbox.waiting.scan).toBe(0)); // what is behind the good tone has come by then
      return heard;
    };
    expect(await answerTo('PUMP-1')).toBe('\u001b7,');
    expect(await answerTo('PUMP-9')).toBe('\u001b7,\u001b4,\u001b4,');
    expect(await answerTo('SHELF-7')).toBe('\u001b7,');
    expect(await answerTo(']C18004952112345')).toBe('\u001b7,');
    expect(await answerTo('TRUCK-3')).toBe('\u001b7,\u001b4,\u001b4,');
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'tailgate.scan.v1')).toHaveLength(5), within);
    const said = (text: string): unknown => events.find(({ data }) => data['text'] === text)?.data;
    expect(said('PUMP-1')).toMatchObject({ role: 'asset' });
    expect(said('PUMP-1')).not.toHaveProperty('problems');
    expect(said('PUMP-9')).toMatchObject({ role: 'asset', identity: { value: 'PUMP-9' }, problems: ['not in the list assets.csv'] });
    expect(said('PUMP-9')).not.toHaveProperty('valid');
    expect(said('SHELF-7')).toMatchObject({ role: 'location' });
    expect(said('8004952112345')).toMatchObject({ role: 'asset', identity: { ai: '8004', value: '952112345' } });
    expect(said('TRUCK-3')).toMatchObject({ role: 'unknown', problems: ['not in the list assets.csv'], context: { location: 'SHELF-7' } });
  }, 60_000);

  it('says which asset a meter belongs to; a meter that the list says too little of keeps it from starting', async () => {
    const { broker, events } = await received();
    const folder = temporaryFolder();
    const meter = pty();
    const slave = new ModbusSlave({ address: 10, send: (bytes) => void meter.write(bytes), register: (address) => ({ 1798: 0x02a6, 1799: 0x2190 })[address] ?? 0 });
    meter.onData((chunk) => slave.feed(chunk));
    const list = join(folder, 'meters.csv');
    const gateway = TestGateway.make({ folder, mqtt: `url: "${broker.url}"`, more: { assets: 'list: meters.csv' }, devices: { generator: `driver: modbus, port: ${meter.path}, address: 10, profile: deep-sea-genset, every: 10 min, only: [engine-hours]` } });
    writeFileSync(list, 'device,meter,asset,site,organization,name\ngenerator,engine-hours,11450,BEDFORD,EAGLENA,RUNHOURS\n');
    gateway.start();
    await vi.waitFor(() => expect(events.find(({ data }) => data['meter'] === 'engine-hours')?.data).toMatchObject({ value: 12345, asset: { number: '11450', site: 'BEDFORD', organization: 'EAGLENA', meter: 'RUNHOURS' } }), within);
    expect(await gateway.end('SIGTERM')).toBe(0);
    writeFileSync(list, 'device,meter,asset,site,organization\ngenerator,engine-hours,11450,BEDFORD,EAGLENA\n');
    const refused = spawnSync(process.execPath, [PROGRAM, 'run', gateway.configurationFile], { encoding: 'utf8', timeout: 15_000 });
    expect(refused.status).toBe(78);
    expect(refused.stdout + refused.stderr).toContain(`${list}:2:1  meter "engine-hours" has no name in the work management system, which every meter needs where there is a list of assets`);
  }, 60_000);
});

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { COMMAND_CODES } from '../../src/identification/commands.ts';
import { readCode128 } from '../support/code-128.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { freePort } from '../support/free-port.ts';
import { TestGateway } from '../support/gateway.ts';
import { openPty, type Pty } from '../support/pty.ts';

const within = { timeout: 15_000, interval: 20 };
const STORED = '\u001b7,';
const RULES = 'rules: [{ role: badge, prefix: B- }, { role: work-order, prefix: WO- }, { role: asset, prefix: PUMP- }]';

/** A scanner with Honeywell's Host ACK, which beeps once for *stored* and otherwise for the rest. */
function scanner(): { readonly path: string; scan: (code: string) => Promise<string> } {
  const pty: Pty = openPty();
  onTestFinished(() => pty.close());
  let heard = '';
  pty.onData((chunk) => (heard += Buffer.from(chunk).toString('latin1')));
  return {
    path: pty.path,
    async scan(code) {
      heard = '';
      await pty.write(`${code}\r`);
      return vi.waitUntil(() => (heard.endsWith(',') ? heard : undefined), within);
    },
  };
}

describe('what was scanned before, in a gateway as a process', () => {
  it('goes out with the scans after it and survives kill -9, and an undo names the scan', async () => {
    const broker = await DemoBroker.start();
    onTestFinished(() => broker.close());
    const receiver = await contractReceiver(broker.url, { root: ROOT });
    const events: { type: string; sequence: number; source: string; data: Record<string, unknown> }[] = [];
    receiver.counted = (event) => void events.push(event);
    const { path, scan } = scanner();
    const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, scans: RULES, devices: { cab: `driver: line-scanner, port: ${path}, terminator: CR, feedback: honeywell-host-ack, repeatWindow: 0 s` } });
    gateway.start();
    await gateway.untilOpen();
    for (const code of ['B-1138', 'WO-204711', 'TG!REPAIR']) expect(await scan(code)).toBe(STORED);
    await gateway.end('SIGKILL');
    gateway.start();
    await gateway.untilOpen();
    expect(await scan('PUMP-1')).toBe(STORED);
    expect(await scan('TG!UNDO')).toBe(STORED);
    expect(await scan('TG!UNDO')).not.toBe(STORED);
    expect(await gateway.end('SIGTERM')).toBe(0);
    gateway.start();
    await gateway.untilOpen();
    expect(await scan('TG!OUT')).toBe(STORED);
    expect(await scan('PUMP-2')).toBe(STORED);
    const ofText = (text: string) => events.find(({ data }) => data['text'] === text);
    await vi.waitFor(() => expect(ofText('PUMP-2')).toBeDefined(), within);
    const context = { technician: 'B-1138', workOrder: 'WO-204711', activity: 'repair' };
    expect(ofText('PUMP-1')?.data).toMatchObject({ role: 'asset', context });
    expect(ofText('TG!OUT')?.data).toMatchObject({ role: 'command', context });
    expect(ofText('PUMP-2')?.data).not.toHaveProperty('context');
    const undos = events.filter(({ type }) => type === 'tailgate.undo.v1').map(({ data }) => data);
    expect(undos).toMatchObject([{ device: 'cab', source: ofText('PUMP-1')?.source, id: String(ofText('PUMP-1')?.sequence), text: 'PUMP-1' }]);
    await gateway.until(({ outbox }) => expect(outbox.waiting.scan).toBe(0));
    expect(await scan('TG!STATUS')).toBe(STORED);
  }, 90_000);

  it('is questioned by the delivery status while nothing can be delivered', async () => {
    const { path, scan } = scanner();
    const gateway = TestGateway.make({ mqtt: `url: "mqtt://127.0.0.1:${await freePort()}"`, devices: { cab: `driver: line-scanner, port: ${path}, terminator: CR, feedback: honeywell-host-ack` } });
    gateway.start();
    await gateway.untilOpen();
    expect(await scan('PUMP-1')).toBe(STORED);
    expect(await scan('TG!STATUS')).not.toBe(STORED);
  }, 30_000);

  it('has its command codes on a sheet', () => {
    const program = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [program, 'sheet', '--title', 'Truck 17'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect([...stdout.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => readCode128(svg))).toEqual(COMMAND_CODES.map(({ code }) => code));
    const wrong = spawnSync(process.execPath, [program, 'sheet', '--activities', 'dance'], { encoding: 'utf8' });
    expect([wrong.status, wrong.stdout]).toEqual([78, '']);
    expect(wrong.stderr).toContain('there is no activity "dance"');
  });
});

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TestGateway } from '../support/gateway.ts';
import { openPty } from '../support/pty.ts';
import { StubBroker } from '../support/stub-broker.ts';

const within = { timeout: 15_000, interval: 20 };

/** Runs the command line; gives what it printed and its exit code. */
function tailgate(...args: readonly string[]): Promise<{ text: string; code: number | null }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url)), ...args]);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => void child.once('exit', (code) => resolve({ text, code })));
}

describe('what a broker refuses for good', () => {
  it('is listed with its reason, sent once more when a person says so, and told as an event', async () => {
    let refusing = true;
    const stub = await StubBroker.start({ puback: ({ topic, payload }) => (refusing && topic.includes('/scan/') && payload.includes('"BAD') ? 0x99 : 0) });
    const pty = openPty();
    onTestFinished(() => pty.close());
    const gateway = TestGateway.make({ mqtt: `url: "${stub.url}"`, devices: { cab: `driver: line-scanner, port: ${pty.path}, terminator: CR` } });
    gateway.start();
    await gateway.until(({ broker, devices }) => expect([broker.connected, devices[0]?.state]).toEqual([true, 'open']));
    await pty.write('GOOD-1\rBAD-1\rBAD-2\rGOOD-2\r');
    await vi.waitFor(() => expect(stub.published.filter(({ topic }) => topic.endsWith('/event/quarantine'))).toHaveLength(2), within);
    await gateway.until(({ outbox }) => expect(outbox.waiting.scan).toBe(0));

    const listed = await tailgate('quarantine', 'list', '--directory', gateway.outbox);
    expect(listed.text).toMatch(/1\/2 +cab, taken 20\d\d-.*\n.*broker_refused: .*payload format invalid/);
    expect(listed.text).toContain('1/3');
    expect((await tailgate('quarantine', 'retry', '--directory', gateway.outbox)).code).toBe(1);
    refusing = false;
    expect(await tailgate('quarantine', 'retry', '1/2', '--directory', gateway.outbox)).toEqual({ text: '1/2  goes once more\n', code: 0 });
    await vi.waitFor(() => expect(stub.published.filter(({ payload }) => payload.includes('"BAD-1"'))).toHaveLength(2), within);
    const [first, again] = stub.published.filter(({ payload }) => payload.includes('"BAD-1"')).map(({ payload }) => payload.toString());
    expect(again).toBe(first);
    expect(await tailgate('quarantine', 'drop', '1/3', '1/99', '--directory', gateway.outbox)).toEqual({ text: '1/3  given up\n1/99  not taken: it is not in quarantine\n', code: 1 });
    await vi.waitFor(async () => expect((await tailgate('quarantine', 'list', '--directory', gateway.outbox)).text).toBe('nothing is in quarantine\n'), within);
    expect(await gateway.end('SIGTERM')).toBe(0);
  });
});

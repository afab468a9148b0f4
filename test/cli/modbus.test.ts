import { spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave, type SlaveParts } from '../support/modbus-slave.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { StubBroker } from '../support/stub-broker.ts';

const within = { timeout: 20_000, interval: 20 };

function tailgate(...args: readonly string[]): Promise<{ text: string; code: number | null }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url)), ...args]);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => void child.once('exit', (code) => resolve({ text, code })));
}

/** A line with slaves on it, whose every byte is noted. */
function line(...slaves: readonly Omit<SlaveParts, 'send'>[]): { pty: Pty; slaves: readonly ModbusSlave[]; sent: () => Uint8Array } {
  const pty = openPty();
  onTestFinished(() => pty.close());
  const made = slaves.map((parts) => new ModbusSlave({ ...parts, send: (bytes) => void pty.write(bytes) }));
  const sent: Uint8Array[] = [];
  pty.onData((chunk) => {
    sent.push(chunk);
    for (const slave of made) slave.feed(chunk);
  });
  return { pty, slaves: made, sent: () => Buffer.concat(sent) };
}

/** The functions of all questions on the line. */
function functionsIn(sent: Uint8Array): readonly number[] {
  expect(sent.length % 8).toBe(0);
  return [...new Set(Array.from({ length: sent.length / 8 }, (_, at) => sent[8 * at + 1] ?? 0))].sort((one, other) => one - other);
}

describe('tailgate modbus, directly on a port', () => {
  it('scan finds the devices, also one that refuses, and writes nothing', async () => {
    const { pty, slaves, sent } = line({ address: 3 }, { address: 7 });
    slaves[1]!.fault = { exception: 2 };
    const { text, code } = await tailgate('modbus', 'scan', pty.path, '--from', '1', '--to', '9', '--timeout', '100 ms');
    expect(text).toContain('  3  answers: 0000\n  7  answers: exception 2, illegal data address\n2 found\n');
    expect(text).toContain(`directly on ${pty.path}`);
    expect(code).toBe(0);
    expect(functionsIn(sent())).toEqual([3]);
  });

  it('scan of a dead line says so, and stops in time', async () => {
    const { pty } = line();
    const dead = await tailgate('modbus', 'scan', pty.path, '--from', '1', '--to', '2', '--timeout', '50 ms');
    expect(dead).toMatchObject({ code: 1, text: expect.stringContaining('nobody answered') as string });
    const stopped = await tailgate('modbus', 'scan', pty.path, '--timeout', '50 ms', '--within', '300 ms');
    expect(stopped.text).toMatch(/stopped after 300 ms: go on with --from \d+\n/);
  });

  it('read prints registers and bits, and what is refused', async () => {
    const { pty, slaves, sent } = line({ address: 5, register: (at) => (at === 1799 ? 0xffd6 : at) });
    const registers = await tailgate('modbus', 'read', pty.path, '--address', '5', '--start', '0x0706', '--count', '2', '--timeout', '300 ms');
    expect(registers).toEqual({ code: 0, text: 'register     hex   unsigned  signed\n 1798 0x0706  0706      1798    1798\n 1799 0x0707  FFD6     65494     -42\n' });
    const bits = await tailgate('modbus', 'read', pty.path, '--address', '5', '--start', '0', '--count', '2', '--function', '1', '--timeout', '300 ms');
    expect(bits.text).toBe('bit\n    0  0\n    1  1\n');
    slaves[0]!.fault = { exception: 2 };
    const refused = await tailgate('modbus', 'read', pty.path, '--address', '5', '--start', '0', '--count', '2', '--timeout', '300 ms');
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('0 to 1: exception 2, illegal data address') as string });
    expect(functionsIn(sent())).toEqual([1, 3]);
  });

  it('decode shows every way to read the registers', async () => {
    const { pty } = line({ address: 5, register: (at) => (at === 30 ? 0x4366 : 0x6666) });
    const { text, code } = await tailgate('modbus', 'decode', pty.path, '--address', '5', '--start', '30', '--timeout', '300 ms');
    expect(code).toBe(0);
    expect(text).toMatch(/registers 30 to 31 {2}\(0x001E\) {2}4366 6666\n.*ABCD +CDAB +BADC +DCBA\n/);
    expect(text).toMatch(/float32 +230\.4 /);
    expect((await tailgate('modbus', 'decode', '--hex', '4366 6666')).text).toMatch(/float32 +230\.4 /);
  });

  it('speaks Modbus TCP', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => socket.write(Buffer.concat([chunk.subarray(0, 4), Buffer.of(0, 5), chunk.subarray(6, 8), Buffer.of(2, 0x12, 0x34)])));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const { text } = await tailgate('modbus', 'read', port, '--protocol', 'tcp', '--address', '255', '--start', '0', '--count', '1');
    expect(text).toContain('    0 0x0000  1234      4660    4660');
  });

  it('takes no other function, and says in its help that it only reads', async () => {
    expect((await tailgate('modbus', 'read', '/dev/null', '--function', '6', '--address', '1', '--start', '0')).code).not.toBe(0);
    expect((await tailgate('modbus', '--help')).text.replaceAll(/\s+/g, ' ')).toContain('it never writes to a device');
    expect((await tailgate('modbus', 'scan', '--help')).text.replaceAll(/\s+/g, ' ')).toContain('writes nothing');
  });
});

describe('tailgate modbus, through the running gateway', () => {
  it('takes turns with its polls, by whatever name the port is given', async () => {
    const stub = await StubBroker.start({});
    const { pty, slaves, sent } = line({ address: 1 }, { address: 9 });
    const gateway = TestGateway.make({ mqtt: `url: "${stub.url}"`, devices: { meter: `driver: modbus, port: ${pty.path}, address: 1, profile: eastron-sdm230, only: [voltage], every: 1 s` } });
    gateway.start();
    await vi.waitFor(() => expect(stub.published.some(({ topic }) => topic.endsWith('/reading/meter'))).toBe(true), within);
    const alias = join(temporaryFolder(), 'by-id-name');
    symlinkSync(pty.path, alias);
    const before = slaves[0]!.questions.length;
    const found = await tailgate('modbus', 'scan', alias, '--from', '7', '--to', '10', '--timeout', '300 ms', '--directory', gateway.outbox);
    expect(found.text).toContain('through the running gateway, between its polls');
    expect(found.text).toContain('  9  answers: 0000\n1 found\n');
    const read = await tailgate('modbus', 'read', pty.path, '--address', '9', '--start', '20', '--count', '1', '--timeout', '300 ms', '--directory', gateway.outbox);
    expect(read.text).toContain('   20 0x0014  0014        20      20');
    const foreign = await tailgate('modbus', 'read', pty.path, '--protocol', 'tcp', '--address', '9', '--start', '20', '--count', '1', '--timeout', '300 ms', '--directory', gateway.outbox);
    expect(foreign).toMatchObject({ code: 69, text: expect.stringMatching(/is polled with protocol rtu, and the question is of the other.*Write --protocol rtu, or leave it out/) as string });
    await vi.waitFor(() => expect(slaves[0]!.questions.length).toBeGreaterThan(before + 2), within);
    await gateway.until(({ devices }) => expect(devices[0]?.state).toBe('open'));
    expect(functionsIn(sent())).toEqual([3, 4]);
    expect(await gateway.end('SIGTERM')).toBe(0);
    const afterwards = await tailgate('modbus', 'read', pty.path, '--address', '9', '--start', '20', '--count', '1', '--timeout', '300 ms', '--directory', gateway.outbox);
    expect(afterwards.text).toContain('   20 0x0014  0014        20      20');
  });
});

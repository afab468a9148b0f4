import { execFileSync, spawn } from 'node:child_process';
import fs, {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { SerialPort } from 'serialport/dist/serialport.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LinkError } from '../../src/core/errors.ts';
import type { Link } from '../../src/driver-kit/link.ts';
import { openHolder, RememberedHolder } from '../../src/transports/port-holder.ts';
import { openFault } from '../../src/transports/serial-fault.ts';
import { hungUp, isSameFile, type SerialOptions, serialTransport } from '../../src/transports/serial.ts';
import { openPty, type Pty } from '../support/pty.ts';

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function pty(): Pty {
  const opened = openPty();
  cleanUps.push(() => opened.close());
  return opened;
}

function folder(): string {
  const made = mkdtempSync('/tmp/tailgate-serial-');
  cleanUps.push(() => rmSync(made, { recursive: true }));
  return made;
}

/** Opens a port and lends the library's own, to look at how it is used. */
async function withPort(options: Partial<SerialOptions> & { path: string }) {
  const opening = vi.spyOn(SerialPort.binding, 'open');
  const { link } = await opened(options);
  const port = await opening.mock.results[0]?.value;
  opening.mockRestore();
  if (port === undefined) throw new Error('the library opened no port');
  return { link, port };
}

/** How many descriptors of this process lead to the file. */
function descriptorsOf(path: string): number {
  const own = `/proc/${process.pid}/fd`;
  return readdirSync(own).filter((name) => existsSync(join(own, name)) && readlinkSync(join(own, name)) === path).length;
}

/** Opens a port and collects what comes. */
async function opened(options: Partial<SerialOptions> & { path: string }) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const receive = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    bytes += chunk.length;
  };
  const link: Link = await serialTransport({ baudRate: 9600, ...options }).open(receive, new AbortController().signal);
  cleanUps.push(() => link.close());
  return { link, received: () => Buffer.concat(chunks), bytes: () => bytes };
}

async function failure(options: SerialOptions, signal = new AbortController().signal): Promise<LinkError> {
  const error = await serialTransport(options).open(() => undefined, signal).then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof LinkError)) throw new Error('the port opened', { cause: error });
  return error;
}

describe('a serial port', () => {
  it('carries every byte both ways', async () => {
    const device = pty();
    const sent: Uint8Array[] = [];
    device.onData((chunk) => sent.push(chunk));
    const { link, received } = await opened({ path: device.path });
    await device.write(EVERY_BYTE);
    await link.write(EVERY_BYTE);
    await vi.waitFor(() => expect(received()).toEqual(EVERY_BYTE));
    await vi.waitFor(() => expect(Buffer.concat(sent)).toEqual(EVERY_BYTE));
  });

  it('gives chunks that the receiver may keep', async () => {
    const device = pty();
    const { received } = await opened({ path: device.path });
    for (let line = 0; line < 300; line += 1) {
      await device.write(`LINE-${line}\r`);
      await vi.waitFor(() => expect(received().toString()).toContain(`LINE-${line}\r`), { interval: 1 });
    }
    expect(received().toString()).toBe(Array.from({ length: 300 }, (_, line) => `LINE-${line}\r`).join(''));
  });

  it('sends writes whole and in order', async () => {
    const device = pty();
    let sent = '';
    device.onData((chunk) => (sent += Buffer.from(chunk).toString()));
    const { link } = await opened({ path: device.path, baudRate: 4_000_000 });
    const texts = Array.from({ length: 50 }, (_, index) => `${index}:${'x'.repeat(index * 10)};`);
    await Promise.all(texts.map((text) => link.write(Buffer.from(text))));
    await vi.waitFor(() => expect(sent).toBe(texts.join('')));
  });

  it.each(['even', 'none'] as const)('sets the line as it is told, with parity %s so that a damaged byte reads as 00', async (parity) => {
    const device = pty();
    await opened({ path: device.path, baudRate: 19_200, stopBits: 2, parity });
    const settings = execFileSync('stty', ['-a', '-F', device.path]).toString();
    expect(settings).toContain('speed 19200 baud');
    for (const setting of [' cstopb', ' inpck', ' -ignpar', ' -parmrk', ' -echo', ' -icrnl', ' -ixon']) expect(settings).toContain(setting);
  });

  it('calls a write done when its bytes have had the time to leave, without a thread that waits for them', async () => {
    const device = pty();
    const { link, port } = await withPort({ path: device.path, baudRate: 1200 });
    const drain = vi.spyOn(port, 'drain');
    const startMs = performance.now();
    await link.write(Buffer.alloc(20));
    expect(performance.now() - startMs).toBeGreaterThanOrEqual((20 * 10 * 1000) / 1200);
    expect(drain).not.toHaveBeenCalled();
  });

  it('throws away what the device does not take when it is closed, so that it can be opened again', async () => {
    const device = pty();
    const { link, port } = await withPort({ path: device.path });
    const [flush, close] = [vi.spyOn(port, 'flush'), vi.spyOn(port, 'close')];
    await link.close();
    expect(flush.mock.invocationCallOrder[0]).toBeLessThan(close.mock.invocationCallOrder[0] ?? 0);
  });

  it('fails all writes that wait when the plug is pulled', async () => {
    const device = pty(); // whose far end does not read
    const { link } = await opened({ path: device.path });
    const writes = [link.write(Buffer.alloc(100_000)), link.write(Buffer.from('next')), link.write(Buffer.from('last'))].map((write) =>
      write.then(() => 'done', (error: unknown) => (error instanceof LinkError ? error.what : error)),
    );
    device.close();
    expect(await Promise.all(writes)).toEqual(['the port hung up', 'the port hung up', 'the port hung up']);
  });

  it('says that it hung up when the plug is pulled', async () => {
    const device = pty();
    const { link } = await opened({ path: device.path });
    device.close();
    const fault = await link.closed;
    expect(fault).toBeInstanceOf(LinkError);
    expect(fault?.message).toBe(
      `serial ${device.path}: the port hung up. Check the cable and the adapter; it is opened again when it is back`,
    );
    await expect(link.write(Buffer.from('late'))).rejects.toThrow(LinkError);
  });

  it('hangs up and does not spin when the plug is pulled under traffic', async () => {
    for (let round = 0; round < 5; round += 1) {
      const device = pty();
      const { link, bytes } = await opened({ path: device.path });
      const flood = Promise.all(Array.from({ length: 5000 }, () => device.write(Buffer.alloc(4000, 0x41))));
      await vi.waitFor(() => expect(bytes()).toBeGreaterThan(100_000));
      device.close();
      expect(await link.closed).toBeInstanceOf(LinkError);
      await flood;
      await link.close();
      expect(bytes()).toBeLessThan(20_000_000);
    }
    const before = process.cpuUsage();
    await new Promise((resolve) => void setTimeout(resolve, 2000)); // the measured time, not a synchronisation
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(400);
  });

  it('fails a write that nobody takes, and gives the link up', async () => {
    const device = pty(); // whose far end does not read
    const { link } = await opened({ path: device.path, baudRate: 4_000_000 });
    await expect(link.write(Buffer.alloc(100_000))).rejects.toThrow('could not be sent in time');
    expect((await link.closed)?.message).toContain('100000 bytes could not be sent in time');
  });

  it('settles once and quietly when it is closed here', async () => {
    const device = pty();
    const { link } = await opened({ path: device.path });
    await Promise.all([link.close(), link.close()]);
    expect(await link.closed).toBeUndefined();
    device.close();
    await expect(link.write(Buffer.from('late'))).rejects.toThrow('the link is closed');
  });

  it('delivers nothing after it was closed', async () => {
    const device = pty();
    const { link, bytes } = await opened({ path: device.path });
    await device.write('x'.repeat(1000));
    await link.close();
    const then = bytes();
    await device.write('y'.repeat(1000));
    const again = await opened({ path: device.path });
    await device.write('z');
    await vi.waitFor(() => expect(again.received().toString()).toContain('z'));
    expect(bytes()).toBe(then);
  });

  it('opens again and again without leaving a descriptor behind', async () => {
    const device = pty();
    const before = descriptorsOf(device.path);
    for (let round = 0; round < 20; round += 1) {
      const more = await opened({ path: device.path });
      await more.link.close();
    }
    expect(before).toBe(1); // the device's own
    expect(descriptorsOf(device.path)).toBe(1);
  });

  it('keeps its lock as long as it is open, and lets it go', async () => {
    const device = pty();
    const { link } = await opened({ path: device.path });
    const probe = (): string => execFileSync('flock', ['-n', device.path, 'echo', 'free']).toString();
    expect(probe).toThrow('Command failed');
    await link.close();
    expect(probe()).toBe('free\n');
  });

  it('finds the port by its match wherever it came back', async () => {
    const [before, after] = [pty(), pty()];
    const roots = fakeRoots();
    attach(roots, 'ttyUSB0', before.path);
    const transport = serialTransport({ match: { usb: { vendor: '0C2E', product: '0b6a' } }, roots, baudRate: 9600 });
    const { signal } = new AbortController();
    const first = await transport.open(() => undefined, signal);
    expect(first.name).toBe(before.path);
    detach(roots, 'ttyUSB0');
    before.close();
    await first.closed;
    await expect(transport.open(() => undefined, signal)).rejects.toThrow('no attached port fits');
    attach(roots, 'ttyUSB7', after.path);
    const second = await transport.open(() => undefined, signal);
    cleanUps.push(() => second.close());
    expect(second.name).toBe(after.path);
  });

  it.each(['EIO', 'ENOENT'])('is given up when its device file cannot be looked at any more (%s)', async (code) => {
    const device = pty();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    cleanUps.push(() => vi.useRealTimers());
    const { link } = await opened({ path: device.path });
    const looking = vi.spyOn(fs, 'statSync').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    cleanUps.push(() => {
      looking.mockRestore();
      syncBuiltinESMExports();
    });
    syncBuiltinESMExports();
    await vi.advanceTimersByTimeAsync(5000);
    expect((await link.closed)?.what).toBe('the port hung up');
  });

  it('tells its own descriptor from one that was given to another file meanwhile', () => {
    const path = join(folder(), 'port');
    writeFileSync(path, '');
    writeFileSync(`${path}-other`, '');
    const [one, again, other] = [openSync(path, 'r'), openSync(path, 'r'), openSync(`${path}-other`, 'r')];
    expect(isSameFile(one, again)).toBe(true);
    expect(isSameFile(one, other)).toBe(false);
    for (const descriptor of [again, other, one]) closeSync(descriptor);
    expect(isSameFile(one, again)).toBe(false);
  });

  it('is known to be gone when its device file is', () => {
    const path = join(folder(), 'port');
    writeFileSync(path, '');
    const descriptor = openSync(path, 'r');
    cleanUps.push(() => closeSync(descriptor));
    expect(hungUp(path, descriptor)).toBe(false);
    unlinkSync(path);
    expect(hungUp(path, descriptor)).toBe(true);
    writeFileSync(`${path}-new`, '');
    symlinkSync(`${path}-new`, path);
    expect(hungUp(path, descriptor)).toBe(true);
    expect(hungUp(path, -1)).toBe(true);
  });
});

describe('a serial port that cannot be opened', () => {
  it('is missing: says so and lists what is there', async () => {
    const { message } = await failure({ path: '/dev/ttyNOWHERE', baudRate: 9600 });
    expect(message).toMatch(/^serial \/dev\/ttyNOWHERE: \/dev\/ttyNOWHERE does not exist\. .*(there are|no serial port is attached)/);
  });

  it('is no serial port', async () => {
    for (const path of ['/dev/null', '/tmp', join(folder(), '..')]) {
      expect((await failure({ path, baudRate: 9600 })).what).toBe(`${path} is not a serial port`);
    }
  });

  it('is locked by another program: names it, and leaves the line as that program set it', async () => {
    const device = pty();
    const holder = spawn('flock', ['-n', device.path, '-c', 'echo locked; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    cleanUps.push(() => process.kill(-(holder.pid ?? 0), 'SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    execFileSync('stty', ['-F', device.path, '38400']);
    const { message } = await failure({ path: device.path, baudRate: 9600 });
    expect(message).toMatch(/the port is in use by (flock|sleep) \(process \d+\)\. Stop that program/);
    expect(execFileSync('stty', ['-F', device.path]).toString()).toContain('speed 38400');
  });

  it('is open already by this gateway', async () => {
    const device = pty();
    await opened({ path: device.path });
    const { what, remedy } = await failure({ path: device.path, baudRate: 9600 });
    expect(what).toBe('the port is in use by another device of this gateway');
    expect(remedy).toContain('a port of its own');
  });

  it('is open elsewhere without a lock: the holder is found behind a link to the port too', async () => {
    const device = pty();
    const path = join(folder(), 'port');
    symlinkSync(device.path, path);
    expect(openHolder(path)?.pid).toBe(process.pid); // the device's side of the pseudo-terminal holds it
    expect(openHolder('/dev/ttyNOWHERE')).toBeUndefined();
  });

  it('cannot be set, since stty is missing: says what to install, and keeps neither descriptor nor lock', async () => {
    const device = pty();
    const { PATH } = process.env;
    cleanUps.push(() => (process.env['PATH'] = PATH));
    process.env['PATH'] = folder();
    const { message } = await failure({ path: device.path, baudRate: 9600 });
    process.env['PATH'] = PATH;
    expect(message).toMatch(/the program stty is missing\. Install the package coreutils/);
    expect(descriptorsOf(device.path)).toBe(1); // the device's own
    expect(execFileSync('flock', ['-n', device.path, 'echo', 'free']).toString()).toBe('free\n');
  });

  it('stays taken: looks through all processes once a minute, and again for another file', () => {
    const path = join(folder(), 'port');
    const searched: string[] = [];
    let nowMs = 0;
    const holders = new RememberedHolder((file) => ({ pid: searched.push(file), program: 'minicom' }), () => nowMs);
    expect([holders.of(path), holders.of(path)].map((found) => found?.pid)).toEqual([1, 1]);
    writeFileSync(path, ''); // it came back as another file
    expect(holders.of(path)?.pid).toBe(2);
    nowMs = 59_999;
    expect(holders.of(path)?.pid).toBe(2);
    nowMs = 60_000;
    expect(holders.of(path)?.pid).toBe(3);
  });

  it('is no longer wanted: releases it when it opens after all', async () => {
    const device = pty();
    const stop = new AbortController();
    const failing = failure({ path: device.path, baudRate: 9600 }, stop.signal);
    stop.abort();
    expect((await failing).what).toBe('is no longer wanted');
    await vi.waitFor(async () => {
      const { link } = await opened({ path: device.path });
      await link.close();
    });
  });

  it.each([
    ['Error: Permission denied, cannot open /dev/tty', /may not open .*usermod -aG/],
    ['Error: Device or resource busy, cannot open /dev/tty', /the port is in use by/],
    ['Error: Invalid argument || while setting custom baud rate of 123', /cannot do 123 baud/],
    ['Error: Input/output error setting custom baud rate of 123', /no hardware behind it/],
    ['Error: something new', /something new.*dmesg/],
  ])('has words for "%s"', (text, words) => {
    expect(openFault({ where: 'serial /dev/tty', path: '/dev/tty', baudRate: 123, holders: new RememberedHolder() }, new Error(text)).message).toMatch(words);
  });
});

interface FakeRoots {
  readonly sys: string;
  readonly dev: string;
}

function fakeRoots(): FakeRoots {
  const root = folder();
  mkdirSync(join(root, 'sys/class/tty'), { recursive: true });
  mkdirSync(join(root, 'dev'));
  return { sys: join(root, 'sys'), dev: join(root, 'dev') };
}

/** A USB adapter as the kernel shows it, whose device file leads to a pseudo-terminal. */
function attach({ sys, dev }: FakeRoots, name: string, path: string): void {
  const device = join(sys, 'devices/usb1/1-1');
  mkdirSync(join(device, `1-1:1.0/${name}/tty/${name}`), { recursive: true });
  writeFileSync(join(device, 'idVendor'), '0c2e\n');
  writeFileSync(join(device, 'idProduct'), '0b6a\n');
  symlinkSync(join(device, `1-1:1.0/${name}`), join(device, `1-1:1.0/${name}/tty/${name}/device`));
  symlinkSync(join(device, `1-1:1.0/${name}/tty/${name}`), join(sys, 'class/tty', name));
  symlinkSync(path, join(dev, name));
}

function detach({ sys, dev }: FakeRoots, name: string): void {
  unlinkSync(join(dev, name));
  unlinkSync(join(sys, 'class/tty', name));
}

import { execFileSync, spawn } from 'node:child_process';
import {
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
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LinkError } from '../../src/core/errors.ts';
import type { Link } from '../../src/driver-kit/link.ts';
import { openHolder } from '../../src/transports/port-holder.ts';
import { openFault } from '../../src/transports/serial-fault.ts';
import { hungUp, type SerialOptions, serialTransport } from '../../src/transports/serial.ts';
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
    const { link } = await opened({ path: device.path });
    const texts = Array.from({ length: 50 }, (_, index) => `${index}:${'x'.repeat(index * 10)};`);
    await Promise.all(texts.map((text) => link.write(Buffer.from(text))));
    await vi.waitFor(() => expect(sent).toBe(texts.join('')));
  });

  it('sets the line as it is told, and checks parity where there is one', async () => {
    const device = pty();
    execFileSync('stty', ['-F', device.path, 'hupcl']);
    await opened({ path: device.path, baudRate: 19_200, stopBits: 2, parity: 'even', hupcl: false });
    const settings = execFileSync('stty', ['-a', '-F', device.path]).toString();
    expect(settings).toContain('speed 19200 baud');
    for (const setting of [' cstopb', ' inpck', ' -hupcl', ' -echo', ' -icrnl', ' -ixon']) expect(settings).toContain(setting);
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
    const folder = `/proc/${process.pid}/fd`;
    const descriptors = (): number =>
      readdirSync(folder).filter((name) => existsSync(join(folder, name)) && readlinkSync(join(folder, name)) === device.path).length;
    const before = descriptors();
    for (let round = 0; round < 20; round += 1) {
      const more = await opened({ path: device.path });
      await more.link.close();
    }
    expect(before).toBe(1); // the device's own
    expect(descriptors()).toBe(1);
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
    expect(openFault({ where: 'serial /dev/tty', path: '/dev/tty', baudRate: 123 }, new Error(text)).message).toMatch(words);
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

import { execFileSync } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { codeOf } from '../../src/core/errors.ts';

/** A real pseudo-terminal: the gateway opens `path` as a serial port, the test, demo or bench plays the device. */
export interface Pty {
  /** The port to open, such as "/dev/pts/4". */
  readonly path: string;
  /** Sends bytes as the device; resolves when the kernel took them or the pseudo-terminal was closed. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** Gets every byte that the gateway sends; until somebody listens the kernel keeps them. */
  onData(listener: (chunk: Uint8Array) => void): void;
  /** How often the kernel's buffer was full: a serial port would have lost bytes, where a pseudo-terminal makes its writer wait. */
  readonly overruns: number;
  /** Hangs up, as a pulled plug does. Calling it again does nothing. */
  close(): void;
}

/**
 * Opens a pseudo-terminal, raw and 8-bit clean both ways. The port can be opened and closed any number of times until
 * `close()`. It needs no compiler: the binary of @lydell/node-pty ships prebuilt for x64 and arm64.
 */
export function openPty(): Pty {
  const { master, slave, path } = openPtyDescriptors();
  const device = new ReadStream(master);
  let closed = false;
  let overruns = 0;
  let writing = Promise.resolve();
  return {
    path,
    write(bytes) {
      const data = Buffer.from(bytes);
      writing = writing.then(() => writeAll(master, data, { closed: () => closed, full: () => (overruns += 1) }));
      return writing;
    },
    get overruns() {
      return overruns;
    },
    onData: (listener) => void device.on('data', listener),
    close() {
      if (closed) return;
      closed = true;
      device.destroy();
      closeSync(slave);
    },
  };
}

/** Only the descriptors of one, for a process that reads and writes `master` itself; it never blocks. `slave` has to stay open. */
export function openPtyDescriptors(): { readonly master: number; readonly slave: number; readonly path: string } {
  const { master, slave, pty: path } = native().open(80, 24);
  execFileSync('stty', ['-F', path, 'raw', '-echo']);
  return { master, slave, path };
}

/** Not through the stream, which blocks the whole process while the kernel's buffer is full, the reader included. */
async function writeAll(master: number, bytes: Uint8Array, { closed, full }: { readonly closed: () => boolean; readonly full: () => void }): Promise<void> {
  for (let at = 0; at < bytes.length && !closed(); ) {
    try {
      at += writeSync(master, bytes, at);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      full();
      await setTimeout(FULL_PAUSE_MS);
    }
  }
}

interface NativePty {
  open(columns: number, rows: number): { readonly master: number; readonly slave: number; readonly pty: string };
}

/**
 * The binary itself, and not the package's own `open()`: that one also reads the port's side, and so steals bytes
 * from the gateway. The port's side stays open here, unread, so that the far end survives the gateway's reopens.
 */
function native(): NativePty {
  const entry = createRequire(import.meta.url).resolve('@lydell/node-pty');
  return createRequire(entry)(`@lydell/node-pty-${process.platform}-${process.arch}/pty.node`) as NativePty;
}

/** How long to wait for the gateway to read some of 4 KiB. */
const FULL_PAUSE_MS = 1;

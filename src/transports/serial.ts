import { execFile } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
// Not the package's main file: that also loads ten parsers, which doubles the time it takes.
import { SerialPort } from 'serialport/dist/serialport.js';
import { LinkError } from '../core/errors.ts';
import type { Link, Transport } from '../driver-kit/link.ts';
import type { Roots } from './attached-ports.ts';
import { within } from './deadline.ts';
import { lockHolder, RememberedHolder } from './port-holder.ts';
import { matchPort, type PortMatch, spokenMatch } from './port-match.ts';
import { hangUpFault, heldFault, type Opening, openFault, speedFault } from './serial-fault.ts';
import { SocketLink } from './socket-link.ts';

/** Which port, and how to set it. */
export type SerialOptions = SerialPlace & SerialSettings;

/** A port by its path, or by what it must be; a match is looked up again at every open. */
export type SerialPlace = { readonly path: string } | { readonly match: PortMatch; readonly roots?: Roots };

/** The line parameters; 8N1 unless told otherwise. */
export interface SerialSettings {
  readonly baudRate: number;
  readonly dataBits?: 7 | 8 | undefined;
  readonly parity?: 'none' | 'even' | 'odd' | undefined;
  readonly stopBits?: 1 | 2 | undefined;
}

/**
 * Opens serial ports. The serialport library opens, configures and locks the port; the bytes go through Node's own
 * terminal stream. Its drain is not used: it holds one of the process's four threads until the last byte has left, for
 * ever on a device that stops the flow, and four such devices stop every file and every name look-up. Its stream is not used: after a hang-up under traffic it reads 0 bytes
 * for ever on a full core and never says close (bindings-cpp#162, #175), and it takes two to three times the CPU time a line.
 */
export function serialTransport(options: SerialOptions): Transport {
  const name = `serial ${'path' in options ? options.path : spokenMatch(options.match)}`;
  const holders = new RememberedHolder();
  return {
    name,
    async open(receive, signal) {
      const path = 'path' in options ? options.path : matchPort(options.match, name, options.roots).path;
      const opening: Opening = { where: name, path, baudRate: options.baudRate, holders };
      const port = await locked(opening, options, signal);
      try {
        await configured(port, opening);
        return linkOver(port, opening, receive);
      } catch (error) {
        await released(port);
        throw error instanceof LinkError ? error : openFault(opening, error);
      }
    },
  };
}

type Port = Awaited<ReturnType<typeof SerialPort.binding.open>>;

async function locked(opening: Opening, settings: SerialSettings, signal: AbortSignal): Promise<Port> {
  const fault = (what: string): LinkError => new LinkError({ where: opening.where, what, remedy: 'Unplug the adapter and plug it in again' });
  const { baudRate, dataBits = 8, parity = 'none', stopBits = 1 } = settings;
  const unheld = async (): Promise<Port> => {
    // Asked first, because the library changes the line parameters of a port before it finds that another has locked it.
    const holder = await lockHolder(opening.path);
    if (holder !== undefined) throw heldFault(opening, holder);
    if (signal.aborted) throw fault('is no longer wanted');
    return SerialPort.binding.open({ path: opening.path, baudRate, dataBits, parity, stopBits, lock: true });
  };
  try {
    return await within<Port>(unheld(), { deadlineMs: OPEN_DEADLINE_MS, signal, fault, late: (port) => void released(port) });
  } catch (error) {
    throw error instanceof LinkError ? error : openFault(opening, error);
  }
}

/**
 * Sets what the library does not, and checks what it does not check. The library sets IGNPAR, with which bytes with a
 * wrong parity or stop bit vanish and leave a shorter code behind that looks whole; so set, they read as 00. Also without
 * parity, where a stop bit can be wrong just as well.
 */
async function configured(port: Port, opening: Opening): Promise<void> {
  await run('stty', ['-F', opening.path, 'inpck', '-ignpar'], { timeout: OPEN_DEADLINE_MS });
  const { baudRate } = await port.getBaudRate();
  if (Math.abs(baudRate - opening.baudRate) > SPEED_TOLERANCE * opening.baudRate) throw speedFault(opening, baudRate);
}

const run = promisify(execFile);

function linkOver(port: Port, opening: Opening, receive: (chunk: Uint8Array) => void): Link {
  const locked = port.fd ?? -1;
  const path = realpathSync(opening.path);
  const { socket, descriptor } = streamOf(locked);
  const link = new SocketLink({
    where: opening.where,
    name: path,
    socket,
    receive,
    writeDeadlineMs: (bytes) => WRITE_SPARE_MS + (bytes * BITS_PER_BYTE_MOST * 1000 * 2) / opening.baudRate,
    wireMs: (bytes) => (bytes * BITS_PER_BYTE_MOST * 1000) / opening.baudRate,
    async release() {
      clearInterval(probe);
      if (isSameFile(descriptor, locked)) closeSync(descriptor);
      await released(port);
    },
    lost: (error) => hangUpFault(opening.where, error),
  });
  const probe = setInterval(() => hungUp(path, locked) && link.lose(hangUpFault(opening.where)), PROBE_MS).unref();
  return link;
}

/**
 * A stream on a descriptor of its own, made from the locked one so that it cannot be another device. Node's event loop
 * opens a terminal once more, puts the new opening in place of the descriptor it was given, so that a lock on that one
 * would be lost, and leaves its closing to the giver (libuv, uv_tty_init).
 */
function streamOf(locked: number): { readonly socket: ReadStream; readonly descriptor: number } {
  const descriptor = openSync(`/proc/self/fd/${locked}`, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    return { socket: new ReadStream(descriptor, { writable: true }), descriptor };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Whether both descriptors lead to one file. Where a sandbox kept libuv from opening it again, one is closed by now. */
export function isSameFile(one: number, other: number): boolean {
  try {
    const [first, second] = [fstatSync(one), fstatSync(other)];
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return false;
  }
}

/** Whether the device file is gone or is another one now: a hang-up that the stream did not tell. */
export function hungUp(path: string, descriptor: number): boolean {
  try {
    const [there, open] = [statSync(path), fstatSync(descriptor)];
    return there.ino !== open.ino || there.rdev !== open.rdev;
  } catch {
    return true; // what cannot even be looked at is not there
  }
}

/**
 * Closes the library's descriptor, and with it the lock. Bytes that the device does not take are thrown away first: the
 * kernel waits for them as long as 30 s, in which the port cannot be opened again.
 */
async function released(port: Port): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, RELEASE_PATIENCE_MS);
  });
  const closing = port.flush().catch(() => undefined).then(() => port.close());
  await Promise.race([closing.catch(() => undefined), patience]); // a port that hung up may refuse to be closed
  clearTimeout(timer);
}

const OPEN_DEADLINE_MS = 5000;
const RELEASE_PATIENCE_MS = 5000;
const PROBE_MS = 5000;
/** Beyond twice the time that the bytes take on the wire. */
const WRITE_SPARE_MS = 2000;
/** Start, eight data bits, parity, two stop bits. */
const BITS_PER_BYTE_MOST = 12;
/** A UART takes 5 % at the very most, both ends together. */
const SPEED_TOLERANCE = 0.03;

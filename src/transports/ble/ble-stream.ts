import { ConfigurationError, LinkError } from '../../core/errors.ts';
import type { Link, Transport } from '../../driver-kit/link.ts';
import type { GattLink, Place, Radio, Whom } from '../../driver-kit/radio.ts';
import { BATTERY, StreamBattery } from './stream-battery.ts';
import { openTerminalIo, TERMINAL_IO_PLACES } from './terminal-io.ts';

/** A device that is used like a serial port. */
export interface BleStreamOptions {
  readonly radio: Radio;
  /** The device in a person's words. */
  readonly name: string;
  /** Asked at every open; rejects with a ConfigurationError where a file with a key cannot be read. */
  readonly whom: () => Promise<Whom>;
  readonly stream: BleStream;
  /** Gets the level of its battery in %, where it has one that can be read. */
  readonly battery: (level: number) => void;
}

/** How bytes are carried. */
export type BleStream =
  /** Written to one characteristic and notified by another, as `uuidOf` writes them: the Nordic UART service and its kin. */
  | { readonly kind: 'plain'; readonly service: string; readonly write: string; readonly notify: string }
  /** With credits for each packet: Telit's and Stollmann's Terminal I/O. */
  | { readonly kind: 'terminal-io' };

/** Opens byte streams over BLE. Frames are the driver's to find. */
export function bleStreamTransport({ radio, name, whom, stream, battery: told }: BleStreamOptions): Transport {
  const battery = new StreamBattery(told);
  return {
    name,
    async open(receive, signal) {
      const places = stream.kind === 'plain' ? [placeOf(stream, 'write'), placeOf(stream, 'notify')] : TERMINAL_IO_PLACES;
      const device = await radio.connect({ whom: await known(whom, name), places: [...places, { ...BATTERY, optional: true }], callTimeoutMs: CALL_TIMEOUT_MS }, signal);
      try {
        const link = stream.kind === 'plain' ? await openPlain(device, stream, receive) : await openTerminalIo(device, receive);
        void battery.watch(device);
        return link;
      } catch (error) {
        await device.close();
        throw error;
      }
    },
  };
}

async function known(whom: () => Promise<Whom>, where: string): Promise<Whom> {
  try {
    return await whom();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new LinkError({ where, what: error.message, cause: error });
  }
}

async function openPlain(device: GattLink, stream: PlainStream, receive: (chunk: Uint8Array) => void): Promise<Link> {
  await device.subscribe(placeOf(stream, 'notify'), ({ bytes }) => receive(bytes));
  return new PlainLink(device, placeOf(stream, 'write'));
}

/** A write never starts before the one before it is done. */
class PlainLink implements Link {
  readonly name: string;
  readonly closed: Promise<LinkError | undefined>;
  readonly #device: GattLink;
  readonly #place: Place;
  #writing: Promise<void> = Promise.resolve();

  constructor(device: GattLink, place: Place) {
    this.name = device.name;
    this.closed = device.closed;
    this.#device = device;
    this.#place = place;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#writing.then(() => this.#device.write(this.#place, bytes));
    this.#writing = written.catch(() => undefined); // its caller is told; the next write finds the link gone
    return written;
  }

  close(): Promise<void> {
    return this.#device.close();
  }
}

type PlainStream = Extract<BleStream, { readonly kind: 'plain' }>;

function placeOf(stream: PlainStream, way: 'write' | 'notify'): Place {
  return { service: stream.service, characteristic: stream[way] };
}

const CALL_TIMEOUT_MS = 10_000;

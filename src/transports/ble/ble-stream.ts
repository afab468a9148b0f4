import type { LinkError } from '../../core/errors.ts';
import type { Link, Transport } from '../../driver-kit/link.ts';
import type { GattLink, Place, Radio } from '../../driver-kit/radio.ts';

/** A device that is used like a serial port. */
export interface BleStreamOptions {
  readonly radio: Radio;
  readonly address: string;
  readonly addressType: 'public' | 'random';
  /** The characteristics, as `uuidOf` writes them: bytes are written to one and notified by the other. */
  readonly stream: { readonly service: string; readonly write: string; readonly notify: string };
}

/** Opens byte streams over BLE: the Nordic UART service, or another of its kind. Frames are the driver's to find. */
export function bleStreamTransport({ radio, address, addressType, stream }: BleStreamOptions): Transport {
  const write = { service: stream.service, characteristic: stream.write };
  const notify = { service: stream.service, characteristic: stream.notify };
  return {
    name: `ble ${address}`,
    async open(receive, signal) {
      const device = await radio.connect({ address, addressType, places: [write, notify], callTimeoutMs: CALL_TIMEOUT_MS }, signal);
      try {
        await device.subscribe(notify, ({ bytes }) => receive(bytes));
      } catch (error) {
        await device.close();
        throw error;
      }
      return new StreamLink(device, write);
    },
  };
}

/** A write never starts before the one before it is done. */
class StreamLink implements Link {
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

const CALL_TIMEOUT_MS = 10_000;

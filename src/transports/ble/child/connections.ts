import type { CallResult, FoundPlace, WantedPlace } from '../messages.ts';
import { attributeStream, type Characteristic, type Noble, type Peripheral } from './library.ts';
import { refusalIn } from './library-faults.ts';
import { OutOfPatience, patient } from './patience.ts';
import { type Asked, Refusals, Refused } from './refusals.ts';

/** What Connections is made of. */
export interface ConnectionsParts {
  readonly noble: Noble;
  readonly notified: (address: string, place: FoundPlace, bytes: Uint8Array) => void;
  readonly disconnected: (address: string, reason: string) => void;
  /** Stops the scan while a connection is made, and resumes it: discovery beside it breaks connections off. */
  readonly withoutScan: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

interface Connection {
  readonly peripheral: Peripheral;
  readonly places: FoundPlace[];
  readonly characteristics: Map<string, Characteristic>;
  readonly descriptors: Map<string, Readonly<Record<string, Uint8Array>>>;
  readonly refusals: Refusals;
}

/** The devices that are connected, and what is asked of them; one connection is made at a time. */
export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #open = new Map<string, Connection>();
  #connecting: Promise<unknown> = Promise.resolve();

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  /** Connects and finds the places; their descriptors of format and number are read once. */
  connect(address: string, addressType: 'public' | 'random', places: readonly WantedPlace[], deadlineMs: number): Promise<CallResult> {
    const made = this.#connecting.then(() => this.#connect(address, addressType, places, deadlineMs));
    this.#connecting = made.catch(() => undefined); // its caller is told
    return made;
  }

  async read(address: string, place: FoundPlace, deadlineMs: number): Promise<CallResult> {
    const connection = this.#connection(address);
    const bytes = await this.#requested(address, connection, { asked: 'reading', deadlineMs }, () => characteristicOf(connection, place).readAsync());
    return { bytes, descriptors: connection.descriptors.get(keyOf(place)) ?? {} };
  }

  async write(address: string, place: FoundPlace, bytes: Uint8Array, deadlineMs: number): Promise<CallResult> {
    const connection = this.#connection(address);
    const characteristic = characteristicOf(connection, place);
    const withoutResponse = !characteristic.properties.includes('write');
    const step = (connection.peripheral.mtu ?? MTU_LEAST) - ATT_HEADER_BYTES;
    for (let at = 0; at < bytes.length; at += step) {
      await this.#requested(address, connection, { asked: withoutResponse ? 'sending' : 'writing', deadlineMs }, () => characteristic.writeAsync(Buffer.from(bytes.subarray(at, at + step)), withoutResponse));
    }
    return {};
  }

  async subscribe(address: string, place: FoundPlace, deadlineMs: number): Promise<CallResult> {
    const connection = this.#connection(address);
    const characteristic = characteristicOf(connection, place);
    characteristic.on('data', (bytes: Buffer, isNotification: boolean) => isNotification && this.#parts.notified(address, place, Uint8Array.from(bytes)));
    await this.#requested(address, connection, { asked: 'subscribing', deadlineMs }, () => characteristic.subscribeAsync());
    return {};
  }

  /** Resolves when the device is gone; rejects with OutOfPatience when even that hangs. */
  async disconnect(address: string): Promise<CallResult> {
    const connection = this.#open.get(address);
    if (connection !== undefined) await patient(connection.peripheral.disconnectAsync(), DISCONNECT_MS, 'disconnecting');
    return {};
  }

  async #connect(address: string, addressType: 'public' | 'random', places: readonly WantedPlace[], deadlineMs: number): Promise<CallResult> {
    const untilMs = performance.now() + deadlineMs;
    const connection = await this.#parts.withoutScan(async () => this.#opened(address, await this.#reached(address, addressType, deadlineMs)));
    if (this.#open.get(address) !== connection) throw brokenOff(); // while the scan began again
    try {
      await patient(discovered(connection, places), Math.max(1, untilMs - performance.now()), 'looking for its services');
      return { places: connection.places };
    } catch (error) {
      await this.disconnect(address); // whatever it was: nobody has this connection yet who would end it
      throw asRefused(error);
    }
  }

  /** Its end is listened for at once: most connections that fail break off within a moment, and of a device that is gone nothing settles. */
  #opened(address: string, peripheral: Peripheral): Connection {
    if (peripheral.state !== 'connected') throw brokenOff();
    const connection: Connection = { peripheral, places: [], characteristics: new Map(), descriptors: new Map(), refusals: new Refusals(attributeStream(this.#parts.noble, idOf(address))) };
    this.#open.set(address, connection);
    peripheral.once('disconnect', (reason: unknown) => {
      this.#open.delete(address);
      peripheral.removeAllListeners();
      this.#parts.disconnected(address, String(reason));
    });
    return connection;
  }

  async #reached(address: string, addressType: 'public' | 'random', deadlineMs: number): Promise<Peripheral> {
    const id = idOf(address);
    const { noble } = this.#parts;
    const connecting = noble.connectAsync(id, { addressType });
    try {
      return await patient(connecting, deadlineMs, 'connecting');
    } catch (error) {
      if (!(error instanceof OutOfPatience)) throw error;
      noble.cancelConnect(id);
      await patient(connecting.catch(() => undefined), DISCONNECT_MS, 'giving up a connection');
      throw error;
    }
  }

  /** A call that does not settle would hold up all that follow it, so it costs the connection; one that the device refused need not. */
  async #requested<Result>(address: string, { refusals }: Connection, { asked, deadlineMs }: { readonly asked: Asked; readonly deadlineMs: number }, work: () => Promise<Result>): Promise<Result> {
    try {
      return await refusals.watched(asked, () => patient(work(), deadlineMs, asked));
    } catch (error) {
      const fault = asRefused(error);
      if (!(fault instanceof Refused && fault.isSettled)) await this.disconnect(address);
      throw fault;
    }
  }

  #connection(address: string): Connection {
    const connection = this.#open.get(address);
    if (connection === undefined) throw new Error('it is not connected');
    return connection;
  }
}

function asRefused(error: unknown): unknown {
  const code = error instanceof Error && !(error instanceof Refused) && !(error instanceof OutOfPatience) ? refusalIn(error.message) : undefined;
  return code === undefined ? error : new Refused(code, true);
}

/** As the library names devices. */
function idOf(address: string): string {
  return address.replaceAll(':', '').toLowerCase();
}

function brokenOff(): Error {
  return new Error('the device disconnected as soon as it was connected to');
}

async function discovered({ peripheral, places, characteristics, descriptors }: Connection, wanted: readonly WantedPlace[]): Promise<void> {
  const named = wanted.flatMap(({ service }) => service ?? []);
  const services = await peripheral.discoverServicesAsync(named.length === wanted.length ? [...new Set(named)] : []);
  for (const service of services) {
    for (const characteristic of await service.discoverCharacteristicsAsync([])) {
      const place = { service: service.uuid, characteristic: characteristic.uuid };
      if (!wanted.some((one) => one.characteristic === place.characteristic && (one.service ?? place.service) === place.service)) continue;
      places.push(place);
      characteristics.set(keyOf(place), characteristic);
      descriptors.set(keyOf(place), await formats(characteristic));
    }
  }
}

/** The descriptors that say how to read a value: its format and its number of digitals. */
async function formats(characteristic: Characteristic): Promise<Readonly<Record<string, Uint8Array>>> {
  const found: Record<string, Uint8Array> = {};
  if (!characteristic.properties.includes('read')) return found;
  for (const descriptor of await characteristic.discoverDescriptorsAsync()) {
    if (FORMATS.has(descriptor.uuid)) found[descriptor.uuid] = Uint8Array.from(await descriptor.readValueAsync());
  }
  return found;
}

function characteristicOf({ characteristics }: Connection, place: FoundPlace): Characteristic {
  const found = characteristics.get(keyOf(place));
  if (found === undefined) throw new Error(`it has no characteristic ${place.characteristic}`);
  return found;
}

function keyOf({ service, characteristic }: FoundPlace): string {
  return `${service}/${characteristic}`;
}

const FORMATS: ReadonlySet<string> = new Set(['2904', '2909']);
const DISCONNECT_MS = 3000;
/** Core 5.4, volume 3, part F, sections 3.2.8 and 3.4.5. */
const MTU_LEAST = 23;
const ATT_HEADER_BYTES = 3;

import { LinkError, ProtocolError } from '../../../src/core/errors.ts';
import type { Advertisement } from '../../../src/driver-kit/advertisement.ts';
import type { GattValue } from '../../../src/driver-kit/define-driver.ts';
import type { ConnectWish, Ears, GattLink, Place, Radio, RadioState } from '../../../src/driver-kit/radio.ts';

/** A connected device that the test is. */
export class FakeGattLink implements GattLink {
  readonly name: string;
  readonly closed: Promise<LinkError | undefined>;
  /** What was asked of it, such as "read 2a6e". */
  readonly calls: string[] = [];
  /** What it holds, by characteristic. */
  readonly values = new Map<string, Uint8Array>();
  /** The call that it refuses, which breaks the link as every refused call does. */
  refuses: string | undefined;
  /** The call that it refuses in order, so that the next can be made. */
  declines: string | undefined;
  isOpen = true;
  readonly #places: readonly Place[];
  readonly #written: { readonly characteristic: string; readonly bytes: Uint8Array }[] = [];
  readonly #listeners = new Map<string, (value: GattValue) => void>();
  #held: Promise<void> = Promise.resolve();
  #settle: (fault: LinkError | undefined) => void = () => undefined;

  constructor(name: string, places: readonly Place[]) {
    this.name = name;
    this.#places = places;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
  }

  has(place: Place): boolean {
    return this.#places.some(({ characteristic }) => characteristic === place.characteristic);
  }

  async read(place: Place): Promise<GattValue> {
    await this.#call(`read ${place.characteristic}`);
    return this.#valueOf(place.characteristic, this.values.get(place.characteristic) ?? new Uint8Array());
  }

  async write(place: Place, bytes: Uint8Array): Promise<void> {
    await this.#call(`write ${place.characteristic}`);
    this.#written.push({ characteristic: place.characteristic, bytes: bytes.slice() });
    await this.#held;
  }

  async subscribe(place: Place, notified: (value: GattValue) => void): Promise<void> {
    await this.#call(`subscribe ${place.characteristic}`);
    this.#listeners.set(place.characteristic, notified);
  }

  async close(): Promise<void> {
    this.lose(undefined);
  }

  /** The device sends a notification or indication. */
  notify(characteristic: string, bytes: Uint8Array): void {
    if (this.isOpen) this.#listeners.get(characteristic)?.(this.#valueOf(characteristic, bytes));
  }

  /** The link breaks. */
  lose(fault: LinkError | undefined): void {
    this.isOpen = false;
    this.#settle(fault);
  }

  /** Lets writes not be done until they are released. */
  holdWrites(): () => void {
    let release: () => void = () => undefined;
    this.#held = new Promise((resolve) => (release = resolve));
    return () => release();
  }

  /** What was written to a characteristic, one a write. */
  writtenTo(characteristic: string): readonly Uint8Array[] {
    return this.#written.flatMap((one) => (one.characteristic === characteristic ? [one.bytes] : []));
  }

  async #call(call: string): Promise<void> {
    if (!this.isOpen) throw new LinkError({ where: this.name, what: 'the connection is closed' });
    this.calls.push(call);
    if (this.declines === call) throw new ProtocolError({ where: this.name, what: 'the device does not let this be read', fault: 'refused' });
    if (this.refuses !== call) return;
    const fault = new LinkError({ where: this.name, what: 'refused' });
    this.lose(fault);
    throw fault;
  }

  #valueOf(characteristic: string, bytes: Uint8Array): GattValue {
    return { service: this.#places.find((place) => place.characteristic === characteristic)?.service ?? '', characteristic, bytes, descriptors: {} };
  }
}

/** A radio in memory, for tests where time is fake; real ones are in test/transports/ble. */
export class FakeRadio implements Radio {
  readonly name = 'ble fake';
  /** Every device that was connected to, the newest last. */
  readonly links: FakeGattLink[] = [];
  /** When each connection was tried, by the test's own clock. */
  readonly triedMs: number[] = [];
  /** Why connecting fails, while it does. */
  refusal: LinkError | undefined;
  /** Makes the next device ready. */
  prepare: (link: FakeGattLink) => void = () => undefined;
  readonly #nowMs: () => number;
  readonly #ears = new Set<Ears>();
  #state: RadioState = { kind: 'waiting' };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  listen(ears: Ears): () => void {
    this.#ears.add(ears);
    ears.stateChanged(this.#state);
    return () => void this.#ears.delete(ears);
  }

  async connect({ whom, places }: ConnectWish): Promise<GattLink> {
    this.triedMs.push(this.#nowMs());
    if (this.refusal !== undefined) throw this.refusal;
    const link = new FakeGattLink(`ble ${whom.kind === 'address' ? whom.address : 'key'}`, places);
    this.prepare(link);
    this.links.push(link);
    return link;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#ears.size;
  }

  /** Everybody hears this; whom each wants is the real radio's to know. */
  advertise(advertisement: Advertisement, cutShortBytes = 0): void {
    for (const ears of this.#ears) ears.heard(advertisement, cutShortBytes);
  }

  become(state: RadioState): void {
    this.#state = state;
    for (const ears of this.#ears) ears.stateChanged(state);
  }
}

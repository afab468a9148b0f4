import { LinkError } from '../../core/errors.ts';
import type { GattValue } from '../../driver-kit/define-driver.ts';
import type { GattLink, Place } from '../../driver-kit/radio.ts';
import type { Call, CallResult, WantedPlace, Words } from './messages.ts';
import { CallRefused } from './radio-process.ts';

/** What a connection is made of. */
export interface RadioLinkParts {
  readonly where: string;
  readonly address: string;
  /** The places that the device has. */
  readonly places: readonly WantedPlace[];
  readonly call: (call: Call) => Promise<CallResult>;
  /** Called once, when the link is gone. */
  readonly gone: () => void;
}

/** One connected device. After a call that failed it is given up, since nobody can tell what the device makes of the next. */
export class RadioLink implements GattLink {
  readonly name: string;
  readonly closed: Promise<LinkError | undefined>;
  readonly #parts: RadioLinkParts;
  readonly #listeners = new Map<string, (value: GattValue) => void>();
  #settle: (fault: LinkError | undefined) => void = () => undefined;
  #gone: { readonly fault: LinkError | undefined } | undefined;

  constructor(parts: RadioLinkParts) {
    this.name = parts.where;
    this.#parts = parts;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  has(place: Place): boolean {
    return this.#parts.places.some((known) => keyOf(known) === keyOf(place));
  }

  async read(place: Place): Promise<GattValue> {
    const { bytes = new Uint8Array(), descriptors = {} } = await this.#ask({ name: 'read', address: this.#parts.address, ...only(place) });
    return { ...only(place), bytes, descriptors };
  }

  async write(place: Place, bytes: Uint8Array): Promise<void> {
    await this.#ask({ name: 'write', address: this.#parts.address, ...only(place), bytes });
  }

  async subscribe(place: Place, notified: (value: GattValue) => void): Promise<void> {
    this.#listeners.set(keyOf(place), notified);
    await this.#ask({ name: 'subscribe', address: this.#parts.address, ...only(place) });
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    this.lose(undefined);
    await this.#parts.call({ name: 'disconnect', address: this.#parts.address }).catch(() => undefined); // gone is gone
  }

  /** The device notified. */
  notified(place: Place, bytes: Uint8Array): void {
    if (this.#gone === undefined) this.#listeners.get(keyOf(place))?.({ ...only(place), bytes, descriptors: {} });
  }

  /** The link is gone; only the first call counts. */
  lose(words: Words | undefined): void {
    if (this.#gone !== undefined) return;
    const fault = words === undefined ? undefined : linkFault(this.#parts.where, words);
    this.#gone = { fault };
    this.#parts.gone();
    this.#settle(fault);
  }

  async #ask(call: Call): Promise<CallResult> {
    if (this.#gone !== undefined) throw this.#gone.fault ?? linkFault(this.#parts.where, { what: 'the connection is closed' });
    try {
      return await this.#parts.call(call);
    } catch (error) {
      if (!(error instanceof CallRefused)) throw error;
      const fault = linkFault(this.#parts.where, error.words);
      if (this.#gone === undefined) {
        this.lose(error.words);
        void this.#parts.call({ name: 'disconnect', address: this.#parts.address }).catch(() => undefined);
      }
      throw fault;
    }
  }
}

/** The error for a person. */
export function linkFault(where: string, { what, remedy }: Words): LinkError {
  return new LinkError({ where, what, remedy });
}

function only({ service, characteristic }: Place): Place {
  return { service, characteristic };
}

function keyOf({ service, characteristic }: Place): string {
  return `${service}/${characteristic}`;
}

import { LinkError, ProtocolError } from '../../core/errors.ts';
import type { GattValue } from '../../driver-kit/define-driver.ts';
import type { GattLink, Place } from '../../driver-kit/radio.ts';
import type { Call, CallResult, FoundPlace, Words } from './messages.ts';
import { CallRefused } from './radio-process.ts';

/** What a connection is made of. */
export interface RadioLinkParts {
  readonly where: string;
  readonly address: string;
  /** The places that the device has. */
  readonly places: readonly FoundPlace[];
  readonly call: (call: Call) => Promise<CallResult>;
  /** Called once, when the link is gone. */
  readonly gone: () => void;
}

/** One connected device. After a call that failed it is given up, since nobody can tell what the device makes of the next; only a read may be refused in order. */
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
    return this.#found(place) !== undefined;
  }

  async read(place: Place): Promise<GattValue> {
    const found = this.#there(place);
    const { bytes = new Uint8Array(), descriptors = {} } = await this.#ask({ name: 'read', address: this.#parts.address, ...found });
    return { ...found, bytes, descriptors };
  }

  async write(place: Place, bytes: Uint8Array): Promise<void> {
    await this.#ask({ name: 'write', address: this.#parts.address, ...this.#there(place), bytes });
  }

  async subscribe(place: Place, notified: (value: GattValue) => void): Promise<void> {
    const found = this.#there(place);
    this.#listeners.set(keyOf(found), notified);
    await this.#ask({ name: 'subscribe', address: this.#parts.address, ...found });
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    this.lose(undefined);
    await this.#parts.call({ name: 'disconnect', address: this.#parts.address }).catch(() => undefined); // gone is gone
  }

  /** The device notified. */
  notified(place: FoundPlace, bytes: Uint8Array): void {
    if (this.#gone === undefined) this.#listeners.get(keyOf(place))?.({ ...place, bytes, descriptors: {} });
  }

  /** The link is gone; only the first call counts. */
  lose(words: Words | undefined): void {
    if (this.#gone !== undefined) return;
    const fault = words === undefined ? undefined : linkFault(this.#parts.where, words);
    this.#gone = { fault };
    this.#parts.gone();
    this.#settle(fault);
  }

  #found({ service, characteristic }: Place): FoundPlace | undefined {
    const found = this.#parts.places.find((known) => known.characteristic === characteristic && (service ?? known.service) === known.service);
    return found && { service: found.service, characteristic: found.characteristic };
  }

  #there(place: Place): FoundPlace {
    const found = this.#found(place);
    if (found === undefined) throw linkFault(this.#parts.where, { what: `the device has no characteristic ${place.characteristic}` });
    return found;
  }

  async #ask(call: Call): Promise<CallResult> {
    if (this.#gone !== undefined) throw this.#gone.fault ?? linkFault(this.#parts.where, { what: 'the connection is closed' });
    try {
      return await this.#parts.call(call);
    } catch (error) {
      if (!(error instanceof CallRefused)) throw error;
      if (call.name === 'read' && error.isSettled) throw new ProtocolError({ where: this.#parts.where, ...error.words, fault: 'refused' });
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

function keyOf({ service, characteristic }: FoundPlace): string {
  return `${service}/${characteristic}`;
}

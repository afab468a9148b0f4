import { PublishError } from '../core/errors.ts';

/** The broker names another one (CONNACK or DISCONNECT 0x9C or 0x9D with a Server Reference; MQTT 5.0, section 4.13). */
export class ServerMoved extends PublishError {
  readonly reference: string;

  constructor(fault: ConstructorParameters<typeof PublishError>[0] & { readonly reference: string }) {
    super(fault);
    this.reference = fault.reference;
  }
}

/**
 * The address that connections go to: the configured one, or where the broker has sent us. A reference changes host
 * and port, never the scheme, so that no broker can lead a gateway away from TLS, and the certificate has to fit the
 * new host. What does not answer there is tried at the configured address again.
 */
export class ServerAddress {
  #elsewhere: string | undefined;
  #hops = 0;

  /** Where the next connection goes. */
  of(configured: string): string {
    return this.#elsewhere ?? configured;
  }

  /** The broker has named another. Returns whether it is followed: it has to be an address, and not the next of many. */
  moved({ reference }: ServerMoved, configured: string): boolean {
    this.#elsewhere = this.#hops < HOPS_MAX ? addressOf(reference, configured) : undefined;
    if (this.#elsewhere === undefined) return false;
    this.#hops += 1;
    return true;
  }

  /** No connection was made: the configured address is next. Returns whether this one was another. */
  failed(): boolean {
    const elsewhere = this.#elsewhere !== undefined;
    this.#elsewhere = undefined;
    return elsewhere;
  }

  /** A connection has lasted: the next reference is not one of a chain. */
  lasted(): void {
    this.#hops = 0;
  }
}

/** The first server of a reference: names with or without a port, separated by spaces (MQTT 5.0, section 4.11). */
function addressOf(reference: string, configured: string): string | undefined {
  const { protocol } = new URL(configured);
  const [first = ''] = reference.trim().split(/\s+/);
  const scheme = /^([a-z]+:)\/\//i.exec(first);
  if (scheme !== null && scheme[1]?.toLowerCase() !== protocol) return undefined;
  const server = first.slice(scheme?.[0].length ?? 0).replace(/\/$/, '');
  if (server.length > REFERENCE_CHARACTERS_MAX || !SERVER.test(server)) return undefined;
  const url = `${protocol}//${server}`;
  return URL.canParse(url) && new URL(url).port !== '0' ? url : undefined;
}

/** A host name, an IPv4 address or an IPv6 address in brackets, and a port. */
const SERVER = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

const REFERENCE_CHARACTERS_MAX = 260;
const HOPS_MAX = 3;

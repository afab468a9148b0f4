import type { Advertisement } from '../../driver-kit/advertisement.ts';
import type { Ears, RadioState } from '../../driver-kit/radio.ts';
import { AddressResolver } from './address-resolver.ts';
import type { HearingFilter } from './messages.ts';

interface Listener {
  readonly ears: Ears;
  /** Everybody's when undefined. */
  readonly addresses: ReadonlySet<string> | undefined;
  readonly irks: readonly Uint8Array[];
  readonly resolver: AddressResolver;
}

/** Everybody who listens to a radio: what they want to hear between them, and who hears what. */
export class Audience {
  readonly #listeners = new Set<Listener>();

  /** Adds one until it is called off. */
  add(ears: Ears): () => void {
    const { whom } = ears;
    const irks = whom?.flatMap((one) => (one.kind === 'irk' ? [one.irk] : [])) ?? [];
    const addresses = whom && new Set(whom.flatMap((one) => (one.kind === 'address' ? [one.address] : [])));
    const listener = { ears, addresses, irks, resolver: new AddressResolver(irks) };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** How many want to hear somebody; the others only ask for the state. */
  get hearers(): number {
    return [...this.#listeners].filter(({ ears: { whom } }) => whom === undefined || whom.length > 0).length;
  }

  /** What has to be passed on; undefined when nobody wants to hear anything. */
  filter(): HearingFilter {
    const listeners = [...this.#listeners];
    if (listeners.some(({ addresses }) => addresses === undefined)) return { addresses: 'all', irks: [] };
    const addresses = [...new Set(listeners.flatMap((one) => [...(one.addresses ?? [])]))];
    const irks = listeners.flatMap((one) => one.irks);
    return addresses.length + irks.length === 0 ? undefined : { addresses, irks };
  }

  /** Gives an advertisement to all who want it. */
  heard(advertisement: Advertisement, cutShortBytes: number): void {
    const { address, addressType } = advertisement;
    for (const { ears, addresses, resolver } of this.#listeners) {
      if (addresses === undefined || addresses.has(address) || resolver.fits(address, addressType)) ears.heard(advertisement, cutShortBytes);
    }
  }

  stateChanged(state: RadioState): void {
    for (const { ears } of this.#listeners) ears.stateChanged(state);
  }
}

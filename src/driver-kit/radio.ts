import type { LinkError } from '../core/errors.ts';
import type { Advertisement } from './advertisement.ts';
import type { GattPlace, GattValue } from './define-driver.ts';

/** What sessions see of a BLE adapter. */
export interface Radio {
  /** The adapter in a person's words, such as "ble hci 00:11:22:33:44:55". */
  readonly name: string;
  /** Gets advertisements, and every change of the adapter's state, until it is called off. */
  listen(ears: Ears): () => void;
  /**
   * Waits until the device is heard, connects to it and looks for the places; rejects with a LinkError when it is not heard
   * within `callTimeoutMs`, when connecting takes as long again, when the radio cannot be used, or when a place is missing
   * that is not optional.
   */
  connect(wish: ConnectWish, signal: AbortSignal): Promise<GattLink>;
}

/** One device: by an address that it keeps, or by the key that the addresses fit which it changes. */
export type Whom =
  /** Upper case with colons. */
  | { readonly kind: 'address'; readonly address: string }
  /** The identity resolving key, 16 bytes, the most significant first. */
  | { readonly kind: 'irk'; readonly irk: Uint8Array };

/** Who listens to a radio. */
export interface Ears {
  /** Whom to hear; everybody when undefined; nobody for those who only ask for the state. */
  readonly whom?: readonly Whom[] | undefined;
  /** `cutShortBytes` is how much at its end said that it is longer than what there was, and was left out. */
  heard(advertisement: Advertisement, cutShortBytes: number): void;
  /** The adapter's state, at once and after every change. */
  stateChanged(state: RadioState): void;
}

/** Whether an adapter can be used, and if not, why and what to do. */
export type RadioState = { readonly kind: 'waiting' } | { readonly kind: 'on'; readonly adapter: string } | { readonly kind: 'failing'; readonly fault: LinkError };

/** Whom to connect to. */
export interface ConnectWish {
  readonly whom: Whom;
  readonly places: readonly Pick<GattPlace, 'service' | 'characteristic' | 'optional'>[];
  /** How long hearing the device, connecting with discovering, and each call after it, may take. */
  readonly callTimeoutMs: number;
}

/** The device in a person's words; a key is never shown. */
export function spokenWhom(whom: Whom): string {
  return whom.kind === 'address' ? whom.address : 'with a changing address';
}

/** A characteristic of a connected device. */
export type Place = Pick<GattPlace, 'service' | 'characteristic'>;

/** An open connection. Calls reject with a LinkError, after which it is gone. */
export interface GattLink {
  readonly name: string;
  /** Whether the device has this place. */
  has(place: Place): boolean;
  /** Rejects with a ProtocolError where the device does not let this be read, after which the next can be. */
  read(place: Place): Promise<GattValue>;
  /** Cut to what one packet holds; resolves when the device, or where it does not answer the radio, has taken it. */
  write(place: Place, bytes: Uint8Array): Promise<void>;
  /** Resolves when the device has been asked to notify, or to indicate where it can only do that. */
  subscribe(place: Place, notified: (value: GattValue) => void): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
  /** Settles once: with the fault, or undefined after `close()`. */
  readonly closed: Promise<LinkError | undefined>;
}

/** Which adapter is used, and how. */
export type AdapterChoice =
  /** Through BlueZ's daemon, beside its other users. */
  | { readonly kind: 'bluez' }
  /** The kernel's raw channel to an adapter that nobody else uses, found by its address. */
  | { readonly kind: 'hci'; readonly address: string }
  /** A controller on a serial port, in H4. */
  | { readonly kind: 'uart'; readonly path: string; readonly baudRate: number };

/** Whose advertisements are passed on, by address or by the key that a changing one fits: no scan when undefined. */
export type HearingFilter = { readonly addresses: readonly string[] | 'all'; readonly irks: readonly Uint8Array[] } | undefined;

/** A characteristic that is wanted. */
export interface WantedPlace {
  /** In any service when undefined. */
  readonly service?: string | undefined;
  readonly characteristic: string;
}

/** A characteristic that a device has. */
export interface FoundPlace {
  readonly service: string;
  readonly characteristic: string;
}

/** What the radio's process is asked to do, each with an answer of its own. */
export type Call =
  | { readonly name: 'connect'; readonly address: string; readonly addressType: 'public' | 'random'; readonly places: readonly WantedPlace[] }
  | { readonly name: 'read'; readonly address: string; readonly service: string; readonly characteristic: string }
  | { readonly name: 'write'; readonly address: string; readonly service: string; readonly characteristic: string; readonly bytes: Uint8Array }
  | { readonly name: 'subscribe'; readonly address: string; readonly service: string; readonly characteristic: string }
  | { readonly name: 'disconnect'; readonly address: string }
  | { readonly name: 'restart-scan' }
  | { readonly name: 'reset-adapter' };

/** From the gateway to the radio's process. */
export type ToRadio =
  | { readonly kind: 'start'; readonly adapter: AdapterChoice; readonly isPassive: boolean; readonly filter: HearingFilter }
  | { readonly kind: 'filter'; readonly filter: HearingFilter }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'call'; readonly id: number; readonly deadlineMs: number; readonly call: Call };

/** One advertisement as it came over the air. */
export interface Report {
  readonly address: string;
  readonly addressType: 'public' | 'random';
  readonly connectable: boolean;
  readonly rssi: number;
  readonly bytes: Uint8Array;
}

/** What a call brought. */
export interface CallResult {
  /** For `connect`: the wanted places that there are. */
  readonly places?: readonly FoundPlace[];
  /** For `read`. */
  readonly bytes?: Uint8Array;
  readonly descriptors?: Readonly<Record<string, Uint8Array>>;
}

/** What went wrong, for a person. */
export interface Words {
  readonly what: string;
  readonly remedy?: string | undefined;
}

/** From the radio's process to the gateway. */
export type FromRadio =
  | { readonly kind: 'on'; readonly adapter: string }
  | ({ readonly kind: 'failing' } & Words)
  /** `heard` counts all since the last message, those that nobody asked for too; `dropped` what there was no room for. */
  | { readonly kind: 'heard'; readonly reports: readonly Report[]; readonly heard: number; readonly dropped: number }
  | { readonly kind: 'pong'; readonly id: number; readonly heard: number; readonly addresses: number; readonly rssBytes: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: CallResult }
  /** `isSettled`: the device itself refused, and the next can be asked. */
  | ({ readonly kind: 'refusal'; readonly id: number; readonly isSettled: boolean } & Words)
  | { readonly kind: 'notified'; readonly address: string; readonly service: string; readonly characteristic: string; readonly bytes: Uint8Array }
  | ({ readonly kind: 'disconnected'; readonly address: string } & Words);

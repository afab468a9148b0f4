import type { Decimal } from './decimal.ts';
import type { JsonObject } from './json.ts';
import type { MeterKind } from './observation.ts';
import type { Unit } from './quantity.ts';

/** How far the wall time of a stamp can be trusted. */
export type ClockState = 'synced' | 'holdover' | 'unsynced';

/** When something happened, taken once, at the last byte of its frame. */
export interface Stamp {
  /** Wall time in milliseconds since 1970-01-01T00:00:00Z. */
  readonly wallMs: number;
  /** Monotonic time in milliseconds since an arbitrary moment of this boot. */
  readonly monotonicMs: number;
  /** The kernel's boot id, which tells whether two monotonic times can be compared. */
  readonly bootId: string;
  readonly clock: ClockState;
}

/** What the outbox stores and the receiver counts: an observation stamped with identity, device and time. */
export type Reading = ScanReading | MeterReading | EventReading;

/** A scan: the contract's `tailgate.scan.v1`. */
export interface ScanReading {
  readonly kind: 'scan';
  readonly device: string;
  readonly stamp: Stamp;
  readonly content: ScanContent;
}

/** A meter's value: the contract's `tailgate.reading.v1`. */
export interface MeterReading {
  readonly kind: 'reading';
  readonly device: string;
  readonly stamp: Stamp;
  readonly content: MeterContent;
}

/** Something that happened to the gateway or a device, at `event/{kind}`. */
export interface EventReading {
  readonly kind: EventKind;
  readonly device?: string | undefined;
  readonly stamp: Stamp;
  readonly content: JsonObject;
}

/** The kinds of events that exist; each has its own schema in docs/schemas. */
export const EVENT_KINDS = ['device-state', 'gap', 'quarantine', 'clock', 'undo', 'meter-replaced', 'battery-low'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** What a scanned code is to the person who scanned it. */
export type Role = 'asset' | 'badge' | 'work-order' | 'location' | 'part' | 'command' | 'unknown';

/** The members of a scan's `data` that come from the scan itself. */
export type ScanContent = {
  readonly device: string;
  readonly text: string;
  /** The raw bytes in upper-case hexadecimal. */
  readonly hex: string;
  readonly symbology?: { readonly aim?: string | undefined; readonly codeId?: string | undefined; readonly name: string } | undefined;
  readonly role: Role;
  /** GS1 elements, application identifier to value. */
  readonly elements?: Readonly<Record<string, string>> | undefined;
  readonly epc?: EpcContent | undefined;
  readonly identity?: Identity | undefined;
  readonly valid?: boolean | undefined;
  readonly problems?: readonly string[] | undefined;
  /** The strength of a radio tag's answer, in dBm. */
  readonly rssi?: number | undefined;
  readonly antenna?: number | undefined;
  readonly presence?: 'arrived' | 'moved' | 'departed' | undefined;
  /** When a tag that departed was first and last seen, RFC 3339 in UTC. */
  readonly firstSeen?: string | undefined;
  readonly lastSeen?: string | undefined;
  /** How often a tag that departed was read. */
  readonly count?: number | undefined;
  readonly context?: ScanContext | undefined;
};

/** What was scanned before a scan and holds for it: who, on which work order, where, doing what. */
export type ScanContext = {
  readonly technician?: string | undefined;
  readonly workOrder?: string | undefined;
  readonly location?: string | undefined;
  readonly activity?: string | undefined;
};

/** The one key to match assets on: of a GS1 key its identifier and value, otherwise a text. */
export type Identity = { readonly ai?: string | undefined; readonly value: string };

/** What the EPC of a radio tag is; URIs only where its scheme has them. */
export type EpcContent = {
  readonly scheme: string;
  readonly filter?: number | undefined;
  readonly uri?: string | undefined;
  readonly tagUri?: string | undefined;
};

/** Whether a value can be used; `uncertain` and `bad` come with a reason, `bad` without a value. */
export type Quality = 'good' | 'uncertain' | 'bad';

/** Where the receiver books a meter, as it names things. */
export type AssetReference = {
  readonly number: string;
  readonly site?: string | undefined;
  readonly organization?: string | undefined;
  readonly meter?: string | undefined;
};

/** The members of a meter reading's `data` that come from the meter itself. */
export type MeterContent = {
  readonly device: string;
  readonly meter: string;
  readonly asset?: AssetReference | undefined;
  readonly kind: MeterKind;
  readonly value?: Decimal | string | undefined;
  readonly unit: Unit;
  readonly raw: string;
  readonly epoch: number;
  readonly quality: Quality;
  readonly reason?: string | undefined;
  /** False when anybody near could have sent it, as with an unencrypted advertisement. */
  readonly authenticated?: false | undefined;
};

/** The two lanes of the outbox: scans with events overtake a backlog of meter readings. */
export const LANES = ['scan', 'meter'] as const;
export type Lane = (typeof LANES)[number];

/** The lane that a reading waits in. */
export function laneOf(kind: Reading['kind']): Lane {
  return kind === 'reading' ? 'meter' : 'scan';
}

/** The CloudEvents subject of a reading: the device, or device and meter. */
export function subjectOf(reading: Reading): string {
  if (reading.kind === 'reading') return `${reading.device}/${reading.content.meter}`;
  return reading.device ?? 'gateway';
}

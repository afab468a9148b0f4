import type { CodeId } from './code-id.ts';
import type { Decimal } from './decimal.ts';
import type { CounterShape } from './meter-settings.ts';
import type { Quantity } from './quantity.ts';

/** What a driver reports: no identity, no time, no device. */
export type Observation = ScanObservation | MeterObservation;

/** One code that a scanner read. */
export interface ScanObservation {
  readonly kind: 'scan';
  /** The code's bytes exactly as the scanner sent them, without terminator and symbology identifier. */
  readonly bytes: Uint8Array;
  /** The AIM symbology identifier, such as "]C1" (ISO/IEC 15424), where the scanner sends one. */
  readonly aim?: string | undefined;
  /** The symbology's name, such as "GS1-128", where the driver knows it without an AIM identifier. */
  readonly symbologyName?: string | undefined;
  /** The maker's own code id, which is not among the `bytes` either; only of devices that are configured for it. */
  readonly codeId?: CodeId | undefined;
  /** For a radio tag, whose `bytes` are those of its EPC. */
  readonly tag?: RadioTag | undefined;
  /** What this reading of a tag says of its stay in the field. A session adds it; no driver does. */
  readonly presence?: TagPresence | undefined;
  /** The device is configured for codes of any bytes: unprintable ones are no sign of a damaged line. */
  readonly binary?: true | undefined;
  /** Silence ended the code although the device is configured for a terminator: it may be half a code, or two. */
  readonly unterminated?: true | undefined;
}

/** What became of a radio tag in a reader's field; times are RFC 3339 in UTC. */
export interface TagPresence {
  readonly kind: 'arrived' | 'moved' | 'departed';
  readonly firstSeen?: string | undefined;
  readonly lastSeen?: string | undefined;
  /** How often the tag was read. */
  readonly count?: number | undefined;
}

/** What a radio reader says of a tag beside its code. */
export interface RadioTag {
  /** The tag's protocol control word, 16 bits, where the reader gives it (GS1 EPC Tag Data Standard, section 15). */
  readonly pc?: number | undefined;
  /** The signal's strength in dBm, where the reader's unit is known. */
  readonly rssi?: number | undefined;
  /** The number of the antenna that saw the tag, as the reader counts. */
  readonly antenna?: number | undefined;
}

/** How a meter's value behaves. It is `kind` on the wire. */
export type MeterKind = 'counter' | 'gauge' | 'characteristic';

/** One value that a meter reported. */
export interface MeterObservation {
  readonly kind: 'meter';
  /** The meter's name within its device, such as "engine-hours". */
  readonly meter: string;
  readonly quantity: Quantity;
  readonly meterKind: MeterKind;
  /** The value in the quantity's unit, text for a characteristic, or why there is none. */
  readonly value: Decimal | string | NoValue;
  /** The device's own digits or bytes, as it sent them. */
  readonly raw: string;
  /** For a counter, what driver or profile know of how it is built. */
  readonly counter?: CounterShape | undefined;
  /** Nothing proves who sent it: anybody near can send the same. Left out where it came by wire or was encrypted. */
  readonly authenticated?: false | undefined;
  /** Why the value, though it is one, is to be published as `uncertain`. */
  readonly doubt?: string | undefined;
}

/** "No value" is its own state: never 0, never an empty text. */
export interface NoValue {
  /** Why there is no value, such as "sentinel 0x8000" or "exception 2, illegal data address". */
  readonly missing: string;
}

/** Whether an observation's value is missing. */
export function isMissing(value: MeterObservation['value']): value is NoValue {
  return typeof value === 'object' && 'missing' in value;
}

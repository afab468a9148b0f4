import type { Driver } from '../driver-kit/define-driver.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import type { MeterSettings } from '../core/meter-settings.ts';
import type { AssetReference } from '../core/reading.ts';
import type { BleConfiguration } from './ble-adapter.ts';
import type { PortConfiguration } from './port.ts';

/** What one configuration file says, checked and complete. Times are milliseconds, sizes bytes. */
export interface Configuration {
  readonly file: string;
  /** The first twelve hexadecimal digits of the SHA-256 of the file's bytes. */
  readonly hash: string;
  readonly gateway: string;
  readonly site: string;
  readonly owner?: { readonly name: string; readonly contact?: string | undefined } | undefined;
  readonly mqtt: MqttConfiguration;
  readonly outbox: OutboxConfiguration;
  readonly log: { readonly level: LogLevel };
  /** The folder of the box's own LED. */
  readonly led?: { readonly path: string } | undefined;
  readonly scans: ScansConfiguration;
  readonly ble: BleConfiguration;
  readonly devices: readonly DeviceConfiguration[];
}

/** What scans mean. */
export interface ScansConfiguration {
  readonly rules: readonly ScanRule[];
  /** How long a badge, work order, location or activity holds. */
  readonly contextTimeoutMs: number;
}

/** How the broker is reached. The names in `...File` are for `readSecret` and `readPublic`. */
export interface MqttConfiguration {
  readonly url: string;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly clientId: string;
  /** With the names of site and gateway put in; no slash at its end. */
  readonly root: string;
  readonly acknowledgedBy: 'broker' | 'receiver';
  readonly version: 'auto' | '5' | '3.1.1';
  readonly window: number;
  readonly keepaliveMs: number;
  readonly publishDeadlineMs: number;
  readonly noSubscribers: 'keep' | 'accept';
  /** With `acknowledgedBy: receiver`: what the receiver has not confirmed for this long goes again. */
  readonly receiverOverdueMs: number;
  /** How long readings with an unsynced time wait for the clock after the broker is reached. */
  readonly clockWaitMs: number;
  /** The most meter readings of a backlog that are sent in a second; no limit when undefined. */
  readonly drainPerSecond?: number | undefined;
}

/** Where readings wait. */
export interface OutboxConfiguration {
  readonly directory: string;
  readonly limits: OutboxLimits;
  readonly commitsPerSecond: number;
}

/** How much room readings may take, and how long they are kept once they are delivered. */
export interface OutboxLimits {
  readonly bytesMax: number;
  /** What stays free on the disk. */
  readonly freeBytesMin: number;
  readonly keepMs: number;
  readonly keepBytesMax: number;
}

/** How important a message is, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One device. */
export interface DeviceConfiguration {
  readonly name: string;
  readonly driver: Driver;
  /** What the driver's schema made of its options; `profile`, where there is one, is its content. */
  readonly options: unknown;
  readonly profile?: ProfileReference | undefined;
  readonly port: PortConfiguration;
  readonly line: LineConfiguration;
  readonly asset?: AssetReference | undefined;
  /** How long the same code is the same scan; 0 for never. */
  readonly repeatWindowMs: number;
  /** How long a radio tag may go unread before it has departed; undefined where presence is not told. */
  readonly departAfterMs?: number | undefined;
  /** Devices of one group share what was scanned before. */
  readonly contextGroup?: string | undefined;
  /** By the name that the driver gives a meter. */
  readonly meters: Readonly<Record<string, MeterConfiguration>>;
}

/** What is said of one meter of a device. */
export interface MeterConfiguration extends MeterSettings {
  /** The meter's name in the work management system. */
  readonly meter?: string | undefined;
  /** The asset it belongs to, in place of the device's. */
  readonly asset?: AssetReference | undefined;
}

/** Where a device's profile came from. */
export interface ProfileReference {
  readonly name: string;
  readonly file: string;
  /** What nobody has checked on a real device yet, in the profile's words. */
  readonly unverified?: string | undefined;
}

/** The parameters of a serial line. */
export interface LineConfiguration {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** The line parameters in a person's words: "19200 8N1". */
export function spokenLine({ baudRate, dataBits, parity, stopBits }: LineConfiguration): string {
  return `${baudRate} ${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;
}

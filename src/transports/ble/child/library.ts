import { createRequire } from 'node:module';
import type * as Library from '@stoprocent/noble';
import type { AdapterChoice } from '../messages.ts';

/** The library's central, one for each adapter. */
export type Noble = Library.Noble;
/** A device that it knows. */
export type Peripheral = Library.Peripheral;
/** One of its characteristics. */
export type Characteristic = Library.Characteristic;

/** A packet from the air, before the library puts it together with earlier ones. */
export interface RawReport {
  readonly address: string;
  readonly addressType: 'public' | 'random';
  readonly connectable: boolean;
  readonly rssi: number;
  readonly bytes: Uint8Array;
}

/**
 * Opens the library over one of its bindings. Not through its main file, which opens the kernel's Bluetooth even when
 * another binding is wanted. Throws what the library throws.
 */
export function openLibrary(adapter: AdapterChoice, deviceId?: number): Noble {
  const withBindings = createRequire(import.meta.url)('@stoprocent/noble/lib/resolve-bindings.js') as (kind: 'hci' | 'dbus', options: object) => Noble;
  switch (adapter.kind) {
    case 'bluez':
      return withBindings('dbus', {});
    case 'hci':
      return withBindings('hci', { userChannel: true, deviceId });
    case 'uart':
      return withBindings('hci', { hciDriver: 'uart', bindParams: { uart: { port: adapter.path, baudRate: adapter.baudRate } } });
  }
}

/** A part of the library that it does not show: the events of its HCI layer. */
interface HciEvents {
  removeAllListeners(event: string): void;
  on(event: 'leAdvertisingReport', listener: (status: number, type: number, address: string, addressType: 'public' | 'random', eir: Buffer, rssi: number) => void): void;
  on(event: 'leExtendedAdvertisingReport', listener: (status: number, type: number, address: string, addressType: 'public' | 'random', txPower: number, rssi: number, eir: Buffer) => void): void;
}

/**
 * Hears every packet by itself and keeps the library from remembering its sender: it would keep a kilobyte for each
 * address for ever, only the last manufacturer's structure, and old structures beside new ones. Through BlueZ there are
 * no packets; what it says of a device is put into structures again. To be called when the adapter is on.
 */
export function hearPackets(noble: Noble, heard: (report: RawReport) => void): void {
  const hci = (noble as unknown as { readonly _bindings: { readonly _hci?: HciEvents } })._bindings._hci;
  if (hci === undefined) {
    noble.on('discover', (peripheral: Peripheral) => heard(reportOf(peripheral)));
    return;
  }
  hci.removeAllListeners('leAdvertisingReport');
  hci.removeAllListeners('leExtendedAdvertisingReport');
  hci.on('leAdvertisingReport', (_status, type, address, addressType, eir, rssi) => heard({ address: address.toUpperCase(), addressType, connectable: type <= DIRECTED, rssi, bytes: eir }));
  hci.on('leExtendedAdvertisingReport', (_status, type, address, addressType, _txPower, rssi, eir) =>
    heard({ address: address.toUpperCase(), addressType, connectable: (type & CONNECTABLE_BIT) !== 0, rssi, bytes: eir }),
  );
}

/** What BlueZ says of a device, as structures (Core Specification Supplement, part A, section 1). */
function reportOf({ address, addressType, connectable, rssi, advertisement }: Peripheral): RawReport {
  const { localName, manufacturerData, serviceData, serviceUuids } = advertisement;
  const parts = [
    ...serviceUuids.map((uuid) => structure(uuid.length === 4 ? 0x03 : 0x07, uuidBytes(uuid))),
    ...(localName ? [structure(0x09, Buffer.from(localName))] : []),
    ...serviceData.map(({ uuid, data }) => structure(uuid.length === 4 ? 0x16 : 0x21, Buffer.concat([uuidBytes(uuid), data]))),
    ...(manufacturerData ? [structure(0xff, manufacturerData)] : []),
  ];
  return { address: address.toUpperCase(), addressType, connectable, rssi, bytes: Buffer.concat(parts) };
}

function structure(type: number, bytes: Uint8Array): Buffer {
  return bytes.length > STRUCTURE_BYTES_MAX ? Buffer.alloc(0) : Buffer.concat([Buffer.of(bytes.length + 1, type), bytes]);
}

function uuidBytes(uuid: string): Buffer {
  return Buffer.from(Buffer.from(uuid, 'hex').toReversed());
}

/** ADV_IND and ADV_DIRECT_IND (Core 5.4, volume 4, part E, section 7.7.65.2). */
const DIRECTED = 1;
/** Section 7.7.65.13. */
const CONNECTABLE_BIT = 1;
const STRUCTURE_BYTES_MAX = 254;

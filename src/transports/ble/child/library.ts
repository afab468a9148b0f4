import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type * as Library from '@stoprocent/noble';
import type { AdapterChoice, Words } from '../messages.ts';

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

/** Where an adapter tells what comes of itself. */
export interface AdapterEars {
  readonly heard: (report: RawReport) => void;
  /** Nothing more can come, for this reason. */
  readonly lost: (words: Words) => void;
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

/** Parts of the library that it does not show: the events of its HCI layer, and where that writes packets. */
interface Hci {
  readonly _socket: { write(packet: Buffer): void };
  removeAllListeners(event: string): void;
  on(event: 'leAdvertisingReport', listener: (status: number, type: number, address: string, addressType: 'public' | 'random', eir: Buffer, rssi: number) => void): void;
  on(event: 'leExtendedAdvertisingReport', listener: (status: number, type: number, address: string, addressType: 'public' | 'random', txPower: number, rssi: number, eir: Buffer) => void): void;
}

/**
 * Hears every packet by itself and keeps the library from remembering its sender: it would keep a kilobyte for each
 * address for ever, only the last manufacturer's structure, and old structures beside new ones. To be called when the
 * adapter is on. Through BlueZ there are no packets: see bluez.ts.
 */
export function hearPackets(noble: Noble, heard: (report: RawReport) => void): void {
  const hci = hciOf(noble);
  if (hci === undefined) return;
  hci.removeAllListeners('leAdvertisingReport');
  hci.removeAllListeners('leExtendedAdvertisingReport');
  hci.on('leAdvertisingReport', (_status, type, address, addressType, eir, rssi) => heard({ address: address.toUpperCase(), addressType, connectable: type <= DIRECTED, rssi, bytes: eir }));
  hci.on('leExtendedAdvertisingReport', (_status, type, address, addressType, _txPower, rssi, eir) =>
    heard({ address: address.toUpperCase(), addressType, connectable: (type & CONNECTABLE_BIT) !== 0, rssi, bytes: eir }),
  );
}

/** Makes every scan from now on a passive one, for which the library has no switch: nobody is asked for a scan response. Nothing happens through BlueZ. */
export function scanPassively(noble: Noble): void {
  const socket = hciOf(noble)?._socket;
  if (socket === undefined) return;
  const write = socket.write.bind(socket);
  socket.write = (packet) => write(passive(packet));
}

/** LE Set Scan Parameters and LE Set Extended Scan Parameters with a type of 0 (Core 5.4, volume 4, part E, sections 7.8.10 and 7.8.64). */
function passive(packet: Buffer): Buffer {
  const opcode = packet[0] === COMMAND && packet.length > COMMAND_HEAD ? packet.readUInt16LE(1) : 0;
  if (opcode === SET_SCAN_PARAMETERS) packet[COMMAND_HEAD] = PASSIVE;
  if (opcode !== SET_EXTENDED_SCAN_PARAMETERS) return packet;
  for (let at = COMMAND_HEAD + 3; at < packet.length; at += PHY_BYTES) packet[at] = PASSIVE;
  return packet;
}

/** What goes over a connection below the library's own calls. */
export interface AttributeStream {
  /** Whether a pairing came about. */
  readonly isEncrypted: boolean;
  /** Hears each answer of the device before the library does, and that a pairing failed. */
  hear(answered: (answer: Buffer) => void, notPaired: () => void): void;
}

/** The stream to a device that is connected; there is none through BlueZ. */
export function attributeStream(noble: Noble, id: string): AttributeStream | undefined {
  const gatt = (noble as unknown as { readonly _bindings: { readonly _gatts?: Readonly<Record<string, Gatt>> } })._bindings._gatts?.[id];
  return (
    gatt && {
      get isEncrypted() {
        return gatt._security === 'medium';
      },
      hear(answered, notPaired) {
        gatt._aclStream.prependListener('data', (channel: number, data: Buffer) => {
          if (channel === ATTRIBUTES) answered(data);
        });
        gatt._aclStream.on('encryptFail', notPaired);
      },
    }
  );
}

/** Parts of a connection that the library does not show. */
interface Gatt {
  readonly _security: string;
  readonly _aclStream: EventEmitter;
}

function hciOf(noble: Noble): Hci | undefined {
  return (noble as unknown as { readonly _bindings: { readonly _hci?: Hci } })._bindings._hci;
}

/** ADV_IND and ADV_DIRECT_IND (Core 5.4, volume 4, part E, section 7.7.65.2). */
const DIRECTED = 1;
/** Section 7.7.65.13. */
const CONNECTABLE_BIT = 1;
/** H4's first byte of a command, then opcode and length (volume 4, part A, section 2; part E, section 5.4.1). */
const COMMAND = 0x01;
const COMMAND_HEAD = 4;
const SET_SCAN_PARAMETERS = 0x200b;
const SET_EXTENDED_SCAN_PARAMETERS = 0x2041;
const PASSIVE = 0;
/** Type, interval and window, for each of the kinds of radio that are scanned. */
const PHY_BYTES = 5;
/** The attribute protocol's channel (Core 5.4, volume 3, part A, section 2.1). */
const ATTRIBUTES = 4;

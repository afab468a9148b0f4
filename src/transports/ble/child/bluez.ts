import type { EventEmitter } from 'node:events';
import type { Words } from '../messages.ts';
import type { AdapterEars, Noble, RawReport } from './library.ts';

type Properties = Record<string, unknown>;
type Interfaces = Record<string, Properties>;

/** A message of D-Bus, as dbus-next 0.10 has it. */
interface Message {
  readonly type: number;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** Parts of dbus-next's bus that it does not show. */
interface Bus extends EventEmitter {
  readonly _connection: EventEmitter;
  _addMatch(rule: string): Promise<unknown>;
}

/** Parts of the library's binding that it does not show (lib/dbus/bindings.js of 2.8.0). */
interface Binding extends EventEmitter {
  readonly _bus: Bus;
  readonly _adapterPath: string | null;
  readonly _objects: Map<string, Interfaces>;
  _watchDeviceProps(path: string): Promise<void>;
}

/**
 * Opens the library's binding to BlueZ and hears through its connection what the binding leaves out or makes up:
 *
 * - It tells of every device that BlueZ remembers whenever a scan begins, as if it were heard. Here only a signal is hearing.
 * - It opens a proxy and a match rule for each device, and dbus-next never takes a rule back since `_addMatch` and `_removeMatch`
 *   hand `hasOwnProperty` its arguments the wrong way round; at 512 rules or 128 questions the daemon refuses. Here one rule is for all.
 * - It joins the data of several manufacturers into one buffer without lengths.
 * - It does not notice when D-Bus, bluetoothd or the adapter goes, and keeps to itself why it or a scan could not begin.
 *
 * Throws when dbus-next is missing.
 */
export function openBluez(noble: Noble, ears: AdapterEars): void {
  void noble.state; // opens it
  const binding = (noble as unknown as { readonly _bindings: Binding })._bindings;
  const bus = binding._bus;
  shareOneRule(bus, ears);
  binding._watchDeviceProps = async () => undefined;
  bus.on('message', (message: Message) => {
    if (message.type === SIGNAL) hear(message, binding, ears);
  });
  bus.on('error', (error: Error) => ears.lost(withoutBus(error.message)));
  bus._connection.on('end', () => ears.lost({ what: 'D-Bus ended', remedy: 'It is looked for again; `systemctl status dbus` says what became of it' }));
  binding.on('warning', (warning: string) => {
    const why = WARNING.exec(warning);
    if (why?.[1] === 'dbus init') ears.lost(unanswered(why[2] ?? ''));
    else if (why !== null) ears.lost({ what: `BlueZ does not scan (${why[2]})`, remedy: 'It is tried again; if that goes on, see `bluetoothctl show`, and restart bluetoothd' });
  });
}

/** Why D-Bus cannot be used, for a person. */
export function withoutBus(why: string): Words {
  return { what: `D-Bus cannot be used (${why})`, remedy: 'Start dbus and bluetoothd, or choose another `ble.adapter`' };
}

function shareOneRule(bus: Bus, ears: AdapterEars): void {
  const addMatch = bus._addMatch.bind(bus);
  const failed = (error: Error): void => ears.lost(withoutBus(error.message));
  addMatch(`type='signal',sender='org.bluez',interface='${PROPERTIES}',member='${CHANGED}',path_namespace='/org/bluez'`).catch(failed);
  addMatch("type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.bluez'").catch(failed);
  bus._addMatch = async (rule) => (rule.includes(`member='${CHANGED}'`) ? undefined : addMatch(rule));
}

function hear({ path, interface: named, member, body }: Message, binding: Binding, ears: AdapterEars): void {
  const isOurs = (device: unknown): boolean => String(device).startsWith(`${binding._adapterPath}/`);
  if (member === CHANGED && named === PROPERTIES && body[0] === DEVICE && isOurs(path)) return hearChange(path, plain(body[1]), binding, ears);
  if (member === 'InterfacesAdded' && isOurs(body[0])) return hearNew(plain((body[1] as Record<string, unknown>)[DEVICE]), ears);
  if (member === 'InterfacesRemoved' && body[0] === binding._adapterPath) return ears.lost({ what: 'the adapter is gone', remedy: 'Plug it in again' });
  if (member === 'NameOwnerChanged' && body[0] === BLUEZ && body[1] !== '') ears.lost({ what: 'bluetoothd ended', remedy: 'It is looked for again; `systemctl status bluetooth` says what became of it' });
}

/** A device that was heard for the first time; one that BlueZ only remembers has no signal strength. */
function hearNew(device: Properties, { heard }: AdapterEars): void {
  if (typeof device['RSSI'] === 'number') heard(reportOf(device, device));
}

/** With duplicates wanted BlueZ tells of all data of each packet; where it tells of the strength alone, the data are those that it has. */
function hearChange(path: string, changed: Properties, binding: Binding, { heard }: AdapterEars): void {
  const device = binding._objects.get(path)?.[DEVICE];
  if (device === undefined) return;
  Object.assign(device, changed);
  const hasData = 'ManufacturerData' in changed || 'ServiceData' in changed;
  if (!hasData && typeof changed['RSSI'] !== 'number') return;
  heard(reportOf(device, hasData ? changed : device));
}

/** What BlueZ says of a device, as structures (Core Specification Supplement, part A, section 1). */
function reportOf(device: Properties, { ManufacturerData: manufacturers = {}, ServiceData: services = {} }: Properties): RawReport {
  const uuids = (device['UUIDs'] ?? []) as readonly string[];
  const parts = [
    ...uuids.map(uuidBytes).map((uuid) => structure(uuid.length === 2 ? 0x03 : 0x07, uuid)),
    ...(typeof device['Name'] === 'string' ? [structure(0x09, Buffer.from(device['Name']))] : []),
    ...Object.entries(plain(services)).map(([uuid, data]) => [uuidBytes(uuid), data as Uint8Array] as const).map(([uuid, data]) => structure(uuid.length === 2 ? 0x16 : 0x21, uuid, data)),
    ...Object.entries(plain(manufacturers)).map(([company, data]) => structure(0xff, Uint8Array.of(Number(company) & 0xff, Number(company) >> 8), data as Uint8Array)),
  ];
  return { address: String(device['Address']).toUpperCase(), addressType: device['AddressType'] === 'random' ? 'random' : 'public', connectable: true, rssi: Number(device['RSSI'] ?? 0), bytes: Buffer.concat(parts) };
}

function structure(type: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  return bytes.length > STRUCTURE_BYTES_MAX ? Buffer.alloc(0) : Buffer.concat([Buffer.of(bytes.length + 1, type), bytes]);
}

/** Lowest byte first, in two bytes where the specification has a number for it. */
function uuidBytes(uuid: string): Buffer {
  const short = ASSIGNED.exec(uuid)?.[1];
  return Buffer.from(Buffer.from(short ?? uuid.replaceAll('-', ''), 'hex').toReversed());
}

/** Properties without dbus-next's wrapping of each. */
function plain(wrapped: unknown): Properties {
  return Object.fromEntries(Object.entries((wrapped ?? {}) as Record<string, { readonly value: unknown }>).map(([name, variant]) => [name, variant.value]));
}

function unanswered(why: string): Words {
  if (/No BlueZ adapter/.test(why)) return { what: 'BlueZ has no adapter', remedy: 'Plug one in, and look at `ls /sys/class/bluetooth` and `bluetoothctl list`; or choose another `ble.adapter`' };
  if (/rejected|not allowed|AccessDenied/i.test(why)) return { what: 'this user may not use BlueZ', remedy: 'D-Bus\'s policy must allow it: on Debian the user has to be in the group bluetooth' };
  return bluezMute(why);
}

/** BlueZ does not run, or hangs, for a person. */
export function bluezMute(why: string): Words {
  return { what: `BlueZ does not answer (${why})`, remedy: 'Start bluetoothd (`systemctl enable --now bluetooth`), or restart it; or choose another `ble.adapter`' };
}

const BLUEZ = 'org.bluez';
const DEVICE = 'org.bluez.Device1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const CHANGED = 'PropertiesChanged';
/** D-Bus Specification 0.43, "Message Types". */
const SIGNAL = 4;
const WARNING = /^(dbus init|startScanning) failed: (.*)$/;
/** UUIDs of the Bluetooth SIG (Core 5.4, volume 3, part B, section 2.5.1). */
const ASSIGNED = /^0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb$/i;
const STRUCTURE_BYTES_MAX = 254;

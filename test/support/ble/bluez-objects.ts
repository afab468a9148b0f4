import dbus from 'dbus-next';

const { Variant } = dbus;

/** The properties of one interface, as they go over D-Bus. */
export type Properties = Record<string, dbus.Variant>;

/** What a device says in one advertisement, and how strong it is heard. */
export interface BluezAdvertisement {
  /** Who hears it, such as "hci1" when it is not the first. */
  readonly adapter?: string;
  readonly rssi?: number;
  readonly name?: string;
  /** By company id. */
  readonly manufacturer?: Readonly<Record<number, Buffer>>;
  /** By UUID of 16 bits. */
  readonly service?: Readonly<Record<string, Buffer>>;
}

/** A characteristic of a connected device. */
export interface BluezCharacteristic {
  readonly uuid: string;
  readonly flags: readonly string[];
  readonly value?: Buffer;
  readonly descriptors?: Readonly<Record<string, Buffer>>;
}

/** A device that BlueZ has just come to know. */
export function deviceOf(address: string): Properties {
  return { Address: text(address), AddressType: text('random'), Alias: text(address.replaceAll(':', '-')), Paired: flag(false), Connected: flag(false), ServicesResolved: flag(false), UUIDs: new Variant('as', []) };
}

/** What an advertisement makes of a device. */
export function propertiesOf({ rssi = -60, name, manufacturer, service }: BluezAdvertisement): Properties {
  return {
    RSSI: new Variant('n', rssi),
    ...(name === undefined ? {} : { Name: text(name) }),
    ...(manufacturer === undefined ? {} : { ManufacturerData: dictionary(Object.entries(manufacturer)) }), // BlueZ has numbers as keys, which dbus-next reads as text and cannot write
    ...(service === undefined ? {} : { ServiceData: dictionary(Object.entries(service).map(([uuid, value]) => [longUuid(uuid), value])) }),
  };
}

function dictionary(entries: readonly (readonly [string, Buffer])[]): dbus.Variant {
  return new Variant('a{sv}', Object.fromEntries(entries.map(([key, value]) => [key, bytes(value)])));
}

/** The objects below a connected device. */
export function gattObjects(device: string, services: Readonly<Record<string, readonly BluezCharacteristic[]>>): [string, Record<string, Properties>][] {
  return Object.entries(services).flatMap(([service, characteristics], at) => {
    const path = `${device}/service${at}`;
    return [
      [path, { [SERVICE]: { UUID: text(longUuid(service)), Primary: flag(true) } }],
      ...characteristics.flatMap(({ uuid, flags, value = Buffer.alloc(0), descriptors = {} }, index): [string, Record<string, Properties>][] => [
        [`${path}/char${index}`, { [CHARACTERISTIC]: { UUID: text(longUuid(uuid)), Flags: new Variant('as', [...flags]), Value: bytes(value), Notifying: flag(false) } }],
        ...Object.entries(descriptors).map(([descriptor, content]): [string, Record<string, Properties>] => [`${path}/char${index}/desc${descriptor}`, { [DESCRIPTOR]: { UUID: text(longUuid(descriptor)), Value: bytes(content) } }]),
      ]),
    ];
  });
}

/** Where a device's object is. */
export function pathOf(address: string, adapter = 'hci0'): string {
  return `/org/bluez/${adapter}/dev_${address.replaceAll(':', '_')}`;
}

function longUuid(uuid: string): string {
  return uuid.length === 4 ? `0000${uuid}${BASE_UUID}` : uuid;
}

/** A UUID in four digits where it can be. */
export function shortUuid(uuid: string): string {
  return uuid.endsWith(BASE_UUID) ? uuid.slice(4, 8) : uuid;
}

/** Values as they go over D-Bus. */
export const text = (value: string): dbus.Variant => new Variant('s', value);
export const flag = (value: boolean): dbus.Variant => new Variant('b', value);
export const bytes = (value: Buffer): dbus.Variant => new Variant('ay', value);

export const DEVICE = 'org.bluez.Device1';
const SERVICE = 'org.bluez.GattService1';
export const CHARACTERISTIC = 'org.bluez.GattCharacteristic1';
const DESCRIPTOR = 'org.bluez.GattDescriptor1';
export const ADAPTER_PATH = '/org/bluez/hci0';
const BASE_UUID = '-0000-1000-8000-00805f9b34fb';

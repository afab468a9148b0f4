import type dbus from 'dbus-next';

/** The objects of a bus name: by path, by interface, their properties. */
export type Tree = Map<string, Record<string, Record<string, dbus.Variant>>>;

/** What an object says of itself; dbus-next knows methods and signals from this alone. Every object has properties, and who can be asked for this has itself. */
export function introspection(tree: Tree, path: string): string {
  const interfaces = ['org.freedesktop.DBus.Introspectable', ...(path === '/' ? [] : ['org.freedesktop.DBus.Properties']), ...Object.keys(tree.get(path) ?? {})];
  return `<node>${interfaces.map((name) => `<interface name="${name}">${members(name)}</interface>`).join('')}</node>`;
}

function members(name: string): string {
  const { methods = {}, signals = {} } = MEMBERS[name] ?? {};
  return [
    ...Object.entries(methods).map(([member, [takes, gives]]) => `<method name="${member}">${args(takes, 'in')}${args(gives, 'out')}</method>`),
    ...Object.entries(signals).map(([member, says]) => `<signal name="${member}">${args(says)}</signal>`),
  ].join('');
}

function args(types: readonly string[], direction?: 'in' | 'out'): string {
  return types.map((type) => `<arg type="${type}"${direction === undefined ? '' : ` direction="${direction}"`}/>`).join('');
}

type Types = readonly string[];

const MEMBERS: Readonly<Record<string, { readonly methods?: Readonly<Record<string, readonly [Types, Types]>>; readonly signals?: Readonly<Record<string, Types>> }>> = {
  'org.freedesktop.DBus.Introspectable': { methods: { Introspect: [[], ['s']] } },
  'org.freedesktop.DBus.Properties': { signals: { PropertiesChanged: ['s', 'a{sv}', 'as'] } },
  'org.freedesktop.DBus.ObjectManager': { methods: { GetManagedObjects: [[], ['a{oa{sa{sv}}}']] }, signals: { InterfacesAdded: ['o', 'a{sa{sv}}'], InterfacesRemoved: ['o', 'as'] } },
  'org.bluez.Adapter1': { methods: { SetDiscoveryFilter: [['a{sv}'], []], StartDiscovery: [[], []], StopDiscovery: [[], []] } },
  'org.bluez.Device1': { methods: { Connect: [[], []], Disconnect: [[], []] } },
  'org.bluez.GattCharacteristic1': { methods: { ReadValue: [['a{sv}'], ['ay']], WriteValue: [['ay', 'a{sv}'], []], StartNotify: [[], []], StopNotify: [[], []] } },
  'org.bluez.GattDescriptor1': { methods: { ReadValue: [['a{sv}'], ['ay']], WriteValue: [['ay', 'a{sv}'], []] } },
};

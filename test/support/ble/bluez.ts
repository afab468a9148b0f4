import dbus from 'dbus-next';
import { onTestFinished } from 'vitest';
import { introspection, type Tree } from './bluez-introspection.ts';
import { ADAPTER_PATH, type BluezAdvertisement, type BluezCharacteristic, bytes, CHARACTERISTIC, DEVICE, deviceOf, flag, gattObjects, pathOf, type Properties, propertiesOf, shortUuid, text } from './bluez-objects.ts';

const { Message, MessageType } = dbus;
type Message = InstanceType<typeof Message>;

/**
 * BlueZ for the running test, on a real bus: of its D-Bus interface (bluez 5.66, doc/adapter-api.txt, device-api.txt,
 * gatt-api.txt) what noble's binding uses, with one adapter. Nobody hears an advertisement but while somebody discovers, a device's
 * signal strength is forgotten when discovery ends, and a discovery ends with the one who began it.
 */
export class Bluez {
  /** The methods of org.bluez that were called, in order. */
  readonly calls: string[] = [];
  /** What was written to characteristics, by UUID, as hexadecimal digits. */
  readonly written = new Map<string, string>();
  /** Discovers and hears nothing, as an adapter whose firmware hangs. */
  isDeaf = false;
  /** Addresses that do not answer when they are connected to. */
  readonly hidden = new Set<string>();
  /** Methods that are never answered. */
  readonly silentMethods = new Set<string>();
  /** Methods that are refused, with the error that each brings, and its text behind a colon. */
  readonly refusals = new Map<string, string>();
  readonly #bus: dbus.MessageBus;
  readonly #objects: Tree = new Map();
  readonly #discoverers = new Set<string>();
  readonly #services = new Map<string, Readonly<Record<string, readonly BluezCharacteristic[]>>>();
  /** Calls of Connect that are under way. */
  readonly #connecting = new Map<string, Message>();
  #wantsDuplicates = false;
  #isStopped = false;

  /** Starts it at this bus, with an adapter unless told otherwise. */
  static async start(busAddress: string, { adapter = true, powered = true }: { readonly adapter?: boolean; readonly powered?: boolean } = {}): Promise<Bluez> {
    const bluez = new Bluez(dbus.sessionBus({ busAddress }));
    onTestFinished(() => bluez.stop());
    await new Promise<void>((resolve, reject) => void bluez.#bus.on('connect', resolve).once('error', reject));
    await bluez.#watchCallers();
    if (adapter) bluez.addAdapter(powered);
    await bluez.#bus.requestName(BLUEZ, 0);
    return bluez;
  }

  private constructor(bus: dbus.MessageBus) {
    this.#bus = bus;
    bus.on('error', () => undefined); // the bus went away, as some tests want it
    this.#objects.set('/', { [OBJECT_MANAGER]: {} });
    bus.addMethodHandler((call: Message) => this.#called(call));
  }

  /** Whether anybody discovers. */
  get isDiscovering(): boolean {
    return this.#discoverers.size > 0;
  }

  /** Ends it as when bluetoothd is stopped: its name leaves the bus. */
  stop(): void {
    this.#isStopped = true;
    this.#bus.disconnect();
  }

  addAdapter(powered = true): void {
    this.#add(ADAPTER_PATH, { [ADAPTER]: { Address: text('00:11:22:33:44:55'), Powered: flag(powered), Discovering: flag(false) } });
  }

  /** As when a dongle is pulled out. */
  removeAdapter(): void {
    for (const path of [...this.#objects.keys()].filter((one) => one.startsWith(ADAPTER_PATH)).toReversed()) this.#remove(path);
  }

  set powered(powered: boolean) {
    this.#change(ADAPTER_PATH, ADAPTER, { Powered: flag(powered) });
    if (!powered) this.#endDiscovery();
  }

  /** Tells of one advertisement as BlueZ does: with duplicates wanted all of it, else what changed. */
  advertise(address: string, advertisement: BluezAdvertisement): void {
    if (!this.isDiscovering || this.isDeaf) return;
    const said = propertiesOf(advertisement);
    const path = pathOf(address, advertisement.adapter);
    const known = this.#objects.get(path)?.[DEVICE];
    if (known === undefined) return this.#add(path, { [DEVICE]: { ...deviceOf(address), ...said } });
    const changed = Object.entries(said).filter(([name, { value }]) => this.#wantsDuplicates || JSON.stringify(known[name]?.value) !== JSON.stringify(value));
    if (changed.length > 0) this.#change(path, DEVICE, Object.fromEntries(changed));
  }

  /** A device that is known since an earlier day, and perhaps paired: it is there and is not heard. */
  remember(address: string, advertisement: BluezAdvertisement): void {
    const { RSSI: _, ...said } = propertiesOf(advertisement);
    this.#add(pathOf(address), { [DEVICE]: { ...deviceOf(address), ...said } });
  }

  /** What a device has once it is connected: characteristics by service. */
  offer(address: string, services: Readonly<Record<string, readonly BluezCharacteristic[]>>): void {
    this.#services.set(pathOf(address), services);
  }

  /** A connected device notifies. */
  notify(address: string, uuid: string, value: Buffer): void {
    const path = this.#pathOfCharacteristic(address, uuid);
    if (path !== undefined && this.#objects.get(path)?.[CHARACTERISTIC]?.['Notifying']?.value === true) this.#change(path, CHARACTERISTIC, { Value: bytes(value) });
  }

  /** The connection breaks off, as when the device is carried away. */
  drop(address: string): void {
    this.#disconnect(pathOf(address));
  }

  #called(call: Message): boolean {
    const { path, interface: named, member } = call;
    if (named.startsWith(BLUEZ)) this.calls.push(member);
    if (this.silentMethods.has(member)) return true;
    const refusal = this.refusals.get(member);
    if (refusal !== undefined) return this.#refuse(call, refusal);
    const object = this.#objects.get(path);
    if (member === 'Introspect') return this.#answer(call, 's', introspection(this.#objects, path));
    if (object === undefined) return this.#refuse(call, 'org.freedesktop.DBus.Error.UnknownObject');
    if (member === 'GetManagedObjects') return this.#answer(call, 'a{oa{sa{sv}}}', Object.fromEntries([...this.#objects].filter(([at]) => at !== '/')));
    if (named === ADAPTER) return this.#adapterCalled(call);
    if (named === DEVICE) return this.#deviceCalled(call);
    return this.#gattCalled(call, object);
  }

  #adapterCalled(call: Message): boolean {
    if (call.member === 'SetDiscoveryFilter') {
      this.#wantsDuplicates = (call.body[0] as Properties)['DuplicateData']?.value === true;
      return this.#answer(call);
    }
    if (this.#objects.get(ADAPTER_PATH)?.[ADAPTER]?.['Powered']?.value !== true) return this.#refuse(call, 'org.bluez.Error.NotReady');
    if (call.member === 'StartDiscovery') {
      this.#discoverers.add(call.sender);
      this.#change(ADAPTER_PATH, ADAPTER, { Discovering: flag(true) });
    } else {
      if (!this.#discoverers.delete(call.sender)) return this.#refuse(call, 'org.bluez.Error.Failed');
      if (!this.isDiscovering) this.#endDiscovery();
    }
    return this.#answer(call);
  }

  #endDiscovery(): void {
    this.#discoverers.clear();
    this.#change(ADAPTER_PATH, ADAPTER, { Discovering: flag(false) });
    for (const [path, object] of this.#objects) {
      if (object[DEVICE]?.['RSSI'] === undefined) continue;
      delete object[DEVICE]['RSSI'];
      this.#signal(path, PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [DEVICE, {}, ['RSSI']]);
    }
  }

  #deviceCalled(call: Message): boolean {
    const connecting = this.#connecting.get(call.path);
    if (call.member === 'Connect' && [...this.hidden].map((hidden) => pathOf(hidden)).includes(call.path)) {
      this.#connecting.set(call.path, call);
      return true;
    }
    if (call.member === 'Connect') this.#connect(call.path);
    else if (connecting === undefined) this.#disconnect(call.path);
    else this.#refuse(connecting, 'org.bluez.Error.Failed');
    this.#connecting.delete(call.path);
    return this.#answer(call);
  }

  /** The services come after the connection and before it is said that all are there. */
  #connect(path: string): void {
    this.#change(path, DEVICE, { Connected: flag(true) });
    setImmediate(() => {
      for (const [at, object] of gattObjects(path, this.#services.get(path) ?? {})) this.#add(at, object);
      this.#change(path, DEVICE, { ServicesResolved: flag(true) });
    });
  }

  #disconnect(path: string): void {
    for (const below of [...this.#objects.keys()].filter((one) => one.startsWith(`${path}/`)).toReversed()) this.#remove(below);
    this.#change(path, DEVICE, { Connected: flag(false), ServicesResolved: flag(false) });
  }

  #gattCalled(call: Message, object: Record<string, Properties>): boolean {
    const properties = object[call.interface] ?? {};
    switch (call.member) {
      case 'ReadValue':
        return this.#answer(call, 'ay', properties['Value']?.value);
      case 'WriteValue': {
        const uuid = shortUuid(String(properties['UUID']?.value));
        this.written.set(uuid, (this.written.get(uuid) ?? '') + Buffer.from(call.body[0] as Uint8Array).toString('hex'));
        return this.#answer(call);
      }
      case 'StartNotify':
      case 'StopNotify':
        this.#change(call.path, call.interface, { Notifying: flag(call.member === 'StartNotify') });
        return this.#answer(call);
      default:
        return false;
    }
  }

  #pathOfCharacteristic(address: string, uuid: string): string | undefined {
    return [...this.#objects].find(([path, object]) => path.startsWith(`${pathOf(address)}/`) && shortUuid(String(object[CHARACTERISTIC]?.['UUID']?.value)) === uuid)?.[0];
  }

  /** Who leaves the bus discovers no longer. */
  async #watchCallers(): Promise<void> {
    const match = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'";
    await this.#bus.call(new Message({ destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'AddMatch', signature: 's', body: [match] }));
    this.#bus.on('message', ({ type, member, body }) => {
      if (type !== MessageType.SIGNAL || member !== 'NameOwnerChanged' || body[2] !== '') return;
      if (this.#discoverers.delete(String(body[0])) && !this.isDiscovering) this.#endDiscovery();
    });
  }

  #add(path: string, object: Record<string, Properties>): void {
    this.#objects.set(path, object);
    this.#signal('/', OBJECT_MANAGER, 'InterfacesAdded', 'oa{sa{sv}}', [path, object]);
  }

  #remove(path: string): void {
    const interfaces = Object.keys(this.#objects.get(path) ?? {});
    this.#objects.delete(path);
    this.#signal('/', OBJECT_MANAGER, 'InterfacesRemoved', 'oas', [path, interfaces]);
  }

  #change(path: string, named: string, changed: Properties): void {
    Object.assign(this.#objects.get(path)?.[named] ?? {}, changed);
    this.#signal(path, PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [named, changed, []]);
  }

  #signal(path: string, named: string, member: string, signature: string, body: readonly unknown[]): void {
    this.#send(Message.newSignal(path, named, member, signature, [...body]));
  }

  #send(message: Message): void {
    if (!this.#isStopped) this.#bus.send(message);
  }

  #answer(call: Message, signature = '', ...body: readonly unknown[]): boolean {
    this.#send(Message.newMethodReturn(call, signature, [...body]));
    return true;
  }

  #refuse(call: Message, error: string): boolean {
    const [name = '', ...text] = error.split(': ');
    this.#send(Message.newError(call as never, name, text.join(': ') || `${call.member} is refused`)); // its type says text, its code a message
    return true;
  }
}

const BLUEZ = 'org.bluez';
const ADAPTER = 'org.bluez.Adapter1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager';

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { GattValue } from '../../../src/driver-kit/define-driver.ts';
import type { GattLink } from '../../../src/driver-kit/radio.ts';
import { Bluez } from '../../support/ble/bluez.ts';
import { type Heard, startRadio, TAG, within } from '../../support/ble/running-radio.ts';
import { HAS_DBUS, SystemBus } from '../../support/ble/system-bus.ts';
import { temporaryFolder } from '../../support/folders.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const METER = 'C0:DE:C0:DE:00:01';
const TEMPERATURE = { service: '181a', characteristic: '2a6e' };
const COMMAND = { service: '181a', characteristic: '2a56' };
const wish = { whom: { kind: 'address', address: METER }, places: [TEMPERATURE, COMMAND] } as const;
const ready = new AbortController().signal;
/** BTHome's packet 42 with count 123,456. */
const COUNT = { 'fcd2': Buffer.from('40002a3e40e20100', 'hex') };

const METER_SERVICES = {
  '181a': [
    { uuid: '2a6e', flags: ['read', 'notify'], value: Buffer.from('2a09', 'hex'), descriptors: { '2904': Buffer.from('0efe2f2701000000', 'hex') } },
    { uuid: '2a56', flags: ['write'] },
  ],
};

/** A radio at this bus, or at none, for the running test. */
function radioAt(address: string, parts: Parameters<typeof startRadio>[1] = {}): Heard {
  vi.stubEnv('DBUS_SYSTEM_BUS_ADDRESS', address);
  onTestFinished(() => void vi.unstubAllEnvs());
  return startRadio({ path: '' }, { adapter: { kind: 'bluez' }, ...parts });
}

async function untilScanning({ radio }: Heard, bluez: Bluez): Promise<void> {
  await vi.waitUntil(() => radio.state.kind === 'on' && bluez.isDiscovering, within);
}

/** A bus with BlueZ on it, made ready, and a radio that scans. */
async function scanning(prepare: (bluez: Bluez) => unknown = () => undefined): Promise<{ bus: SystemBus; bluez: Bluez; it: Heard }> {
  const bus = await SystemBus.start();
  const bluez = await Bluez.start(bus.address);
  prepare(bluez);
  const it = radioAt(bus.address);
  await untilScanning(it, bluez);
  return { bus, bluez, it };
}

/** The meter, connected to once it is heard. */
async function connected({ radio }: Heard, bluez: Bluez, callTimeoutMs = 8000): Promise<GattLink> {
  const advertising = setInterval(() => bluez.advertise(METER, {}), 20);
  try {
    return await radio.connect({ ...wish, callTimeoutMs }, ready);
  } finally {
    clearInterval(advertising);
  }
}

function faultOf({ radio: { state } }: Heard): string | undefined {
  return state.kind === 'failing' ? state.fault.message : undefined;
}

// Not where dbus-daemon is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(!HAS_DBUS)('a radio through BlueZ (needs dbus-daemon)', () => {
  it('finds the adapter, discovers, and hears who is on its list, at first and again', async () => {
    const { bluez, it } = await scanning();
    expect(bluez.calls.filter((call) => /Discovery/.test(call))).toEqual(['SetDiscoveryFilter', 'StartDiscovery']);
    bluez.advertise('C0:DE:C0:DE:00:99', { service: COUNT });
    for (const rssi of [-30, -31]) bluez.advertise(TAG, { service: COUNT, rssi, adapter: 'hci1' });
    bluez.advertise(TAG, { service: COUNT, rssi: -71 });
    await vi.waitUntil(() => it.heard.length === 1, within);
    expect(it.heard).toEqual([expect.objectContaining({ address: TAG, addressType: 'random', rssi: -71 })]);
    bluez.advertise(TAG, { service: { 'fcd2': Buffer.from('40002b3e41e20100', 'hex') }, rssi: -65 });
    await vi.waitUntil(() => it.heard.length === 2, within);
    expect(it.heard[1]?.rssi).toBe(-65);
    expect(it.heard.map(({ services }) => Buffer.from(services[0]?.bytes ?? []).toString('hex'))).toEqual(['40002a3e40e20100', '40002b3e41e20100']);
    expect(it.radio.counts.heard).toBe(3);
  });

  it('does not take what BlueZ remembers for heard', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.remember(TAG, { service: COUNT }));
    bluez.drop(TAG); // it changes, and is not heard
    bluez.remember('C0:DE:C0:DE:00:99', { service: COUNT }); // as when bluetoothd is told of a device by somebody else
    bluez.advertise(TAG, { service: { 'fcd2': Buffer.from('40002b3e41e20100', 'hex') } });
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.heard.map(({ services }) => Buffer.from(services[0]?.bytes ?? []).toString('hex'))).toEqual(['40002b3e41e20100']);
    expect(it.radio.counts.heard).toBe(1);
  });

  it('is started anew when it remembers too many addresses, and hears on', async () => {
    const bus = await SystemBus.start();
    const bluez = await Bluez.start(bus.address);
    const it = radioAt(bus.address, { limits: { addressesMax: 30, pingEveryMs: 100 } });
    await untilScanning(it, bluez);
    for (let stranger = 0; stranger < 40; stranger += 1) bluez.advertise(`C0:DE:C0:DE:01:${stranger.toString(16).padStart(2, '0').toUpperCase()}`, { service: COUNT });
    await vi.waitUntil(() => it.radio.counts.recycled === 1, within);
    const advertising = setInterval(() => bluez.advertise(TAG, { service: COUNT }), 50);
    onTestFinished(() => clearInterval(advertising));
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.radio.counts).toMatchObject({ recycled: 1, starts: 2 });
    expect(it.states.map(({ kind }) => kind)).not.toContain('failing');
  });

  it('connects, reads, writes, hears notifications and disconnects', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.offer(METER, METER_SERVICES));
    const link = await connected(it, bluez);
    const { bytes, descriptors } = await link.read(TEMPERATURE);
    expect(Buffer.from(bytes).toString('hex')).toBe('2a09');
    expect(Buffer.from(descriptors['2904'] ?? []).toString('hex')).toBe('0efe2f2701000000');
    const values: GattValue[] = [];
    await link.subscribe(TEMPERATURE, (value) => values.push(value));
    bluez.notify(METER, '2a6e', Buffer.from('2b09', 'hex'));
    await vi.waitUntil(() => values.length === 1, within);
    expect(Buffer.from(values[0]?.bytes ?? []).toString('hex')).toBe('2b09');
    await link.write(COMMAND, Buffer.alloc(50, 7));
    expect(bluez.written.get('2a56')).toBe('07'.repeat(50));
    await vi.waitUntil(() => bluez.isDiscovering, within); // it scans beside the connection
    await link.close();
    expect(await link.closed).toBeUndefined();
    expect(bluez.calls).toContain('Disconnect');
  });

  it('connects again after a connection that broke off, and has the whole meter again', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.offer(METER, METER_SERVICES));
    for (let times = 0; times < 2; times += 1) {
      const link = await connected(it, bluez);
      expect(Buffer.from((await link.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
      bluez.drop(METER);
      expect((await link.closed)?.message).toContain('the device disconnected: BlueZ does not say why. It is tried again');
      await vi.waitUntil(() => bluez.isDiscovering, within);
    }
    expect(it.radio.counts.starts).toBe(1);
  });

  it('gives up a connection that BlueZ never makes, and hears the others meanwhile again', async () => {
    const { bluez, it } = await scanning(({ hidden }) => hidden.add(METER));
    await expect(connected(it, bluez, 500)).rejects.toThrow('connecting took longer than 0.5 s');
    await vi.waitUntil(() => bluez.isDiscovering, within);
    bluez.advertise(TAG, { service: COUNT });
    await vi.waitUntil(() => it.heard.length > 0, within);
    bluez.hidden.clear();
    bluez.offer(METER, METER_SERVICES);
    expect(Buffer.from((await (await connected(it, bluez)).read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.starts).toBe(1);
  });

  it('tells what the device refuses, in words, and keeps the connection', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.offer(METER, METER_SERVICES));
    const link = await connected(it, bluez);
    for (const [refusal, words] of [
      ['org.bluez.Error.NotPermitted: Not paired', 'the device wants to be paired with first (0x05). Tailgate does not pair'],
      ['org.bluez.Error.Failed: Operation failed with ATT error: 0x80', 'the device refuses (0x80). '],
    ] as const) {
      bluez.refusals.set('ReadValue', refusal);
      await expect(link.read(TEMPERATURE)).rejects.toThrow(words);
    }
    bluez.refusals.clear();
    expect(Buffer.from((await link.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.starts).toBe(1);
  });

  it('lets go of a device that refuses while it is looked at', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.offer(METER, METER_SERVICES));
    bluez.refusals.set('ReadValue', 'org.bluez.Error.NotPermitted: Not paired');
    await expect(connected(it, bluez)).rejects.toThrow('the device wants to be paired with first (0x05)');
    await vi.waitUntil(() => bluez.calls.includes('Disconnect') && bluez.isDiscovering, within);
    bluez.refusals.clear();
    expect(Buffer.from((await (await connected(it, bluez)).read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
  });

  it('gives a read that BlueZ never answers a deadline, at the cost of the connection and of nothing else', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.offer(METER, METER_SERVICES));
    const link = await connected(it, bluez, 1000);
    bluez.silentMethods.add('ReadValue');
    await expect(link.read(TEMPERATURE)).rejects.toThrow('reading took longer than 1 s');
    await vi.waitUntil(() => bluez.calls.includes('Disconnect') && bluez.isDiscovering, within);
    bluez.silentMethods.clear();
    expect(Buffer.from((await (await connected(it, bluez)).read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.starts).toBe(1);
  });

  it('gives up a connection that BlueZ neither makes nor gives up, and makes it once BlueZ answers again', async () => {
    const { bluez, it } = await scanning((bluez) => bluez.offer(METER, METER_SERVICES));
    bluez.silentMethods.add('Connect').add('Disconnect');
    await expect(connected(it, bluez, 500)).rejects.toThrow('connecting took longer than 0.5 s');
    await vi.waitUntil(() => bluez.isDiscovering, within);
    bluez.silentMethods.clear();
    const link = await connected(it, bluez);
    expect(Buffer.from((await link.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    bluez.drop(METER);
    expect((await link.closed)?.message).toContain('the device disconnected: BlueZ does not say why. It is tried again');
  });

  it('hears a thousand devices, and goes on over many connections, within what D-Bus allows', async () => {
    const bus = await SystemBus.start();
    const bluez = await Bluez.start(bus.address);
    bluez.offer(METER, METER_SERVICES);
    const it = radioAt(bus.address, { limits: { pingEveryMs: 100 } });
    await untilScanning(it, bluez);
    for (let sender = 0; sender < 1000; sender += 1) bluez.advertise(`D0:00:00:00:${hexadecimal(sender >> 8)}:${hexadecimal(sender & 0xff)}`, { service: COUNT });
    await vi.waitUntil(() => it.radio.counts.heard >= 1000 || it.radio.counts.starts > 1, within);
    for (let times = 0; times < 12; times += 1) {
      await (await connected(it, bluez)).close();
      await vi.waitUntil(() => bluez.isDiscovering, within);
    }
    bluez.advertise(TAG, { service: COUNT });
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.states.map(({ kind }) => kind)).not.toContain('failing');
    expect(it.radio.counts.starts).toBe(1);
  });

  it('says why, and what to do, where there is no daemon, no BlueZ, no leave, no adapter, none that is on, no scan or no answer', async () => {
    const [unheard, without, denied] = [await SystemBus.start(), await SystemBus.start(), await SystemBus.start({ denies: 'org.bluez' })];
    const [bare, off, refusing] = [await SystemBus.start(), await SystemBus.start(), await SystemBus.start()];
    await unheard.stop();
    await Bluez.start(denied.address);
    await Bluez.start(bare.address, { adapter: false });
    await Bluez.start(off.address, { powered: false });
    (await Bluez.start(refusing.address)).refusals.set('StartDiscovery', 'org.bluez.Error.NotReady');
    const hanging = await SystemBus.start();
    (await Bluez.start(hanging.address)).silentMethods.add('Introspect');
    const hung = radioAt(hanging.address);
    const faults: (string | undefined)[] = [];
    for (const address of ['unix:path=/dev/null', unheard.address, without.address, denied.address, bare.address, off.address, refusing.address]) {
      const it = radioAt(address);
      await vi.waitUntil(() => faultOf(it) !== undefined, within);
      faults.push(faultOf(it));
    }
    await vi.waitUntil(() => faultOf(hung) !== undefined, within);
    faults.push(faultOf(hung));
    expect(faults).toEqual([
      expect.stringMatching(/^ble bluez: D-Bus cannot be used \(connect ECONNREFUSED .+\)\. Start dbus and bluetoothd/),
      expect.stringMatching(/^ble bluez: there is no D-Bus, and so no BlueZ\. Install bluez and dbus and start bluetoothd/),
      expect.stringMatching(/^ble bluez: BlueZ does not answer \(.*org\.bluez.*\)\. Start bluetoothd \(`systemctl enable --now bluetooth`\)/),
      expect.stringMatching(/^ble bluez: this user may not use BlueZ\. .*group bluetooth/),
      expect.stringMatching(/^ble bluez: BlueZ has no adapter\. Plug one in/),
      expect.stringMatching(/^ble bluez: the adapter is off\. Run `bluetoothctl power on`/),
      expect.stringMatching(/^ble bluez: BlueZ does not scan \(StartDiscovery is refused\)\. It is tried again/),
      expect.stringMatching(/^ble bluez: BlueZ does not answer \(it said nothing for 10 s\)\. Start bluetoothd .+, or restart it/),
    ]);
  });

  it('says what is to be installed where dbus-next is missing', async () => {
    const bus = await SystemBus.start();
    const folder = temporaryFolder();
    for (const part of ['dist', 'node_modules/@stoprocent/noble/lib', 'node_modules/debug', 'node_modules/ms']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    const it = radioAt(bus.address, { program: pathToFileURL(join(folder, 'dist/ble-radio.js')) });
    await vi.waitUntil(() => faultOf(it) !== undefined, within);
    expect(faultOf(it)).toBe('ble bluez: the package dbus-next is missing, which BlueZ is reached through. Install it beside Tailgate (`npm install dbus-next@0.10`)');
  });

  it('says at once that the adapter was switched off or pulled out, that bluetoothd ended or D-Bus, and comes back with each', async () => {
    const bus = await SystemBus.start();
    let bluez = await Bluez.start(bus.address);
    const it = radioAt(bus.address);
    const faults: string[] = [];
    const broken = async (breaks: () => unknown, mends: () => unknown): Promise<void> => {
      await untilScanning(it, bluez);
      await breaks();
      await vi.waitUntil(() => it.radio.state.kind === 'failing', within);
      faults.push(faultOf(it) ?? '');
      await mends();
      await untilScanning(it, bluez);
      const heard = it.heard.length;
      bluez.advertise(TAG, { service: COUNT });
      await vi.waitUntil(() => it.heard.length > heard, within);
    };
    await broken(() => (bluez.powered = false), () => (bluez.powered = true));
    await broken(() => bluez.removeAdapter(), () => bluez.addAdapter());
    await broken(() => bluez.stop(), async () => (bluez = await Bluez.start(bus.address)));
    await broken(() => bus.stop(), async () => {
      await bus.start();
      bluez = await Bluez.start(bus.address);
    });
    expect(faults).toEqual([
      'ble bluez: the adapter is off. Run `bluetoothctl power on`, and `rfkill unblock bluetooth` where that does not help',
      'ble bluez: the adapter is gone. Plug it in again',
      'ble bluez: bluetoothd ended. It is looked for again; `systemctl status bluetooth` says what became of it',
      'ble bluez: D-Bus ended. It is looked for again; `systemctl status dbus` says what became of it',
    ]);
  });

  it('climbs its ladder when nothing is heard, whatever BlueZ remembers: the scan, the process, and where the adapter would be reset the process again', async () => {
    const bus = await SystemBus.start();
    const bluez = await Bluez.start(bus.address);
    bluez.remember('C0:DE:C0:DE:00:99', { service: COUNT });
    bluez.isDeaf = true;
    const it = radioAt(bus.address, { silenceMs: 200, limits: { pingEveryMs: 50 } });
    await untilScanning(it, bluez);
    await vi.waitUntil(() => it.radio.counts.silence['reset-adapter'] >= 1, within);
    expect(it.radio.counts.silence).toMatchObject({ 'restart-scan': 1, 'restart-process': 1, 'reset-adapter': 1 });
    expect(bluez.calls.filter((call) => /^St.*Discovery$/.test(call)).slice(0, 4)).toEqual(['StartDiscovery', 'StopDiscovery', 'StartDiscovery', 'StartDiscovery']);
    bluez.isDeaf = false;
    await vi.waitUntil(() => {
      bluez.advertise(TAG, { service: COUNT });
      return it.heard.length > 0;
    }, within);
  });

  it('is started anew when BlueZ never ends a scan', async () => {
    const bus = await SystemBus.start();
    const bluez = await Bluez.start(bus.address);
    const it = radioAt(bus.address, { silenceMs: 200 });
    await untilScanning(it, bluez);
    bluez.silentMethods.add('StopDiscovery');
    await vi.waitUntil(() => it.radio.state.kind === 'failing', within);
    bluez.silentMethods.clear();
    await vi.waitUntil(() => {
      bluez.advertise(TAG, { service: COUNT });
      return it.heard.length > 0;
    }, within);
    expect(it.radio.counts.starts).toBeGreaterThan(1);
  });

  it('keeps the data of two manufacturers apart', async () => {
    const { bluez, it } = await scanning();
    bluez.advertise(TAG, { manufacturer: { 0x0499: Buffer.from('05', 'hex'), 0x0757: Buffer.from('120a09', 'hex') } });
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.heard[0]?.manufacturer.map(({ company, bytes }) => [company, Buffer.from(bytes).toString('hex')])).toEqual([[0x0499, '05'], [0x0757, '120a09']]);
  });
});

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase();
}

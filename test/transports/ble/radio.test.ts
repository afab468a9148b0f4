import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProtocolError } from '../../../src/core/errors.ts';
import type { GattValue } from '../../../src/driver-kit/define-driver.ts';
import { Air } from '../../support/ble/air.ts';
import type { EmulatedController } from '../../support/ble/controller.ts';
import { Peripheral, type PeripheralPlan } from '../../support/ble/peripheral.ts';
import { COUNT, startRadio, TAG, untilHearing, within } from '../../support/ble/running-radio.ts';

const METER = 'C0:DE:C0:DE:00:01';
const TEMPERATURE = { service: '181a', characteristic: '2a6e' };
const HUMIDITY = { service: '181a', characteristic: '2a6f' };
/** The channel of pairing (Core 5.4, volume 3, part H, section 2.1). */
const SECURITY_MANAGER = 0x06;

type PlannedCharacteristic = PeripheralPlan['services'][number]['characteristics'][number];

/** A pair: the radio's controller, and one with a meter that can be read and notifies. */
async function meterInAir(...more: readonly PlannedCharacteristic[]): Promise<{ air: Air; here: EmulatedController; there: EmulatedController; peripheral: Peripheral }> {
  const air = Air.open();
  const [here, there] = [air.controller('00:11:22:33:44:55'), air.controller(METER)];
  const peripheral = await Peripheral.start({
    port: there.path,
    name: 'meter',
    services: [{ uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read', 'notify'], value: '2a09' }, { uuid: '2a56', properties: ['write'] }, ...more] }],
  });
  return { air, here, there, peripheral };
}

function afterItsNextCommand(controller: EmulatedController, act: () => void): void {
  const event = controller.event.bind(controller);
  controller.event = (code, parameters) => {
    event(code, parameters);
    if (code !== COMMAND_COMPLETE) return;
    controller.event = event;
    act();
  };
}

/** The device says that it does not pair (Core 5.4, volume 3, part H, section 3.5.5), as soon as it is asked to. */
function refusePairing(air: Air, central: EmulatedController): void {
  const carry = air.carry.bind(air);
  air.carry = (from, handle, packet) => {
    carry(from, handle, packet);
    if (from === central && packet[7] === SECURITY_MANAGER) central.deliver(Buffer.of(0x02, handle & 0xff, (handle >> 8) | 0x20, 6, 0, 2, 0, SECURITY_MANAGER, 0, 0x05, 0x05));
  };
}

const wish = { whom: { kind: 'address', address: METER }, places: [TEMPERATURE, { service: '181a', characteristic: '2a56' }], callTimeoutMs: 1500 } as const;
const ready = new AbortController().signal;
/** The commonest end of a connection over bad air (Core 5.4, volume 1, part F, section 2.58). */
const FAILED_TO_BE_ESTABLISHED = 0x3e;
/** An event's code (Core 5.4, volume 4, part E, section 7.7.14). */
const COMMAND_COMPLETE = 0x0e;

describe('a radio', () => {
  it('hears who is on its list and nobody else, from its own process', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller);
    await untilHearing(it, controller);
    air.inject({ address: 'C0:DE:C0:DE:00:99', data: COUNT });
    air.inject({ address: TAG, data: COUNT, rssi: -71 });
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.heard).toEqual([expect.objectContaining({ address: TAG, addressType: 'random', rssi: -71, connectable: false })]);
    expect(Buffer.from(it.heard[0]?.services[0]?.bytes ?? []).toString('hex')).toBe('40002a3e40e20100');
    expect(it.radio.counts.heard).toBe(2);
  });

  it('keeps two manufacturers and never shows an old structure as new', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller);
    await untilHearing(it, controller);
    air.inject({ address: TAG, data: Buffer.from('06FF5707120A0906FF57073205FF', 'hex').subarray(0, 14) });
    air.inject({ address: TAG, data: Buffer.from('020106', 'hex') });
    await vi.waitUntil(() => it.heard.length === 2, within);
    expect(it.heard.map(({ manufacturer }) => manufacturer.map(({ company }) => company))).toEqual([[0x0757, 0x0757], []]);
  });

  it('connects, reads, writes, hears notifications and disconnects', async () => {
    const { air, here, peripheral } = await meterInAir();
    const it = startRadio(here);
    await untilHearing(it, here);
    const link = await it.radio.connect({ ...wish, callTimeoutMs: 8000 }, ready);
    const { bytes } = await link.read(TEMPERATURE);
    expect(Buffer.from(bytes).toString('hex')).toBe('2a09');
    const values: GattValue[] = [];
    await link.subscribe(TEMPERATURE, (value) => values.push(value));
    await peripheral.until((news) => news.kind === 'subscribed');
    peripheral.notify('2a6e', '2b09');
    await vi.waitUntil(() => values.length === 1, within);
    expect(Buffer.from(values[0]?.bytes ?? []).toString('hex')).toBe('2b09');
    await link.write({ service: '181a', characteristic: '2a56' }, Buffer.alloc(600, 7));
    await vi.waitFor(() => expect(peripheral.written('2a56')).toBe('07'.repeat(600)), within);
    air.inject({ address: TAG, data: COUNT });
    await vi.waitUntil(() => it.heard.length > 0, within); // it scans beside the connection
    await link.close();
    expect(await link.closed).toBeUndefined();
    await vi.waitUntil(() => air.links === 0, within);
  });

  it('tells of a connection that breaks in the middle of a read, and connects again', async () => {
    const { air, here } = await meterInAir();
    const it = startRadio(here);
    await untilHearing(it, here);
    const link = await it.radio.connect({ ...wish, callTimeoutMs: 8000 }, ready);
    air.loses = (packet) => {
      if (packet[9] !== 0x0a) return false; // a read request
      air.loses = () => false;
      air.dropLinks();
      return true;
    };
    await expect(link.read(TEMPERATURE)).rejects.toThrow('ble C0:DE:C0:DE:00:01: the device disconnected: it was no longer heard (0x08). ');
    expect(await link.closed).toBeInstanceOf(Error);
    const starts = it.radio.counts.starts;
    await vi.waitFor(async () => {
      const again = await it.radio.connect({ ...wish, callTimeoutMs: 8000 }, ready);
      expect(Buffer.from((await again.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    }, within);
    expect(it.radio.counts.starts).toBe(starts);
  });

  it.each([
    ['with the same bytes', (_here: EmulatedController, drop: () => void): void => drop()],
    ['while the scan begins again', afterItsNextCommand],
  ])('tells at once of a connection that breaks off as soon as it is made, %s, and connects again', async (_, soon) => {
    const { air, here } = await meterInAir();
    const it = startRadio(here);
    await untilHearing(it, here);
    const connected = here.connected.bind(here);
    here.connected = (link) => {
      connected(link);
      here.connected = connected;
      soon(here, () => air.dropLinks(FAILED_TO_BE_ESTABLISHED));
    };
    await expect(it.radio.connect({ ...wish, callTimeoutMs: 8000 }, ready)).rejects.toThrow(new RegExp(`^ble ${METER}: the device disconnected(?:: the connection did not come about, though the device was heard \\(0x3e\\)| as soon as it was connected to)\\. It is tried again by itself; `));
    const again = await it.radio.connect({ ...wish, callTimeoutMs: 8000 }, ready);
    expect(Buffer.from((await again.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.starts).toBe(1);
  }, 30_000);

  it('tells what the device refuses, in words, and keeps the connection for what it does not', async () => {
    const { here } = await meterInAir({ uuid: '2a6f', properties: ['read'], refusal: 0x02 });
    const it = startRadio(here);
    await untilHearing(it, here);
    const link = await it.radio.connect({ ...wish, places: [TEMPERATURE, HUMIDITY], callTimeoutMs: 8000 }, ready);
    const refused = link.read(HUMIDITY);
    const read = link.read(TEMPERATURE);
    await expect(refused).rejects.toThrow(`ble ${METER}: the device does not let this be read (0x02). Leave it out`);
    await expect(refused).rejects.toBeInstanceOf(ProtocolError);
    expect(Buffer.from((await read).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.starts).toBe(1);
  });

  it.each([
    ['answers no pairing', (): void => undefined],
    ['refuses the pairing', refusePairing],
  ])('says that a device wants to be paired with which %s, and connects again', async (_, meanwhile) => {
    const { air, here } = await meterInAir({ uuid: '2a6f', properties: ['read'], refusal: 0x05 });
    const it = startRadio(here);
    await untilHearing(it, here);
    const link = await it.radio.connect({ ...wish, places: [TEMPERATURE, HUMIDITY], callTimeoutMs: 8000 }, ready);
    meanwhile(air, here);
    air.loses = (packet) => packet[7] === SECURITY_MANAGER;
    await expect(link.read(HUMIDITY)).rejects.toThrow(`ble ${METER}: the device wants to be paired with first (0x05). `);
    await vi.waitUntil(() => air.links === 0, within);
    const again = await it.radio.connect({ ...wish, callTimeoutMs: 8000 }, ready);
    expect(Buffer.from((await again.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.starts).toBe(1);
  }, 30_000);

  it('says at once what the device does not let be written', async () => {
    const { air, here } = await meterInAir({ uuid: '2a6f', properties: ['write'], refusal: 0x80 });
    const it = startRadio(here);
    await untilHearing(it, here);
    const link = await it.radio.connect({ ...wish, places: [HUMIDITY], callTimeoutMs: 8000 }, ready);
    const startedMs = performance.now();
    await expect(link.write(HUMIDITY, Uint8Array.of(1))).rejects.toThrow(`ble ${METER}: the device refuses (0x80). `);
    expect(performance.now() - startedMs).toBeLessThan(5000);
    await vi.waitUntil(() => air.links === 0, within);
  });

  it('gives a read that never settles a deadline, at the cost of the connection and of nothing else', async () => {
    const { air, here } = await meterInAir();
    const it = startRadio(here);
    await untilHearing(it, here);
    const link = await it.radio.connect({ ...wish, callTimeoutMs: 3000 }, ready);
    air.loses = (packet) => packet[9] === 0x0a;
    await expect(link.read(TEMPERATURE)).rejects.toThrow('reading took longer than 3 s');
    await vi.waitUntil(() => air.links === 0, within);
    air.inject({ address: TAG, data: COUNT });
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.radio.counts.starts).toBe(1);
  });

  it('gives up a device that advertises and does not answer, and hears the others meanwhile again', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller);
    await untilHearing(it, controller);
    const connecting = it.radio.connect({ ...wish, callTimeoutMs: 500 }, ready);
    air.inject({ address: METER, data: COUNT, isConnectable: true });
    await expect(connecting).rejects.toThrow('connecting took longer than 0.5 s');
    await vi.waitUntil(() => {
      air.inject({ address: TAG, data: COUNT });
      return it.heard.length > 0;
    }, within);
    expect(it.radio.counts.starts).toBe(1);
  });

  it('climbs its ladder when nothing is heard: the scan, the process, the adapter', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller, { silenceMs: 300 });
    await untilHearing(it, controller);
    await vi.waitUntil(() => it.radio.counts.silence['reset-adapter'] >= 1, within);
    expect(it.radio.counts.silence).toMatchObject({ 'restart-scan': 1, 'restart-process': 1, 'reset-adapter': 1 });
    await vi.waitUntil(() => {
      air.inject({ address: TAG, data: COUNT });
      return it.heard.length > 0;
    }, within);
  });

  it('comes back by itself from a controller that fell silent, once that speaks again', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller, { silenceMs: 200 });
    await untilHearing(it, controller);
    controller.isSilent = true;
    await vi.waitUntil(() => it.radio.state.kind === 'failing', within);
    controller.isSilent = false;
    await vi.waitUntil(() => {
      air.inject({ address: TAG, data: COUNT });
      return it.heard.length > 0;
    }, { timeout: 18_000, interval: 10 });
    expect(it.states.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['on', 'failing']));
  });

  it('hears again after its controller has reset by itself', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller, { silenceMs: 200 });
    await untilHearing(it, controller);
    controller.crash();
    await vi.waitUntil(() => {
      air.inject({ address: TAG, data: COUNT });
      return it.heard.length > 0;
    }, within);
    expect(it.radio.counts.silence['restart-scan']).toBe(1);
  });

  it('says why it cannot be used, and goes on trying', async () => {
    const it = startRadio({ path: '/dev/no-such-controller' });
    await vi.waitUntil(() => it.radio.counts.starts >= 2, within);
    const last = it.states.at(-1);
    expect(last?.kind === 'failing' && last.fault.message).toBe('ble uart /dev/no-such-controller: /dev/no-such-controller does not exist. Plug the controller in, or correct `ble.adapter`');
  });

  it('says so where there is no D-Bus and where there is no adapter', async () => {
    vi.stubEnv('DBUS_SYSTEM_BUS_ADDRESS', 'unix:path=/no/such/bus');
    onTestFinished(() => void vi.unstubAllEnvs());
    const bluez = startRadio({ path: '' }, { adapter: { kind: 'bluez' } });
    const hci = startRadio({ path: '' }, { adapter: { kind: 'hci', address: '00:11:22:33:44:55' } });
    for (const { radio } of [bluez, hci]) await vi.waitUntil(() => radio.state.kind === 'failing', within);
    expect([bluez, hci].map(({ radio: { state } }) => (state.kind === 'failing' ? state.fault.what : ''))).toEqual(['there is no D-Bus, and so no BlueZ', 'there is no adapter 00:11:22:33:44:55']);
  });

  it('is started anew when it takes too much memory, and hears on', async () => {
    const air = Air.open();
    const it = startRadio(air.controller('00:11:22:33:44:55'), { limits: { rssBytesMax: 1, pingEveryMs: 100 } });
    await vi.waitUntil(() => it.radio.counts.recycled >= 2, within);
    expect(it.states.map(({ kind }) => kind)).not.toContain('failing');
  });
});

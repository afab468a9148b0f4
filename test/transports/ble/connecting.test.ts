import { describe, expect, it, vi } from 'vitest';
import { Air } from '../../support/ble/air.ts';
import { Peripheral } from '../../support/ble/peripheral.ts';
import { COUNT, startRadio, TAG, untilHearing, within } from '../../support/ble/running-radio.ts';

const METER = 'C0:DE:C0:DE:00:01';
const SECOND = 'C0:DE:C0:DE:00:02';
const TEMPERATURE = { service: '181a', characteristic: '2a6e' };
const wishFor = (address: string, callTimeoutMs = 8000) => ({ whom: { kind: 'address', address }, places: [TEMPERATURE], callTimeoutMs }) as const;
const ready = new AbortController().signal;
const CREATE_CONNECTION = 0x200d;

async function meterAt(port: string): Promise<Peripheral> {
  return Peripheral.start({ port, name: 'meter', services: [{ uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }] }] });
}

describe('connecting to a device', () => {
  it('is not tried, and holds up no scan, while the device is away or cannot be connected to', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller);
    await untilHearing(it, controller);
    const connecting = it.radio.connect(wishFor(METER, 1000), ready);
    air.inject({ address: METER, data: COUNT, isConnectable: false });
    air.inject({ address: TAG, data: COUNT });
    await expect(connecting).rejects.toThrow(`ble ${METER}: the device was not heard for 1 s. Check that it is on, in range, and connected to nothing else`);
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(controller.commands).not.toContain(CREATE_CONNECTION);
    expect(controller.isScanning).toBe(true);
  });

  it('ends at once when the gateway stops', async () => {
    const air = Air.open();
    const it = startRadio(air.controller('00:11:22:33:44:55'));
    await vi.waitUntil(() => it.radio.state.kind === 'on', within);
    const stop = new AbortController();
    const connecting = it.radio.connect(wishFor(METER, 60_000), stop.signal);
    stop.abort();
    await expect(connecting).rejects.toThrow('is no longer wanted');
  });

  it('waits for room, says so when there is none, and goes on when there is', async () => {
    const air = Air.open();
    const [here, first, second] = [air.controller('00:11:22:33:44:55'), air.controller(METER), air.controller(SECOND)];
    await Promise.all([meterAt(first.path), meterAt(second.path)]);
    const it = startRadio(here, { connectionsMax: 1 });
    await untilHearing(it, here);
    const link = await it.radio.connect(wishFor(METER), ready);
    await expect(it.radio.connect(wishFor(SECOND, 500), ready)).rejects.toThrow(`ble ${SECOND}: 1 devices are connected, which is all that may be. Raise \`ble.connectionsMax\``);
    expect(air.links).toBe(1);
    const waiting = it.radio.connect(wishFor(SECOND), ready);
    await link.close();
    const next = await waiting;
    expect(Buffer.from((await next.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    await expect(it.radio.connect(wishFor(SECOND), ready)).rejects.toThrow('another device of this gateway is connected to it');
    await next.close();
  });

  it('scans for it where nobody else wants to hear anything, and stops scanning then', async () => {
    const air = Air.open();
    const [here, there] = [air.controller('00:11:22:33:44:55'), air.controller(METER)];
    await meterAt(there.path);
    const it = startRadio(here, { whom: [] });
    const link = await it.radio.connect(wishFor(METER), ready);
    expect(here.isScanning).toBe(false);
    expect(it.heard).toEqual([]);
    await link.close();
  });
});

describe('silence', () => {
  it('costs no connection while a device is only looked for', async () => {
    const air = Air.open();
    const [here, there] = [air.controller('00:11:22:33:44:55'), air.controller(METER)];
    await meterAt(there.path);
    const it = startRadio(here, { whom: [], silenceMs: 200 });
    const link = await it.radio.connect(wishFor(METER), ready);
    await expect(it.radio.connect(wishFor(SECOND, 2000), ready)).rejects.toThrow('was not heard');
    expect(Buffer.from((await link.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    expect(it.radio.counts.silence['restart-process']).toBe(0);
    await link.close();
  });
});

describe('a scan', () => {
  const named = { address: TAG, data: Buffer.from('04095461672E', 'hex').subarray(0, 5), isScanResponse: true };

  it.each([
    ['asks for scan responses unless told otherwise', false, [undefined, 'Tag']],
    ['asks nobody for anything when it is to be passive', true, [undefined]],
  ])('%s', async (_, isPassive, names) => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller, { isPassive });
    await untilHearing(it, controller);
    expect(controller.isScanActive).toBe(!isPassive);
    air.inject({ address: TAG, data: COUNT });
    air.inject(named);
    await vi.waitUntil(() => it.heard.length >= names.length, within);
    air.inject({ address: TAG, data: COUNT });
    await vi.waitUntil(() => it.heard.length > names.length, within);
    expect(it.heard.slice(0, names.length).map(({ name }) => name)).toEqual(names);
  });

  it('counts what was cut short, and keeps what stood before', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller);
    await untilHearing(it, controller);
    air.inject({ address: TAG, data: Buffer.concat([COUNT, Buffer.from('0916D2FC4000', 'hex')]) });
    air.inject({ address: TAG, data: COUNT });
    await vi.waitUntil(() => it.heard.length === 2, within);
    expect(it.cutShort).toEqual([6, 0]);
    expect(it.heard.map(({ services }) => services.length)).toEqual([1, 1]);
    expect(it.radio.report()).toMatchObject({ cutShort: 1 });
  });
});

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { count, gatewayInAir, type ReceivedEvent } from '../support/ble/gateway-in-air.ts';
import { Peripheral } from '../support/ble/peripheral.ts';
import { temporaryFolder } from '../support/folders.ts';

const within = { timeout: 15_000, interval: 20 };
/** Core Specification 5.4, volume 3, part H, appendix D.7, and an address that fits it. */
const IRK = 'ec0234a357c8ad05341010a60a397d9b';
const NOW = '70:81:94:0D:FB:AA';

const valuesIn = (events: readonly ReceivedEvent[], meter: string): readonly number[] =>
  events.filter(({ type, data }) => type === 'tailgate.reading.v1' && data['meter'] === meter).map(({ data }) => Number(data['value']));

/** Ruuvi's format 5 with a temperature in 0.005 degrees, a sequence, and the address that it has for good; nothing else is available. */
function ruuvi(temperature: number, sequence: number, address: string): Buffer {
  const data = Buffer.from('1BFF9904050000FFFFFFFF800080008000FFFFFF0000000000000000', 'hex');
  data.writeInt16BE(temperature, 5);
  data.writeUInt16BE(sequence, 20);
  Buffer.from(address.replaceAll(':', ''), 'hex').copy(data, 22);
  return data;
}

function keyFile(text: string): string {
  const file = join(temporaryFolder(), 'tag.irk');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

describe('a device whose address changes', () => {
  it('is known by what its payload calls it, from whatever address it sends, and nobody else is', async () => {
    const { air, events, start, untilHearing } = await gatewayInAir({ fridge: 'driver: ruuvi, port: { ble: { id: "CB:B8:33:4C:88:4F" } }' });
    start();
    await untilHearing();
    air.inject({ address: '3A:00:00:00:00:01', addressType: 'random', data: ruuvi(4000, 1, 'CB:B8:33:4C:88:4F') });
    air.inject({ address: '3A:00:00:00:00:02', addressType: 'random', data: ruuvi(9000, 7, 'CB:B8:33:4C:88:50') });
    await vi.waitFor(() => expect(valuesIn(events, 'temperature')).toEqual([20]), within);
    await wait(1100); // a meter publishes one reading a second at most
    air.inject({ address: '15:00:00:00:00:03', addressType: 'random', data: ruuvi(4200, 2, 'CB:B8:33:4C:88:4F') });
    await vi.waitFor(() => expect(valuesIn(events, 'temperature')).toEqual([20, 21]), within);
  });

  it('is heard by its identity resolving key, and the key is shown nowhere', async () => {
    const file = keyFile(`${IRK.toUpperCase()}\n`);
    const { air, gateway, events, start, untilHearing } = await gatewayInAir({ pulses: `driver: bthome, port: { ble: { irkFile: ${file} } }` });
    start();
    await untilHearing();
    air.inject({ address: '70:81:94:0D:FB:AB', data: count(1, 99) });
    air.inject({ address: NOW, data: count(1, 10) });
    await vi.waitFor(() => expect(valuesIn(events, 'count')).toEqual([10]), within);
    expect(JSON.stringify(await gateway.status()).toLowerCase()).not.toContain(IRK);
  });

  it('is connected to by its key', async () => {
    const { gateway, events, there, start } = await gatewayInAir({ room: `driver: gatt-meter, port: { ble: { irkFile: ${keyFile(IRK)} } }, read: [temperature]` }, { peer: NOW });
    await Peripheral.start({ port: there.path, name: 'room', services: [{ uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }] }] });
    start();
    await gateway.untilOpen();
    await vi.waitFor(() => expect(valuesIn(events, 'temperature')).toEqual([23.46]), within);
  });

  it('says what is wrong with its key', async () => {
    const [open, short, alsoShort] = [keyFile(IRK), keyFile('ec0234'), keyFile(`${IRK}00`)];
    chmodSync(open, 0o644);
    const { gateway, start } = await gatewayInAir({
      a: `driver: bthome, port: { ble: { irkFile: ${open} } }`,
      b: `driver: bthome, port: { ble: { irkFile: ${short} } }`,
      c: `driver: line-scanner, port: { ble: { irkFile: ${alsoShort} } }`,
    });
    start();
    await gateway.until(({ devices }) =>
      expect(devices.map(({ why }) => why)).toEqual([
        expect.stringContaining('everybody on this machine may read this secret'),
        expect.stringContaining('does not hold 32 hexadecimal digits'),
        expect.stringContaining('does not hold 32 hexadecimal digits'),
      ]),
    );
  });
});

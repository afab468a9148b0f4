import { createRequire } from 'node:module';
import type * as Noble from '@stoprocent/noble';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Air } from '../../support/ble/air.ts';
import { Peripheral } from '../../support/ble/peripheral.ts';

// Not the package's main file, which opens the kernel's Bluetooth.
const withBindings = createRequire(import.meta.url)('@stoprocent/noble/lib/resolve-bindings.js') as typeof Noble.withBindings;

describe('an emulated pair of controllers', () => {
  it('lets noble see a peripheral of bleno, connect and read', async () => {
    const air = Air.open();
    const [here, there] = [air.controller('00:11:22:33:44:55'), air.controller('C0:DE:C0:DE:00:01')];
    await Peripheral.start({ port: there.path, name: 'meter', services: [{ uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }] }] });
    const noble = withBindings('hci', { hciDriver: 'uart', bindParams: { uart: { port: here.path, baudRate: 1_000_000 } } });
    onTestFinished(() => noble.stop());
    await noble.waitForPoweredOnAsync();
    const found = new Promise<Noble.Peripheral>((resolve) => void noble.on('discover', (peripheral) => peripheral.advertisement.localName === 'meter' && resolve(peripheral)));
    await noble.startScanningAsync([], true);
    const peripheral = await found;
    expect(peripheral.address).toBe('c0:de:c0:de:00:01');
    await peripheral.connectAsync();
    const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync(['181a'], ['2a6e']);
    expect((await characteristics[0]?.readAsync())?.toString('hex')).toBe('2a09');
    await peripheral.disconnectAsync();
    expect(air.links).toBe(0);
  });
});

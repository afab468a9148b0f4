import { describe, expect, it, vi } from 'vitest';
import type { Whom } from '../../../src/driver-kit/radio.ts';
import { AddressResolver } from '../../../src/transports/ble/address-resolver.ts';
import { Air } from '../../support/ble/air.ts';
import { Peripheral } from '../../support/ble/peripheral.ts';
import { COUNT, startRadio, TAG, untilHearing, within } from '../../support/ble/running-radio.ts';

/** Core Specification 5.4, volume 3, part H, appendix D.7. */
const IRK = new Uint8Array(Buffer.from('ec0234a357c8ad05341010a60a397d9b', 'hex'));
const OTHER_IRK = new Uint8Array(16).fill(7);
const NOW = '70:81:94:0D:FB:AA';
const TEMPERATURE = { service: '181a', characteristic: '2a6e' };
const ready = new AbortController().signal;
const KEYED: Whom = { kind: 'irk', irk: IRK };

describe('an address that changes', () => {
  it('fits the key that it was made with, as in the sample of the specification', () => {
    expect(new AddressResolver([IRK]).fits(NOW, 'random')).toBe(true);
    expect(new AddressResolver([OTHER_IRK, IRK]).fits(NOW, 'random')).toBe(true);
  });

  it.each([
    ['another key', [OTHER_IRK], NOW, 'random'],
    ['no key', [], NOW, 'random'],
    ['another hash', [IRK], '70:81:94:0D:FB:AB', 'random'],
    ['another random part', [IRK], '70:81:95:0D:FB:AA', 'random'],
    ['a public address', [IRK], NOW, 'public'],
    ['a static one', [IRK], 'F0:81:94:0D:FB:AA', 'random'],
    ['one that cannot be resolved', [IRK], '30:81:94:0D:FB:AA', 'random'],
    ['no address', [IRK], '70:81:94:0D:FB', 'random'],
    ['its bytes backwards', [IRK.toReversed()], NOW, 'random'],
  ] as const)('does not fit %s', (_, irks, address, addressType) => {
    expect(new AddressResolver(irks).fits(address, addressType)).toBe(false);
  });

  it('is still found after a flood of others', () => {
    const resolver = new AddressResolver([IRK]);
    let fitting = 0;
    for (let sender = 0; sender < 20_000; sender += 1) {
      const digits = sender.toString(16).padStart(6, '0').toUpperCase();
      if (resolver.fits(`40:00:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`, 'random')) fitting += 1;
    }
    expect(fitting).toBeLessThanOrEqual(1); // one in 16 million fits by chance
    expect(resolver.fits(NOW, 'random')).toBe(true);
  });
});

describe('a radio that is to hear a device by its key', () => {
  it('hears it at whatever address, and nobody else', async () => {
    const air = Air.open();
    const controller = air.controller('00:11:22:33:44:55');
    const it = startRadio(controller, { whom: [KEYED] });
    await untilHearing(it, controller);
    air.inject({ address: '70:81:94:0D:FB:AB', data: COUNT });
    air.inject({ address: TAG, data: COUNT });
    air.inject({ address: NOW, data: COUNT });
    await vi.waitUntil(() => it.heard.length > 0, within);
    expect(it.heard.map(({ address }) => address)).toEqual([NOW]);
  });

  it('connects to it at the address it has now', async () => {
    const air = Air.open();
    const [here, there] = [air.controller('00:11:22:33:44:55'), air.controller(NOW)];
    await Peripheral.start({ port: there.path, name: 'meter', services: [{ uuid: '181a', characteristics: [{ uuid: '2a6e', properties: ['read'], value: '2a09' }] }] });
    const it = startRadio(here);
    const link = await it.radio.connect({ whom: KEYED, places: [TEMPERATURE], callTimeoutMs: 8000 }, ready);
    expect(link.name).toBe(`ble with a changing address, now ${NOW}`);
    expect(Buffer.from((await link.read(TEMPERATURE)).bytes).toString('hex')).toBe('2a09');
    await link.close();
  });

  it('says what may be wrong when nobody fits', async () => {
    const air = Air.open();
    const it = startRadio(air.controller('00:11:22:33:44:55'));
    await vi.waitUntil(() => it.radio.state.kind === 'on', within);
    await expect(it.radio.connect({ whom: KEYED, places: [], callTimeoutMs: 200 }, ready)).rejects.toThrow(/was not heard for 0\.2 s\. Check .* the key under `port` has its bytes in the right order/);
  });
});

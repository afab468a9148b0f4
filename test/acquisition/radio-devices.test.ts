import { expect, it, onTestFinished } from 'vitest';
import { bthome } from '../../drivers/bthome/driver.ts';
import { gattMeter } from '../../drivers/gatt-meter/driver.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { RadioDevices } from '../../src/acquisition/radio-devices.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import type { Notes } from '../../src/core/record.ts';
import type { Driver } from '../../src/driver-kit/define-driver.ts';
import { FakeRadio } from '../support/ble/fake-radio.ts';
import { FakeClock } from '../support/fake-clock.ts';

const KEY_FILE = '/etc/tailgate/secrets/pump.key';
const UNREADABLE = new ConfigurationError({ where: KEY_FILE, what: 'it does not exist', remedy: 'Write the key into it' });

it('a tag is forgotten once its key can be read, and until then it is said why not', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const silent = (): void => undefined;
  const recorded: Notes[] = [];
  const keys: string[] = [];
  const devices = new RadioDevices({
    clock,
    random: () => 0,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    signal: stop.signal,
    record: async (_, notes = {}) => {
      recorded.push(notes);
      return { source: '', sequences: [] };
    },
    note: () => undefined,
    event: silent,
    readSecret: async () => {
      const [key] = keys;
      if (key === undefined) throw UNREADABLE;
      return key;
    },
  });
  const radio = new FakeRadio(() => clock.monotonicMs());
  const run = (device: string, driver: Driver, options: object): void => {
    const status = new DeviceStatus({ device, clock, changed: silent });
    void devices.run({ device, driver, options: driver.options.parse(options), whom: async () => ({ kind: 'address', address: 'C0:DE:C0:DE:00:01' }), silentAfterMs: 600_000, radio, status, report: async () => undefined });
  };
  run('pump', bthome, { keyFile: KEY_FILE });
  run('room', gattMeter, {});
  expect(await devices.reset('pump')).toBe('its key is being read; say it again in a moment');
  await clock.advance(0);
  expect(await devices.reset('pump')).toBe(`its key cannot be read: ${UNREADABLE.message}`);
  for (const other of ['room', 'nobody']) expect(await devices.reset(other)).toBe('no device of this name advertises');
  expect(recorded).toEqual([]);
  keys.push('00112233445566778899AABBCCDDEEFF');
  await clock.advance(30_000);
  expect(await devices.reset('pump')).toBeUndefined();
  expect(recorded).toEqual([{ 'tag/pump': null }]);
});

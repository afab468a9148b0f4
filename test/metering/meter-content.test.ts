import { describe, expect, test } from 'vitest';
import { Decimal } from '../../src/core/decimal.ts';
import { encodeJson } from '../../src/core/json.ts';
import type { MeterObservation } from '../../src/core/observation.ts';
import { meterContent, type MeterMapping } from '../../src/metering/meter-content.ts';

const HOURS: MeterObservation = {
  kind: 'meter',
  meter: 'engine-hours',
  quantity: 'operating-time',
  meterKind: 'counter',
  value: new Decimal(123_456n, -1),
  raw: '44444160',
};
const PLAIN: MeterMapping = { device: 'generator', meters: {} };

describe('the content of a meter reading', () => {
  test('a value is good, exact, in the unit of its quantity and with the digits of the device', () => {
    expect(meterContent(HOURS, PLAIN)).toEqual({
      device: 'generator',
      meter: 'engine-hours',
      asset: undefined,
      kind: 'counter',
      value: new Decimal(123_456n, -1),
      unit: 'h',
      raw: '44444160',
      epoch: 0,
      quality: 'good',
      reason: undefined,
    });
  });

  test('a missing value is bad, with the reason and without any value', () => {
    const content = meterContent({ ...HOURS, value: { missing: 'sensor fault (0x8000)' }, raw: '-32768' }, PLAIN);
    expect(content).toMatchObject({ quality: 'bad', reason: 'sensor fault (0x8000)', raw: '-32768' });
    expect(content.value).toBeUndefined();
  });

  test('a value in doubt is uncertain with the reason, and nothing proves an unauthenticated one', () => {
    const content = meterContent({ ...HOURS, authenticated: false, doubt: 'unauthenticated' }, PLAIN);
    expect(content).toMatchObject({ quality: 'uncertain', reason: 'unauthenticated', authenticated: false, value: new Decimal(123_456n, -1) });
    expect(meterContent({ ...HOURS, authenticated: false, doubt: 'unauthenticated', value: { missing: 'sentinel' } }, PLAIN)).toMatchObject({ quality: 'bad', reason: 'sentinel' });
    expect(encodeJson(meterContent(HOURS, PLAIN))).not.toContain('authenticated');
  });

  test('zero and the empty text are values', () => {
    expect(meterContent({ ...HOURS, value: new Decimal(0n) }, PLAIN)).toMatchObject({ quality: 'good', value: new Decimal(0n) });
    expect(meterContent({ ...HOURS, value: '' }, PLAIN)).toMatchObject({ quality: 'good', value: '' });
  });

  test('the asset is that of the device, with the receiver\'s own name of the meter where it has one', () => {
    const asset = { number: 'GEN-7', site: 'BEDFORD' };
    const mapping: MeterMapping = { device: 'generator', asset, meters: { 'engine-hours': { meter: 'RUNHOURS' } } };
    expect(meterContent(HOURS, mapping).asset).toEqual({ number: 'GEN-7', site: 'BEDFORD', meter: 'RUNHOURS' });
    expect(meterContent({ ...HOURS, meter: 'starts' }, mapping).asset).toEqual(asset);
    expect(meterContent({ ...HOURS, meter: 'constructor' }, mapping).asset).toEqual(asset);
    expect(meterContent(HOURS, { ...mapping, asset: undefined }).asset).toBeUndefined();
  });
});

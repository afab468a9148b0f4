import { describe, expect, it } from 'vitest';
import { modbus } from '../../../drivers/modbus/driver.ts';
import { profile } from '../../../drivers/modbus/profile.ts';
import type { MeterObservation } from '../../../src/core/observation.ts';
import type { MeterContent } from '../../../src/core/reading.ts';
import { Decimal } from '../../../src/core/decimal.ts';
import type { CounterShape } from '../../../src/core/meter-settings.ts';
import { counterRules } from '../../../src/metering/counter-rules.ts';
import { MeterBook } from '../../../src/metering/meter-book.ts';
import { withChecksum } from '../../support/modbus-slave.ts';

/** Shows the registers one after the other, so many minutes apart, and gives what is published of each. */
async function read(point: object, registers: readonly number[], minutes: number, configured: CounterShape = {}): Promise<readonly string[]> {
  const whole = { brand: 'b', model: 'm', source: ['s'], notation: 'zero-based', function: 3, meters: { x: { address: 1, type: 'uint16', quantity: 'active-energy', kind: 'counter', ...point } } };
  const options = { ...modbus.options.parse({ address: 1, profile: 'p' }), profile: profile.parse(whole) };
  const notes = new Map<string, string>();
  const book = new MeterBook((key) => notes.get(key));
  const told: string[] = [];
  for (const [at, register] of registers.entries()) {
    const seen: MeterObservation[] = [];
    const exchange = (): Promise<Uint8Array> => Promise.resolve(withChecksum([1, 3, 2, register >> 8, register & 0xff]));
    await modbus.poll({ exchange, nextNumber: () => 1 }, options, (observations) => void seen.push(...observations.filter((one) => one.kind === 'meter')), undefined);
    const { value, raw, counter } = seen[0] ?? {};
    if (!(value instanceof Decimal)) throw new TypeError('no number');
    const content: MeterContent = { device: 'd', meter: 'x', kind: 'counter', value, unit: 'kW.h', raw: raw ?? '', epoch: 0, quality: 'good' };
    const ms = at * minutes * 60_000;
    const entered = book.enter([{ content, rules: { counter: counterRules('active-energy', counter, configured) } }], { wallMs: 1_790_000_000_000 + ms, monotonicMs: ms, bootId: 'b', clock: 'synced' });
    for (const [key, note] of Object.entries(entered.notes)) if (note !== null) notes.set(key, note);
    entered.settled('stored');
    told.push(...entered.contents.map((one) => `${String(one.value)} ${one.epoch} ${one.reason ?? one.quality}`));
  }
  return told;
}

describe('a counter whose value is rounded', () => {
  const thousandths = { scale: '1/1000', decimals: 0, rollover: 'allowed' };

  it('up to what it goes back to 0 at is rounded down, and goes round without a doubt', async () => {
    const registers = [65_400, 65_499, 65_500, 65_535, 65_535, 100, 600, 1600];
    const expected = ['65 0 good', '65 0 good', '65 0 good', '65 0 good', '65 0 good', '65.536 0 good', '66.536 0 good', '67.536 0 good'];
    expect(await read({ ...thousandths, rateMax: 60 }, registers, 10)).toEqual(expected);
  });

  it('and without a rate begins no epoch there but by its rules', async () => {
    expect(await read(thousandths, [64_400, 65_499, 65_535, 65_535, 100, 600], 10)).toEqual(['64 0 good', '65 0 good', '65 0 good', '65 0 good', 'undefined 0 lower-than-last', '66.536 0 good']);
  });

  it('is not faster than plausible because it is shown in steps larger than its own', async () => {
    const registers = [49_480, 49_490, 49_500, 49_510, 49_520];
    const expected = ['49 0 good', '49 0 good', '50 0 good', '50 0 good', '50 0 good'];
    expect(await read({ ...thousandths, rateMax: '0.1' }, registers, 10)).toEqual(expected);
  });

  it('is where the configuration says what it goes back to 0 at, too', async () => {
    const registers = [49_400, 49_499, 49_500, 49_999, 100, 600];
    const expected = ['49 0 good', '49 0 good', '49 0 good', '49 0 good', '50 0 good', '51 0 good'];
    expect(await read({ ...thousandths, rollover: undefined, rateMax: 60 }, registers, 10, { modulus: Decimal.of(50) })).toEqual(expected);
  });
});

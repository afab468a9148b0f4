import { describe, expect, it } from 'vitest';
import { everyDriver } from '../../drivers/index.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { CounterShape } from '../../src/core/meter-settings.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Stamp } from '../../src/core/reading.ts';
import { readStructures } from '../../src/driver-kit/codecs/advertising-structures.ts';
import { fieldObservation, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { MeterBook } from '../../src/metering/meter-book.ts';
import { meterEntry } from '../../src/metering/meter-content.ts';

const drivers = await everyDriver();
const START_MS = Date.parse('2026-11-23T08:00:00Z');
const ADDRESS = 'CB:B8:33:4C:88:4F';

/** What is published of a meter that a driver reports once a minute. */
function published(meter: string, reports: readonly (readonly Observation[])[], counter?: CounterShape): string[] {
  const book = new MeterBook(() => undefined);
  return reports.flatMap((observations, minute) => {
    const at: Stamp = { wallMs: START_MS + minute * 60_000, monotonicMs: minute * 60_000, bootId: 'one', clock: 'synced' };
    const entries = observations.flatMap((one) => (one.kind === 'meter' && one.meter === meter ? [meterEntry(one, { device: 'tag', meters: counter === undefined ? {} : { [meter]: { counter } } })] : []));
    return book.enter(entries, at).contents.map(({ value, epoch, quality }) => `${value?.toString() ?? '-'} e${epoch} ${quality}`);
  });
}

/** What a driver reports of advertisements, each given in hexadecimal. */
function heard(name: string, ...advertisements: readonly string[]): readonly (readonly Observation[])[] {
  const driver = drivers.find((one) => one.name === name);
  if (driver?.form !== 'advertising') throw new TypeError(`${name} does not advertise`);
  let state: unknown;
  return advertisements.map((hex) => {
    const { advertisement } = readStructures(Buffer.from(hex, 'hex'), { address: ADDRESS, addressType: 'random', connectable: false, rssi: -60 });
    const said = driver.decode(advertisement, driver.options.parse({}), state, Infinity);
    state = said.state;
    return said.observations;
  });
}

const hex = (value: number, bytes: number): string => Buffer.from(Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) % 256)).toString('hex');
const bthome = (id: string, bytes: number) => (value: number, packet: number): string => `020106${hex(7 + bytes, 1)}16d2fc4000${hex(packet, 1)}${id}${hex(value, bytes)}`;
const ela = (count: number): string => `02010606ff570762${hex(count * 2, 2)}`;
const ruuvi = (movements: number, sequence: number): string => `0201061bff99040512fc5394c37c0004fffc040cac36${hex(movements, 1)}${Buffer.from([sequence >> 8, sequence & 255]).toString('hex')}cbb8334c884f`;
const series = (make: (value: number, packet: number) => string, ...values: readonly number[]): string[] => values.map((value, index) => make(value, index + 1));

describe('the narrow counter of a tag goes on above its width without a new epoch:', () => {
  it("BTHome's of 8 bits, however often it goes round", () => {
    const reports = heard('bthome', ...series(bthome('09', 1), 250, 255, 2, 3, 100, 200, 254, 1, 2));
    expect(published('count', reports)).toEqual(['250 e0 good', '255 e0 good', '- e0 bad', '259 e0 good', '356 e0 good', '456 e0 good', '510 e0 good', '- e0 bad', '514 e0 good']);
  });

  it("BTHome's of 16 bits, at once where a rate is given", () => {
    const reports = heard('bthome', ...series(bthome('3d', 2), 65_530, 4, 5));
    expect(published('count', reports)).toEqual(['65530 e0 good', '- e0 bad', '65541 e0 good']);
    expect(published('count', reports, { rateMaxPerHour: Decimal.of(1000) })).toEqual(['65530 e0 good', '65540 e0 good', '65541 e0 good']);
  });

  it("BTHome's energy of 24 bits only where it is allowed, in the meter's unit", () => {
    const reports = heard('bthome', ...series(bthome('0a', 3), 16_777_000, 16_777_210, 4, 10));
    expect(published('energy', reports, { rollover: true })).toEqual(['16777 e0 good', '16777.21 e0 good', '- e0 bad', '16777.226 e0 good']);
    expect(published('energy', reports)).toEqual(['16777 e0 good', '16777.21 e0 good', '- e0 bad', '0.01 e1 good']);
  });

  it("ELA's of 15 bits, beside its state", () => {
    const reports = heard('ela-puck', ...[32_760, 32_767, 3, 4].map(ela));
    expect(published('pulses', reports)).toEqual(['32760 e0 good', '32767 e0 good', '- e0 bad', '32772 e0 good']);
  });

  it("Ruuvi's of 8 bits, which has no 255", () => {
    const reports = heard('ruuvi', ...series(ruuvi, 253, 254, 1, 2));
    expect(published('movements', reports)).toEqual(['253 e0 good', '254 e0 good', '- e0 bad', '257 e0 good']);
  });
});

describe('a counter of 48 bits', () => {
  const field = scaledField('total', 'count', 'u48', '1', { kind: 'counter' });
  const reports = (...values: readonly number[]): Observation[][] => values.map((value) => [fieldObservation(field, Buffer.from(hex(value, 6), 'hex'), 0, 'low first')]);

  it('is told to its last digit, and begins an epoch when it goes round', () => {
    const around = reports(2 ** 48 - 2, 2 ** 48 - 1, 3, 4);
    expect(published('total', around, { rollover: true })).toEqual(['281474976710654 e0 good', '281474976710655 e0 good', '- e0 bad', '4 e1 good']);
    expect(published('total', around)).toEqual(['281474976710654 e0 good', '281474976710655 e0 good', '- e0 bad', '4 e1 good']);
  });
});

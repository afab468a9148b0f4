import { defineGattDriver, type GattPlace, type GattValue, type Heard } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { Decimal, ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { type Characteristic, CHARACTERISTICS } from './characteristics.ts';

const names = z.array(z.enum(CHARACTERISTICS.map(({ name }) => name))).max(CHARACTERISTICS.length);

const options = z.strictObject({
  read: names.default(['battery']).describe('The characteristics that are read each time; see the table below. The battery is read too where there is one.'),
  notify: names.default([]).describe('The characteristics that the device sends by itself; with one the connection is kept.'),
  every: duration({ min: '10 s', max: '7 d' }).prefault('10 min').describe("How often it is read. Each connection costs the device's battery."),
  callTimeout: duration({ min: '1 s', max: '60 s' }).prefault('10 s').describe('How long connecting, and each question after it, may take.'),
  lowBattery: z.int().min(1).max(50).default(15).describe('The battery level in % at which the battery is low.'),
});

/** Reads sensors and meters that use the Bluetooth SIG's own characteristics. It never writes a value. */
export const gattMeter = defineGattDriver({
  name: 'gatt-meter',
  summary: 'Sensors and meters with the standard Bluetooth characteristics: climate, energy, counts, hours, weight, revolutions',
  reports: 'meters',
  options,
  schedule: ({ every, callTimeout }) => ({ everyMs: every, callTimeoutMs: callTimeout }),
  characteristics: ({ read, notify }) => [
    ...serialNumberFirst(read).map((name) => placeOf(name, 'read')),
    ...notify.map((name) => placeOf(name, 'notify')),
    ...unasked({ read, notify }).map((name) => ({ ...placeOf(name, 'read'), optional: true as const })),
  ],
  meters: ({ read, notify }) => ([...read, ...notify].some((name) => MANY.has(name)) ? undefined : [...new Set([...read, ...notify, ...unasked({ read, notify })])]),
  unasked,
  decode,
});

function decode({ characteristic, bytes, descriptors }: GattValue, { lowBattery }: z.output<typeof options>): Heard<undefined> {
  const known = CHARACTERISTICS.find(({ uuid }) => uuid === characteristic);
  if (known === undefined) throw new ProtocolError({ where: 'gatt-meter', what: `characteristic ${characteristic} is not in the table`, fault: 'unexpected' });
  const observations = known.read({ bytes, descriptors });
  const level = known.name === 'battery' ? observations[0]?.value : undefined;
  return { observations, ...(level instanceof Decimal && { batteryLow: level.compare(Decimal.of(lowBattery)) <= 0 }) };
}

function unasked({ read, notify }: Pick<z.output<typeof options>, 'read' | 'notify'>): readonly string[] {
  return [...read, ...notify].includes('battery') ? [] : ['battery'];
}

/** It tells whose the counters are. */
function serialNumberFirst(names: readonly string[]): readonly string[] {
  return [...names].sort((one, other) => Number(other === SERIAL_NUMBER) - Number(one === SERIAL_NUMBER));
}

function placeOf(name: string, how: GattPlace['how']): GattPlace {
  const { service, uuid } = CHARACTERISTICS.find((known) => known.name === name) as Characteristic;
  return { ...(service !== undefined && { service }), characteristic: uuid, how };
}

const SERIAL_NUMBER = 'serial-number';
/** Characteristics with several meters, whose number the device decides. */
const MANY: ReadonlySet<string> = new Set(['digital', 'revolutions']);

import { BATTERY_LEVEL, type ScaledField, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import type { Quantity } from '../../src/driver-kit/vocabulary.ts';

/** What stands behind an object's id: a number, a number of bytes as text, text or bytes with their length before them. */
export type ObjectForm =
  | { readonly form: 'number'; readonly field: ScaledField }
  | { readonly form: 'packet id' }
  | { readonly form: 'version' | 'bytes'; readonly meter: string; readonly bytes: number }
  | { readonly form: 'text' | 'raw'; readonly meter: string };

const STATES: ReadonlyMap<number, string> = new Map([
  [0x10, 'power-on'],
  [0x16, 'charging'],
  [0x27, 'running'],
  [0x2c, 'vibration'],
]);

/** A state is 0 or 1; anything else says nothing. */
const NEITHER: readonly number[] = Array.from({ length: 254 }, (_, index) => index + 2);

/** BTHome v2, object ids (bthome.io/format; bthome-ble 3.20.0, const.py). An id that is not here has an unknown length. */
export const OBJECTS: ReadonlyMap<number, ObjectForm> = new Map<number, ObjectForm>([
  [0x00, { form: 'packet id' }],
  [0x01, { form: 'number', field: BATTERY_LEVEL }],
  number(0x02, 'temperature', 'temperature', 's16', '0.01'),
  number(0x03, 'humidity', 'humidity', 'u16', '0.01'),
  number(0x04, 'pressure', 'pressure', 'u24', '0.001'),
  number(0x05, 'illuminance', 'illuminance', 'u24', '0.01'),
  number(0x06, 'mass', 'mass', 'u16', '0.01'),
  number(0x07, 'mass', 'mass', 'u16', '0.0045359237'), // the pound is 0.45359237 kg
  number(0x08, 'dew-point', 'temperature', 's16', '0.01'),
  counter(0x09, 'count', 'count', 'u8', '1'),
  counter(0x0a, 'energy', 'active-energy', 'u24', '0.001'),
  number(0x0b, 'power', 'active-power', 'u24', '0.00001'),
  number(0x0c, 'voltage', 'voltage', 'u16', '0.001'),
  number(0x0d, 'pm2_5', 'mass-concentration', 'u16', '1'),
  number(0x0e, 'pm10', 'mass-concentration', 'u16', '1'),
  number(0x12, 'co2', 'concentration', 'u16', '1'),
  number(0x13, 'tvoc', 'mass-concentration', 'u16', '1'),
  number(0x14, 'moisture', 'moisture', 'u16', '0.01'),
  number(0x2e, 'humidity', 'humidity', 'u8', '1'),
  number(0x2f, 'moisture', 'moisture', 'u8', '1'),
  number(0x3a, 'button', 'state', 'u8', '1'),
  [0x3c, { form: 'bytes', meter: 'dimmer', bytes: 2 }],
  counter(0x3d, 'count', 'count', 'u16', '1'),
  counter(0x3e, 'count', 'count', 'u32', '1'),
  number(0x3f, 'angle', 'angle', 's16', '0.1'),
  number(0x40, 'distance', 'length', 'u16', '0.001'),
  number(0x41, 'distance', 'length', 'u16', '0.1'),
  counter(0x42, 'duration', 'duration', 'u24', '0.001'),
  number(0x43, 'current', 'current', 'u16', '0.001'),
  number(0x44, 'speed', 'speed', 'u16', '0.036'), // 0.01 m/s
  number(0x45, 'temperature', 'temperature', 's16', '0.1'),
  number(0x46, 'uv-index', 'index', 'u8', '0.1'),
  number(0x47, 'volume', 'volume', 'u16', '0.0001'),
  number(0x48, 'volume', 'volume', 'u16', '0.000001'),
  number(0x49, 'flow', 'flow-rate', 'u16', '0.001'),
  number(0x4a, 'voltage', 'voltage', 'u16', '0.1'),
  counter(0x4b, 'gas', 'volume', 'u24', '0.001'),
  counter(0x4c, 'gas', 'volume', 'u32', '0.001'),
  counter(0x4d, 'energy', 'active-energy', 'u32', '0.001'),
  counter(0x4e, 'volume', 'volume', 'u32', '0.000001'),
  counter(0x4f, 'water', 'volume', 'u32', '0.000001'),
  number(0x50, 'time', 'time', 'u32', '1'),
  number(0x51, 'acceleration', 'acceleration', 'u16', '0.001'),
  number(0x52, 'rotation-rate', 'angular-velocity', 'u16', '0.001'),
  [0x53, { form: 'text', meter: 'text' }],
  [0x54, { form: 'raw', meter: 'raw' }],
  number(0x55, 'volume-stored', 'volume', 'u32', '0.000001'),
  number(0x56, 'conductivity', 'conductivity', 'u16', '1'),
  number(0x57, 'temperature', 'temperature', 's8', '1'),
  number(0x58, 'temperature', 'temperature', 's8', '0.35'),
  number(0x59, 'count', 'count', 's8', '1'), // signed: it can go down, so it is no counter
  number(0x5a, 'count', 'count', 's16', '1'),
  number(0x5b, 'count', 'count', 's32', '1'),
  number(0x5c, 'power', 'active-power', 's32', '0.00001'),
  number(0x5d, 'current', 'current', 's16', '0.001'),
  number(0x5e, 'direction', 'angle', 'u16', '0.01'),
  number(0x5f, 'precipitation', 'precipitation', 'u16', '0.1'),
  number(0x60, 'channel', 'state', 'u8', '1'),
  number(0x61, 'rotation', 'rotational-speed', 'u16', '1'),
  number(0x62, 'speed', 'speed', 's32', '0.0000036'), // 10^-6 m/s
  number(0x63, 'acceleration', 'acceleration', 's32', '0.000001'),
  number(0x64, 'light-level', 'index', 'u8', '1'),
  [0xf0, { form: 'bytes', meter: 'device-type', bytes: 2 }],
  [0xf1, { form: 'version', meter: 'firmware', bytes: 4 }],
  [0xf2, { form: 'version', meter: 'firmware', bytes: 3 }],
  ...Array.from({ length: 0x2d - 0x0f + 1 }, (_, index) => 0x0f + index)
    .filter((id) => id < 0x12 || id > 0x14)
    .map((id) => state(id)),
]);

type Form = Parameters<typeof scaledField>[2];

function number(id: number, meter: string, quantity: Quantity, form: Form, scale: string): [number, ObjectForm] {
  return [id, { form: 'number', field: scaledField(meter, quantity, form, scale) }];
}

function counter(id: number, meter: string, quantity: Quantity, form: Form, scale: string): [number, ObjectForm] {
  return [id, { form: 'number', field: scaledField(meter, quantity, form, scale, { kind: 'counter' }) }];
}

/** Yes or no; those that have a name in the table are called by it. */
function state(id: number): [number, ObjectForm] {
  const meter = STATES.get(id) ?? `state-${id.toString(16).padStart(2, '0')}`;
  return [id, { form: 'number', field: scaledField(meter, 'state', 'u8', '1', { none: NEITHER }) }];
}

import { hexAt, hexOf } from '../../src/driver-kit/bytes.ts';
import { BATTERY_LEVEL, binaryCounter, fieldObservation, integerAt, type ScaledField, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { notUnderstood } from '../../src/driver-kit/codecs/tag-trust.ts';
import { Decimal, type MeterObservation } from '../../src/driver-kit/vocabulary.ts';

/*
 * Manufacturer data 0757, low byte first; the first byte is the type. An advertisement can hold several:
 *
 *   62  0B 00               21  2D  12  85 0A
 *   |   bit 0: state 1      |   |   |   temperature x 0.01 degC
 *   |   bits 1-15: 5        |   |   type again: temperature
 *   pulse input             |   humidity in %
 *                           humidity
 */

/** The values of one structure. Throws a ProtocolError when the type is not known or the structure too short for it. */
export function decodedPuck(bytes: Uint8Array): readonly MeterObservation[] {
  const type = bytes[0];
  const read = type === undefined ? undefined : TYPES.get(type);
  if (type === undefined || read === undefined) throw notUnderstood('ela-puck', `type ${hexOf(bytes.subarray(0, 1)) || 'none'} is not known`);
  if (bytes.length < 1 + read.bytes) throw notUnderstood('ela-puck', `type ${hexOf(bytes.subarray(0, 1))} is cut short`);
  return read.values(bytes);
}

/** The id in a structure of type 06, in hexadecimal. */
export function puckId(bytes: Uint8Array): string | undefined {
  return bytes[0] === 0x06 && bytes.length >= 7 ? hexOf(bytes.subarray(1, 7)) : undefined;
}

interface Type {
  readonly bytes: number;
  readonly values: (bytes: Uint8Array) => readonly MeterObservation[];
}

const TEMPERATURE = scaledField('temperature', 'temperature', 's16', '0.01');
const HUMIDITY = scaledField('humidity', 'humidity', 'u8', '1');

const TYPES: ReadonlyMap<number, Type> = new Map([
  [0x12, fields([1, TEMPERATURE])],
  [0x21, { bytes: 1, values: climate }],
  [0x32, counted('magnet')],
  [0x42, counted('movement')],
  [0x62, counted('pulses')],
  [0x92, counted('presence')],
  [0xb2, counted('touch')],
  [0x56, fields(...['x', 'y', 'z'].map((axis, index) => [1 + 2 * index, scaledField(`acceleration-${axis}`, 'acceleration', 's16', '0.00980665')] as const))],
  [0x06, { bytes: 6, values: identity }],
  [0xf1, fields([1, BATTERY_LEVEL])],
  [0xf2, fields([1, scaledField('battery-voltage', 'voltage', 'u16', '0.001')])],
]);

function fields(...places: readonly (readonly [at: number, field: ScaledField])[]): Type {
  const bytes = places.reduce((sum, [, field]) => sum + field.bytes, 0);
  return { bytes, values: (payload) => places.map(([at, field]) => fieldObservation(field, payload, at, 'low first')) };
}

/** Humidity, and behind it temperature where there is one. */
function climate(bytes: Uint8Array): readonly MeterObservation[] {
  const humidity = fieldObservation(HUMIDITY, bytes, 1, 'low first');
  return bytes[2] === 0x12 && bytes.length >= 5 ? [humidity, fieldObservation(TEMPERATURE, bytes, 3, 'low first')] : [humidity];
}

/** A state in bit 0 and how often it changed above it: both are told, and the count is what the tag counted. */
function counted(meter: string): Type {
  const [state, count] = [`${meter}-state`, meter === 'pulses' ? meter : `${meter}-count`];
  return {
    bytes: 2,
    values: (bytes) => {
      const word = integerAt(bytes, 1, { bytes: 2 }, 'low first');
      const raw = hexAt(bytes, 1, 2);
      return [
        { kind: 'meter', meter: state, quantity: 'state', meterKind: 'gauge', value: Decimal.of(word & 1), raw },
        { kind: 'meter', meter: count, quantity: 'count', meterKind: 'counter', value: Decimal.of(word >> 1), raw, counter: COUNTER },
      ];
    },
  };
}

function identity(bytes: Uint8Array): readonly MeterObservation[] {
  const raw = hexOf(bytes.subarray(1, 7));
  return [{ kind: 'meter', meter: 'identity', quantity: 'text', meterKind: 'characteristic', value: raw, raw }];
}

/** Fifteen bits, above or beside a state. */
const COUNTER = binaryCounter(15);

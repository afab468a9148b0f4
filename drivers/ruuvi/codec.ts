import { spokenAddress } from '../../src/driver-kit/advertisement.ts';
import { fieldObservation, integerAt, type ScaledField, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { notUnderstood } from '../../src/driver-kit/codecs/tag-trust.ts';
import { hexAt, hexOf } from '../../src/driver-kit/bytes.ts';
import { Decimal, type MeterObservation, type NoValue } from '../../src/driver-kit/vocabulary.ts';

/*
 * Manufacturer data 0499, high byte first (docs.ruuvi.com, data formats 5, 6 and E1); format 5 in 24 bytes:
 *
 *   05  12FC  5394  C37C  0004 FFFC 040C  AC36  42  00CD  CBB8334C884F
 *   |   |     |     |     |               |     |   |     address
 *   |   |     |     |     acceleration    |     |   sequence
 *   |   |     |     |     x, y, z         |     movements
 *   |   |     |     pressure + 50,000 Pa  battery - 1600 mV in 11 bits, power in 5
 *   |   |     humidity x 0.0025 %
 *   |   temperature x 0.005 degC
 *   format
 */

/** What a payload says beside its values. */
export interface RuuviHeading {
  readonly format: '5' | '6' | 'E1';
  readonly sequence?: { readonly value: number; readonly bits: number } | undefined;
  /** The whole address in formats 5 and E1, the end of it in 6; undefined where it is not available. */
  readonly address?: string | undefined;
}

/** What tells whether a payload is news, without its values. Throws a ProtocolError when the format is another one or it is too short for it. */
export function headingOf(payload: Uint8Array): RuuviHeading {
  const { name, sequence, address } = formatOf(payload);
  const count = integerAt(payload, sequence.at, sequence, 'high first');
  const isCounting = sequence.hasNone !== true || count !== 2 ** (8 * sequence.bytes) - 1;
  const spoken = spokenAddress(payload, address.at, address.bytes, 'high first');
  return { format: name, sequence: isCounting ? { value: count, bits: 8 * sequence.bytes } : undefined, address: /^FF(?::FF)*$/.test(spoken) ? undefined : spoken };
}

/** The values of a payload. Throws as `headingOf` does. */
export function valuesOf(payload: Uint8Array): readonly MeterObservation[] {
  const { name, fields } = formatOf(payload);
  const observations: MeterObservation[] = [];
  for (const [at, field] of fields) observations.push(fieldObservation(field, payload, at, 'high first'));
  observations.push(...OTHERS[name](payload));
  return observations;
}

function formatOf(payload: Uint8Array): Format {
  const format = FORMATS.get(payload[0] ?? -1);
  if (format === undefined) throw notUnderstood('ruuvi', `data format ${hexOf(payload.subarray(0, 1))} is none of 05, 06 and E1`);
  if (payload.length < format.bytes) throw notUnderstood('ruuvi', `data format ${format.name} has ${format.bytes} bytes, but there are ${payload.length}`);
  return format;
}

interface Format {
  readonly name: RuuviHeading['format'];
  readonly bytes: number;
  readonly fields: readonly (readonly [at: number, field: ScaledField])[];
  readonly sequence: { readonly at: number; readonly bytes: number; readonly hasNone?: true };
  readonly address: { readonly at: number; readonly bytes: number };
}

const U16_NONE = { none: [0xffff] };

const CLIMATE: Format['fields'] = [
  [1, scaledField('temperature', 'temperature', 's16', '0.005', { none: [-0x8000] })],
  [3, scaledField('humidity', 'humidity', 'u16', '0.0025', U16_NONE)],
  [5, scaledField('pressure', 'pressure', 'u16', '0.001', { ...U16_NONE, offset: '50' })],
];

const ACCELERATION = scaledField('acceleration', 'acceleration', 's16', '0.00980665', { none: [-0x8000] }); // mg

const FORMATS: ReadonlyMap<number, Format> = new Map([
  [
    0x05,
    {
      name: '5',
      bytes: 24,
      fields: [...CLIMATE, ...['x', 'y', 'z'].map((axis, index) => [7 + 2 * index, { ...ACCELERATION, meter: `acceleration-${axis}` }] as const), [15, scaledField('movements', 'count', 'u8', '1', { kind: 'counter', none: [0xff] })]],
      sequence: { at: 16, bytes: 2, hasNone: true },
      address: { at: 18, bytes: 6 },
    },
  ],
  [0x06, { name: '6', bytes: 20, fields: [...CLIMATE, [7, dust('pm2_5')], [9, gas('co2')]], sequence: { at: 15, bytes: 1 }, address: { at: 17, bytes: 3 } }],
  [
    0xe1,
    {
      name: 'E1',
      bytes: 40,
      fields: [...CLIMATE, ...['pm1', 'pm2_5', 'pm4', 'pm10'].map((meter, index) => [7 + 2 * index, dust(meter)] as const), [15, gas('co2')], [19, scaledField('illuminance', 'illuminance', 'u24', '0.01', { none: [0xffffff] })]],
      sequence: { at: 25, bytes: 3, hasNone: true },
      address: { at: 34, bytes: 6 },
    },
  ],
]);

/** What is not a whole number of bytes times a scale. */
const OTHERS: Readonly<Record<RuuviHeading['format'], (payload: Uint8Array) => readonly MeterObservation[]>> = {
  '5': (payload) => [power(payload)],
  '6': (payload) => [nineBits('voc-index', payload, { at: 11, flags: 16, bit: 6 }), nineBits('nox-index', payload, { at: 12, flags: 16, bit: 7 }), light(payload)],
  E1: (payload) => [nineBits('voc-index', payload, { at: 17, flags: 28, bit: 6 }), nineBits('nox-index', payload, { at: 18, flags: 28, bit: 7 })],
};

function dust(meter: string): ScaledField {
  return scaledField(meter, 'mass-concentration', 'u16', '0.1', U16_NONE);
}

function gas(meter: string): ScaledField {
  return scaledField(meter, 'concentration', 'u16', '1', U16_NONE);
}

/** The radio's own power, in the low five bits, is no meter. */
function power(payload: Uint8Array): MeterObservation {
  const code = integerAt(payload, 13, { bytes: 2 }, 'high first') >> 5;
  const raw = hexAt(payload, 13, 2);
  return gauge('battery-voltage', 'voltage', code === 0x7ff ? { missing: 'sentinel 0x7FF' } : new Decimal(BigInt(1600 + code), -3), raw);
}

function nineBits(meter: string, payload: Uint8Array, { at, flags, bit }: { readonly at: number; readonly flags: number; readonly bit: number }): MeterObservation {
  const value = ((payload[at] ?? 0) << 1) | (((payload[flags] ?? 0) >> bit) & 1);
  return gauge(meter, 'index', value === 0x1ff ? { missing: 'sentinel 0x1FF' } : Decimal.of(value), hexAt(payload, at, 1));
}

/** A logarithmic code, so the value is rounded to the hundredths that format E1 has. */
function light(payload: Uint8Array): MeterObservation {
  const code = payload[13] ?? 0xff;
  const lux = Math.round((Math.exp((code * Math.log(65_536)) / 254) - 1) * 100);
  return gauge('illuminance', 'illuminance', code === 0xff ? { missing: 'sentinel 0xFF' } : new Decimal(BigInt(lux), -2), hexAt(payload, 13, 1));
}

function gauge(meter: string, quantity: MeterObservation['quantity'], value: Decimal | NoValue, raw: string): MeterObservation {
  return { kind: 'meter', meter, quantity, meterKind: 'gauge', value, raw };
}

import { hexOf } from '../../src/driver-kit/bytes.ts';
import { BATTERY_LEVEL, binaryCounter, fieldObservation, integerAt, type ScaledField, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { notUnderstood } from '../../src/driver-kit/codecs/tag-trust.ts';
import { Decimal, type MeterObservation, type Quantity } from '../../src/driver-kit/vocabulary.ts';
import { analog } from './presentation.ts';

/** A value as it was read, with the descriptors beside it. */
export interface Value {
  readonly bytes: Uint8Array;
  readonly descriptors: Readonly<Record<string, Uint8Array>>;
}

/** What the Bluetooth SIG says of a characteristic (GATT Specification Supplement, Assigned Numbers). */
export interface Characteristic {
  /** The name that the configuration uses, and of the meter where there is but one. */
  readonly name: string;
  readonly uuid: string;
  /** Left out where it may stand in any service. */
  readonly service?: string | undefined;
  readonly read: (value: Value) => readonly MeterObservation[];
}

type Form = Parameters<typeof scaledField>[2];

/** The characteristics that can be read, low byte first all of them. */
export const CHARACTERISTICS: readonly Characteristic[] = [
  gauge('temperature', '2a6e', '181a', 'temperature', 's16', '0.01', [-0x8000]),
  gauge('humidity', '2a6f', '181a', 'humidity', 'u16', '0.01', [0xffff]),
  gauge('pressure', '2a6d', '181a', 'pressure', 'u32', '0.0001'),
  gauge('elevation', '2a6c', '181a', 'length', 's24', '0.01'),
  { name: 'battery', uuid: '2a19', service: '180f', read: number(BATTERY_LEVEL) },
  text('maker', '2a29'),
  text('model', '2a24'),
  text('serial-number', '2a25'),
  text('firmware', '2a26'),
  text('hardware', '2a27'),
  text('software', '2a28'),
  { name: 'digital', uuid: '2a56', service: '1815', read: digital },
  { name: 'analog', uuid: '2a58', service: '1815', read: analog },
  { name: 'aggregate', uuid: '2a5a', service: '1815', read: ({ bytes }) => [characteristic('aggregate', bytes.length === 0 ? { missing: 'no bytes' } : hexOf(bytes), hexOf(bytes))] },
  counter('energy', '2af2', 'active-energy', 'u24', '1', [0xffffff]),
  counter('energy-fine', '2ba8', 'active-energy', 'u32', '0.001', [0xfffffffe, 0xffffffff]),
  gauge('power', '2b05', undefined, 'active-power', 'u24', '0.0001', [0xffffff]),
  gauge('current', '2aee', undefined, 'current', 'u16', '0.01', [0xffff]),
  gauge('voltage', '2b18', undefined, 'voltage', 'u16', '0.015625', [0xffff]), // 1/64 V
  gauge('volume-flow', '2b1b', undefined, 'flow-rate', 'u16', '0.0036', [0xffff]), // 0.001 L/s
  gauge('mass-flow', '2b02', undefined, 'mass-flow', 'u16', '3.6', [0xffff]), // g/s
  counter('count', '2aea', 'count', 'u16', '1', [0xffff]),
  counter('count-wide', '2aeb', 'count', 'u24', '1', [0xffffff]),
  counter('hours', '2b14', 'operating-time', 'u24', '1', [0xffffff]),
  counter('seconds', '2be6', 'duration', 'u32', '1', [0xffffffff]),
  gauge('rotation', '2c09', undefined, 'rotational-speed', 's32', '1'),
  gauge('length', '2c0a', undefined, 'length', 'u32', '0.0000001'),
  { name: 'weight', uuid: '2a9d', service: '181d', read: weight },
  { name: 'revolutions', uuid: '2a5b', service: '1816', read: revolutions },
];

function gauge(name: string, uuid: string, service: string | undefined, quantity: Quantity, form: Form, scale: string, none: readonly number[] = []): Characteristic {
  return { name, uuid, service, read: number(scaledField(name, quantity, form, scale, { none })) };
}

function counter(name: string, uuid: string, quantity: Quantity, form: Form, scale: string, none: readonly number[]): Characteristic {
  return { name, uuid, read: number(scaledField(name, quantity, form, scale, { kind: 'counter', none })) };
}

function number(field: ScaledField): Characteristic['read'] {
  return ({ bytes }) => {
    if (bytes.length !== field.bytes) throw notUnderstood('gatt-meter', `${field.meter} has ${field.bytes} bytes, but there are ${bytes.length}`);
    return [fieldObservation(field, bytes, 0, 'low first')];
  };
}

function text(name: string, uuid: string): Characteristic {
  return {
    name,
    uuid,
    service: '180a',
    read: ({ bytes }) => {
      const value = new TextDecoder().decode(bytes.subarray(0, TEXT_BYTES_MAX)).replaceAll('\0', '').trim();
      return [characteristic(name, value === '' ? { missing: 'an empty text' } : value, hexOf(bytes.subarray(0, TEXT_BYTES_MAX)))];
    },
  };
}

/** Two bits a signal, lowest first; without the descriptor that tells how many there are, as many as have room. */
function digital({ bytes, descriptors }: Value): readonly MeterObservation[] {
  const count = Math.min(descriptors['2909']?.[0] ?? 4 * bytes.length, 4 * bytes.length, DIGITALS_MAX);
  return Array.from({ length: count }, (_, index) => {
    const state = ((bytes[index >> 2] ?? 0) >> (2 * (index & 3))) & 3;
    const value = state <= 1 ? Decimal.of(state) : { missing: state === 2 ? 'neither on nor off' : 'not known' };
    return { kind: 'meter', meter: `digital-${index + 1}`, quantity: 'state', meterKind: 'gauge', value, raw: String(state) } as const;
  });
}

function weight({ bytes }: Value): readonly MeterObservation[] {
  const [flags] = bytes;
  if (flags === undefined || bytes.length < 3) throw notUnderstood('gatt-meter', 'a weight has 3 bytes at least');
  return [fieldObservation((flags & 1) === 0 ? KILOGRAMS : POUNDS, bytes, 1, 'low first')];
}

/** Cycling Speed and Cadence, whose wheel can be any shaft. */
function revolutions({ bytes }: Value): readonly MeterObservation[] {
  const [flags] = bytes;
  const hasWheel = ((flags ?? 0) & 1) !== 0;
  const hasCrank = ((flags ?? 0) & 2) !== 0;
  const length = 1 + (hasWheel ? 6 : 0) + (hasCrank ? 4 : 0);
  if (flags === undefined || bytes.length < length) throw notUnderstood('gatt-meter', `revolutions have ${length} bytes by their flags, but there are ${bytes.length}`);
  return [...(hasWheel ? [turns('wheel-revolutions', bytes, 1, 4)] : []), ...(hasCrank ? [turns('crank-revolutions', bytes, hasWheel ? 7 : 1, 2)] : [])];
}

function turns(meter: string, bytes: Uint8Array, at: number, length: number): MeterObservation {
  const value = Decimal.of(integerAt(bytes, at, { bytes: length }, 'low first'));
  return { kind: 'meter', meter, quantity: 'count', meterKind: 'counter', value, raw: hexOf(bytes.subarray(at, at + length)), counter: binaryCounter(8 * length) };
}

function characteristic(meter: string, value: MeterObservation['value'], raw: string): MeterObservation {
  return { kind: 'meter', meter, quantity: 'text', meterKind: 'characteristic', value, raw };
}

const KILOGRAMS = scaledField('weight', 'mass', 'u16', '0.005', { none: [0xffff] });
const POUNDS = scaledField('weight', 'mass', 'u16', '0.0045359237', { none: [0xffff] });
/** The longest attribute value (Core Specification 5.4, volume 3, part F, section 3.2.9). */
const TEXT_BYTES_MAX = 512;
const DIGITALS_MAX = 64;

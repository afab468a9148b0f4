import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { binaryCounter, fieldObservation, integerAt, scaledField, type ScaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { notUnderstood } from '../../src/driver-kit/codecs/tag-trust.ts';
import { Decimal, type MeterObservation, type ProtocolError } from '../../src/driver-kit/vocabulary.ts';

/*
 * Manufacturer data 089A in the scan response, high byte first (wiki.teltonika-gps.com, EYE sensor protocol):
 *
 *   01  B7  08B4  12  0CCB  0BFFC7  67
 *   |   |   |     |   |     |       battery 2000 + 10 x mV
 *   |   |   |     |   |     pitch s8, roll s16 in degrees
 *   |   |   |     |   bit 15: moving, below it the count of movements
 *   |   |   |     humidity in %
 *   |   |   temperature x 0.01 degC
 *   |   flags: which of these are there, magnet and its state, low battery
 *   version
 */

/** What the sensor says; `fault` when a field that the flags promise is cut short. */
export interface EyePayload {
  readonly bytes: Uint8Array;
  readonly observations: readonly MeterObservation[];
  readonly batteryLow?: boolean | undefined;
  readonly fault?: ProtocolError | undefined;
}

/** Every meter that there can be. */
export const METERS: readonly string[] = ['temperature', 'humidity', 'magnet', 'moving', 'movements', 'pitch', 'roll', 'battery-voltage'];

/** Reads the sensor's structure. Throws a ProtocolError on another version. */
export function decodedEye(advertisement: Advertisement): EyePayload {
  const [bytes] = payloadsOf(advertisement);
  if (bytes === undefined) throw notUnderstood('teltonika-eye', 'there is nothing of a sensor');
  if (bytes[0] !== 1) throw notUnderstood('teltonika-eye', `version ${bytes[0] ?? 'none'} is not known`);
  const flags = bytes[1];
  if (flags === undefined) throw notUnderstood('teltonika-eye', 'the flags are cut off');
  const observations: MeterObservation[] = [];
  if ((flags & 0x04) !== 0) observations.push(state('magnet', (flags & 0x08) !== 0, hexOf(bytes.subarray(1, 2))));
  let at = 2;
  for (const part of PARTS) {
    if ((flags & part.flag) === 0) continue;
    if (at + part.bytes > bytes.length) return { bytes, observations, batteryLow: (flags & 0x40) !== 0, fault: notUnderstood('teltonika-eye', 'it is shorter than its flags say') };
    observations.push(...part.read(bytes, at));
    at += part.bytes;
  }
  return { bytes, observations, batteryLow: (flags & 0x40) !== 0 };
}

/** The structures of EYE sensors. */
export function payloadsOf({ manufacturer }: Advertisement): readonly Uint8Array[] {
  return manufacturer.filter(({ company }) => company === TELTONIKA).map(({ bytes }) => bytes);
}

interface Part {
  readonly flag: number;
  readonly bytes: number;
  readonly read: (bytes: Uint8Array, at: number) => readonly MeterObservation[];
}

const PARTS: readonly Part[] = [
  part(0x01, scaledField('temperature', 'temperature', 's16', '0.01')),
  part(0x02, scaledField('humidity', 'humidity', 'u8', '1')),
  { flag: 0x10, bytes: 2, read: movement },
  { flag: 0x20, bytes: 3, read: tilt },
  part(0x80, scaledField('battery-voltage', 'voltage', 'u8', '0.01', { offset: '2' })),
];

function part(flag: number, field: ScaledField): Part {
  return { flag, bytes: field.bytes, read: (bytes, at) => [fieldObservation(field, bytes, at, 'high first')] };
}

function movement(bytes: Uint8Array, at: number): readonly MeterObservation[] {
  const word = integerAt(bytes, at, { bytes: 2 }, 'high first');
  const raw = hexOf(bytes.subarray(at, at + 2));
  return [state('moving', word >= 0x8000, raw), { kind: 'meter', meter: 'movements', quantity: 'count', meterKind: 'counter', value: Decimal.of(word & 0x7fff), raw, counter: COUNTER }];
}

function tilt(bytes: Uint8Array, at: number): readonly MeterObservation[] {
  return [fieldObservation(PITCH, bytes, at, 'high first'), fieldObservation(ROLL, bytes, at + 1, 'high first')];
}

function state(meter: string, isOn: boolean, raw: string): MeterObservation {
  return { kind: 'meter', meter, quantity: 'state', meterKind: 'gauge', value: Decimal.of(isOn ? 1 : 0), raw };
}

const PITCH = scaledField('pitch', 'angle', 's8', '1');
const ROLL = scaledField('roll', 'angle', 's16', '1');
const TELTONIKA = 0x089a;

/** Fifteen bits, above or beside a state. */
const COUNTER = binaryCounter(15);

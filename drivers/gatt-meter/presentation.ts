import { hexOf } from '../../src/driver-kit/bytes.ts';
import { medicalFloat } from '../../src/driver-kit/codecs/medical-float.ts';
import { exactly, integerAt } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { notUnderstood } from '../../src/driver-kit/codecs/tag-trust.ts';
import { Decimal, type MeterObservation, type NoValue, type Quantity } from '../../src/driver-kit/vocabulary.ts';

/*
 * The presentation format, descriptor 2904 (Core Specification 5.4, volume 3, part G, section 3.3.3.5):
 *
 *   06   FE   2F 27   01   00 00
 *   |    |    |       |    description in that namespace
 *   |    |    |       namespace: the Bluetooth SIG's
 *   |    |    unit 272F: degree Celsius
 *   |    exponent -2: the value is the number x 0.01
 *   format: u16
 */

/** The value of Analog: what descriptor 2904 says it is, without one a bare number of 16 bits. */
export function analog({ bytes, descriptors }: { readonly bytes: Uint8Array; readonly descriptors: Readonly<Record<string, Uint8Array>> }): readonly MeterObservation[] {
  const said = descriptors['2904'] ?? BARE;
  if (said.length < 7) throw notUnderstood('gatt-meter', 'descriptor 2904 is cut short');
  const number = numberIn(bytes, said[0] ?? 0);
  const unit = UNITS.get(integerAt(said, 2, { bytes: 2 }, 'low first'));
  if (unit === undefined) throw notUnderstood('gatt-meter', `the unit ${hexOf(said.slice(2, 4).toReversed())} of descriptor 2904 is none that can be published`);
  const scale = unit.scale.times(new Decimal(1n, integerAt(said, 1, { bytes: 1, signed: true }, 'low first')));
  const value = number instanceof Decimal ? number.times(scale) : number;
  return [{ kind: 'meter', meter: 'analog', quantity: unit.quantity, meterKind: 'gauge', value, raw: hexOf(bytes) }];
}

/** The number before scaling. A binary float is none of these: its digits would be a guess. */
function numberIn(bytes: Uint8Array, format: number): Decimal | NoValue {
  const whole = WHOLE.get(format);
  const length = whole?.bytes ?? (format === SFLOAT ? 2 : format === FLOAT ? 4 : undefined);
  if (length === undefined) throw notUnderstood('gatt-meter', `format ${format} of descriptor 2904 is not known`);
  if (bytes.length !== length) throw notUnderstood('gatt-meter', `format ${format} has ${length} bytes, but there are ${bytes.length}`);
  if (whole === undefined) return medicalFloat(bytes, 0, length === 2 ? 2 : 4);
  return Decimal.of(integerAt(bytes, 0, whole, 'low first'));
}

const SFLOAT = 0x16;
const FLOAT = 0x17;

/** Whole numbers by their format (Assigned Numbers, section 2.4.1). */
const WHOLE: ReadonlyMap<number, { readonly bytes: number; readonly signed?: true }> = new Map([
  [0x04, { bytes: 1 }],
  [0x06, { bytes: 2 }],
  [0x07, { bytes: 3 }],
  [0x08, { bytes: 4 }],
  [0x0c, { bytes: 1, signed: true as const }],
  [0x0e, { bytes: 2, signed: true as const }],
  [0x0f, { bytes: 3, signed: true as const }],
  [0x10, { bytes: 4, signed: true as const }],
]);

/** Units that are a quantity of the closed list, or a decimal part of one (Assigned Numbers, section 3.5). */
const UNITS: ReadonlyMap<number, { readonly quantity: Quantity; readonly scale: Decimal }> = new Map([
  unit(0x2700, 'index', '1'),
  unit(0x2701, 'length', '1'),
  unit(0x2702, 'mass', '1'),
  unit(0x2703, 'duration', '1'),
  unit(0x2704, 'current', '1'),
  unit(0x2722, 'frequency', '1'),
  unit(0x2724, 'pressure', '0.001'),
  unit(0x2726, 'active-power', '0.001'),
  unit(0x2728, 'voltage', '1'),
  unit(0x272f, 'temperature', '1'),
  unit(0x27a8, 'rotational-speed', '1'),
  unit(0x27ab, 'active-energy', '1'),
  unit(0x27ad, 'level', '1'),
]);

function unit(code: number, quantity: Quantity, scale: string): [number, { readonly quantity: Quantity; readonly scale: Decimal }] {
  return [code, { quantity, scale: exactly(scale) }];
}

/** u16, exponent 0, no unit. */
const BARE = Uint8Array.of(0x06, 0, 0x00, 0x27, 1, 0, 0);

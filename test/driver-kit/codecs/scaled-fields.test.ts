import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, fieldObservation, scaledField } from '../../../src/driver-kit/codecs/scaled-fields.ts';
import { Decimal } from '../../../src/driver-kit/vocabulary.ts';

/** The same with whole numbers of any size, one step after the other. */
function slowly(bytes: Uint8Array, isSigned: boolean, scale: string, offset: string): string {
  const whole = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  const number = isSigned ? BigInt.asIntN(8 * bytes.length, whole) : whole;
  return Decimal.of(number).times(exactly(scale)).plus(exactly(offset)).toString();
}

describe('a scaled field', () => {
  it('has exactly the value that whole numbers of any size come to', () => {
    const bits = fc.constantFrom(8 as const, 16 as const, 24 as const, 32 as const);
    const scale = fc.constantFrom('1', '0.01', '0.005', '0.0025', '0.000001', '0.0000036', '0.00390625', '3.6', '0.5');
    fc.assert(
      fc.property(bits, fc.boolean(), scale, fc.constantFrom('0', '50', '-40', '2', '0.25'), fc.uint8Array({ minLength: 4, maxLength: 4 }), (width, isSigned, step, offset, four) => {
        const payload = four.subarray(0, width / 8);
        const field = scaledField('meter', 'index', `${isSigned ? 's' : 'u'}${width}`, step, { offset });
        const value = slowly(payload, isSigned, step, offset);
        expect((fieldObservation(field, payload, 0, 'high first').value as Decimal).toString()).toBe(value);
        expect((fieldObservation(field, payload.toReversed(), 0, 'low first').value as Decimal).toString()).toBe(value);
      }),
    );
  });

  it('is refused in a table when its values could not be told exactly', () => {
    expect(() => scaledField('mass', 'mass', 'u32', '0.0045359237')).toThrow('mass: values times 0.0045359237 are not exact');
    expect(() => scaledField('mass', 'mass', 'u16', '0.0045359237')).not.toThrow();
  });

  it('keeps its bytes as they came, and a number that stands for none is no value', () => {
    const field = scaledField('temperature', 'temperature', 's16', '0.01', { none: [-0x8000] });
    expect(fieldObservation(field, Uint8Array.of(0xff, 0x80, 0x00), 1, 'high first')).toMatchObject({ value: { missing: 'sentinel 0x8000' }, raw: '8000' });
    expect(fieldObservation(field, Uint8Array.of(0xff, 0x0a), 1, 'high first').raw).toBe('0A'); // what there is
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryCounter, exactly, fieldObservation, scaledField } from '../../../src/driver-kit/codecs/scaled-fields.ts';
import { isMissing } from '../../../src/core/observation.ts';
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

function shapeOf(...field: Parameters<typeof scaledField>): unknown {
  const { counter } = fieldObservation(scaledField(...field), new Uint8Array(8), 0, 'low first');
  return counter && [counter.bits, counter.modulus?.toString(), counter.step?.toString(), counter.rollover];
}

describe('a counter in a payload', () => {
  it.each<[Parameters<typeof scaledField>, unknown]>([
    [['count', 'count', 'u8', '1', { kind: 'counter' }], [8, '256', '1', true]],
    [['count', 'count', 'u16', '1', { kind: 'counter' }], [16, '65536', '1', true]],
    [['energy', 'active-energy', 'u24', '0.001', { kind: 'counter' }], [24, '16777.216', '0.001', undefined]],
    [['count', 'count', 'u32', '1', { kind: 'counter' }], [32, '4294967296', '1', undefined]],
    [['moves', 'count', 'u8', '1', { kind: 'counter', none: [0xff] }], [8, '255', '1', true]],
    [['hours', 'operating-time', 'u32', '1', { kind: 'counter', none: [0xfffffffe, 0xffffffff] }], [32, '4294967294', '1', undefined]],
    [['count', 'count', 's8', '1', { kind: 'counter' }], undefined],
    [['level', 'count', 'u8', '1'], undefined],
  ])('says its width: %j', (field, shape) => expect(shapeOf(...field)).toEqual(shape));

  it('of 48 bits is exact to its last number, and of its width', () => {
    const field = scaledField('total', 'volume', 'u48', '0.001', { kind: 'counter' });
    const { value, raw, counter } = fieldObservation(field, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 0, 'low first');
    expect(isMissing(value) ? value : value.toString()).toBe('281474976710.655');
    expect([raw, counter?.bits, counter?.modulus?.toString()]).toEqual(['FFFFFFFFFFFF', 48, '281474976710.656']);
    expect(binaryCounter(15)).toMatchObject({ bits: 15, rollover: true });
  });
});

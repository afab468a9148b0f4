import { describe, expect, it } from 'vitest';
import { binaryCounter, fieldObservation, scaledField } from '../../../src/driver-kit/codecs/scaled-fields.ts';
import { isMissing } from '../../../src/core/observation.ts';

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
    const field = { ...scaledField('total', 'volume', 'u8', '0.001', { kind: 'counter' }), bytes: 6 };
    const { value, raw, counter } = fieldObservation(field, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 0, 'low first');
    expect(isMissing(value) ? value : value.toString()).toBe('281474976710.655');
    expect([raw, counter?.bits, counter?.modulus?.toString()]).toEqual(['FFFFFFFFFFFF', 48, '281474976710.656']);
    expect(binaryCounter(15)).toMatchObject({ bits: 15, rollover: true });
  });
});

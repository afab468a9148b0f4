import { describe, expect, it } from 'vitest';
import { counterShape } from '../../../drivers/modbus/counter-shape.ts';
import { profile } from '../../../drivers/modbus/profile.ts';

function shapeOf(point: Readonly<Record<string, unknown>>): unknown {
  const whole = { brand: 'b', model: 'm', source: ['s'], notation: 'zero-based', function: 3, meters: { x: { address: 1, quantity: 'operating-time', kind: 'counter', ...point } } };
  const [only] = profile.parse(whole).points;
  const shape = only && counterShape(only);
  return shape && Object.fromEntries(Object.entries(shape).flatMap(([name, value]) => (value === undefined ? [] : [[name, typeof value === 'object' ? value.toString() : value]])));
}

describe('the shape of a counter', () => {
  it.each([
    ['an integer', { type: 'uint16' }, { bits: 16, modulus: '65536', step: '1' }],
    ['a scaled one', { type: 'uint32', scale: 0.1 }, { bits: 32, modulus: '429496729.6', step: '0.1' }],
    ['one whose scale no decimal number holds', { type: 'uint16', scale: '1/60' }, { bits: 16, modulus: '1092.266666666667', step: '0.016666666667', rounding: '0.0001' }],
    ['some bits of one', { type: 'uint16', mask: 0x0ff0 }, { bits: 8, modulus: '256', step: '1' }],
    ['what the profile says', { type: 'uint16', rollover: 'allowed', reset: 'never', rateMax: '1.5' }, { bits: 16, modulus: '65536', step: '1', rollover: true, reset: false, rateMaxPerHour: '1.5' }],
    ['half a register', { type: 'uint8L' }, { bits: 8, modulus: '256', step: '1' }],
    ['decimal digits', { type: 'bcd32', scale: 0.1 }, { bits: 26, modulus: '10000000', step: '0.1' }],
    ['a float', { type: 'float32' }, {}],
    ['a signed integer', { type: 'int16' }, {}],
    ['several terms', { address: undefined, type: 'uint16', terms: [{ address: 1 }, { address: 2, weight: '1/60' }], decimals: 0 }, { rounding: '1' }],
  ])('of %s', (_, point, shape) => expect(shapeOf(point)).toEqual(shape));

  it('belongs to no gauge, and no gauge may have one', () => {
    expect(shapeOf({ type: 'uint16', kind: 'gauge' })).toBeUndefined();
    expect(() => shapeOf({ type: 'uint16', kind: 'gauge', rateMax: 1 })).toThrow('only for counters');
  });
});

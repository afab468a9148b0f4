import { type Profile, profile } from '../../drivers/modbus/profile.ts';

/** A profile of 16-bit holding registers, of gauges that count something, unless a point or the whole says otherwise. */
export function profileOf(meters: object, whole: object = {}): Profile {
  const points = Object.entries(meters).map(([name, point]) => [name, { quantity: 'count', kind: 'gauge', ...point }]);
  return profile.parse({
    brand: 'Test',
    model: 'Test',
    source: ['none'],
    notation: 'zero-based',
    function: 3,
    type: 'uint16',
    ...whole,
    meters: Object.fromEntries(points) as Record<string, never>,
  });
}

import { expect, it } from 'vitest';
import { gattMeter } from '../../drivers/gatt-meter/driver.ts';

it('reads the serial number first, since it tells whose the counters are', () => {
  const options = gattMeter.options.parse({ read: ['battery', 'serial-number', 'temperature'], notify: ['humidity'] });
  expect(gattMeter.characteristics(options).map(({ characteristic }) => characteristic)).toEqual(['2a25', '2a19', '2a6e', '2a6f']);
});

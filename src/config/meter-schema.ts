import { Decimal } from '../core/decimal.ts';
import { duration, z } from '../driver-kit/options.ts';
import { QUANTITIES } from '../driver-kit/vocabulary.ts';

/** The asset that a device or a meter belongs to. */
export const assetSchema = z.strictObject({
  number: z.string().min(1).max(100).describe('The asset number, as the work management system writes it.'),
  site: z.string().min(1).max(100).optional().describe('The asset\'s site there.'),
  organization: z.string().min(1).max(100).optional().describe('The asset\'s organization there.'),
});

/** A number with its exact digits: YAML's own number is turned back into its shortest form; one that loses digits by it is refused before. */
const decimal = z.union([z.string(), z.number()]).transform((written, context): Decimal => {
  const value = Decimal.parse(String(written));
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: 'write a decimal number, such as 0.1' });
  return z.NEVER;
});

/** An amount of what a meter measures, with or without its unit. */
export interface MeterAmount {
  readonly value: Decimal;
  readonly unit?: string | undefined;
}

const UNITS: readonly string[] = [...new Set(Object.values(QUANTITIES))];

const amount = z
  .union([z.string(), z.number()])
  .meta({ examples: ['0.1 h', 0.1] })
  .transform((written, context): MeterAmount => {
    const [number = '', ...unit] = String(written).trim().split(/ +/);
    const value = Decimal.parse(number);
    if (value === undefined || value.unscaled < 0n) context.addIssue({ code: 'custom', message: 'write a number that is not below 0, with or without the meter\'s unit, such as "0.1 h"' });
    else if (unit.length > 0 && !UNITS.includes(unit.join(' '))) context.addIssue({ code: 'custom', message: 'write the unit as the readings have it (UCUM), such as "0.1 h" or "5 kW.h"' });
    else return { value, unit: unit[0] };
    return z.NEVER;
  });

const positive = decimal.refine((value) => value.unscaled > 0n, { error: 'write a number above 0' });

/** What is to be known of one meter, whatever its driver. */
export const meterSchema = z
  .strictObject({
    meter: z.string().min(1).max(100).optional().describe('The meter\'s name in the work management system.'),
    asset: assetSchema.optional().describe('The asset that this meter belongs to, in place of the device\'s.'),
    min: decimal.optional().describe('The least plausible value, in the meter\'s unit; one below is sent as uncertain.'),
    max: decimal.optional().describe('The highest plausible value, in the meter\'s unit; one above is sent as uncertain.'),
    every: duration({ min: '1 s', max: '366 d' }).optional().describe('At most one reading is sent in so long, however often the device is asked.'),
    deadband: amount.optional().describe('Only a value that differs from the last one sent by at least so much is sent; 0 sends every change.'),
    heartbeat: duration({ min: '1 s', max: '366 d' }).optional().describe('With a deadband or alone: the same value is sent again after so long. Alone, every change is sent too.'),
    rateMax: positive.optional().describe('The most that the counter can grow in an hour, in its unit. What grows faster is sent as uncertain. Hours and starts need none.'),
    bits: z.int().min(4).max(64).optional().describe('The width of the counter in the device, after which it goes on at 0, where neither profile nor driver knows it.'),
    rolloverAt: positive.optional().describe('What the counter goes on from 0 at, in its unit, such as 100000 for five digits; in place of bits.'),
    rollover: z.enum(['allowed', 'never']).optional().describe('Whether the counter goes on at 0 behind its highest value; never, unless the profile, the driver or rolloverAt says so.'),
    reset: z.enum(['allowed', 'never']).optional().describe('Whether the counter can be set back; allowed unless said. With never, only tailgate meter replaced begins anew.'),
  })
  .refine(({ min, max }) => min === undefined || max === undefined || min.compare(max) <= 0, { error: '"min" is above "max"', path: ['min'] })
  .refine(({ bits, rolloverAt }) => bits === undefined || rolloverAt === undefined, { error: 'give bits or rolloverAt, not both', path: ['bits'] })
  .refine(({ rollover, rolloverAt }) => rollover !== 'never' || rolloverAt === undefined, { error: 'rolloverAt has no meaning with "rollover: never"', path: ['rolloverAt'] });

/** A meter as it is configured. */
export type WrittenMeter = z.output<typeof meterSchema>;

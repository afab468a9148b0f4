import type { AssetReference } from '../core/reading.ts';
import { unitOf } from '../core/quantity.ts';
import type { MeterDescription } from '../driver-kit/define-driver.ts';
import type { MeterConfiguration } from './configuration.ts';
import type { WrittenMeter } from './meter-schema.ts';
import type { Problem } from './problem.ts';
import type { Part } from './validate.ts';

/** What one line of the list of assets says of a meter. */
export interface ListedMeter {
  readonly asset: AssetReference;
  readonly limits: NonNullable<MeterConfiguration['limits']>;
}

/** What is configured of one meter; what stands at the device outweighs the list of assets. */
export function meterSettings(written: WrittenMeter, listed: ListedMeter | undefined): MeterConfiguration {
  const { meter, asset, min, max, every, deadband, heartbeat, rateMax, bits, rolloverAt, rollover, reset } = written;
  const policy = { everyMs: every, deadband: deadband?.value, heartbeatMs: heartbeat };
  const counter = { bits, modulus: rolloverAt, rollover: rollover && rollover === 'allowed', reset: reset && reset === 'allowed', rateMaxPerHour: rateMax };
  return {
    meter: meter ?? listed?.asset.meter,
    asset: asset ?? listed?.asset,
    limits: { min: min ?? listed?.limits.min, max: max ?? listed?.limits.max },
    policy,
    counter,
  };
}

/** What does not fit the meter as the driver describes it. */
export function meterMisfits(written: WrittenMeter, { meter, quantity, kind }: MeterDescription, { source, path }: Part): readonly Problem[] {
  const says = (key: string, what: string): Problem => source.problem([...path, 'meters', meter, key], what, 'key');
  const only = (keys: readonly (keyof WrittenMeter)[], what: string): readonly Problem[] => keys.flatMap((key) => (written[key] === undefined ? [] : [says(key, what)]));
  const { unit } = written.deadband ?? {};
  return [
    ...(kind === 'counter' ? [] : only(COUNTER_KEYS, `only for counters; "${meter}" is a ${kind}`)),
    ...(kind === 'characteristic' ? only(NUMBER_KEYS, `only for numbers; "${meter}" is a text`) : []),
    ...(unit === undefined || unit === unitOf(quantity) ? [] : [says('deadband', `the unit of "${meter}" is ${unitOf(quantity)}`)]),
  ];
}

const COUNTER_KEYS = ['rateMax', 'bits', 'rolloverAt', 'rollover', 'reset'] as const;
const NUMBER_KEYS = ['min', 'max', 'deadband'] as const;

import { isMissing, type MeterObservation } from '../core/observation.ts';
import type { MeterSettings } from '../core/meter-settings.ts';
import { unitOf } from '../core/quantity.ts';
import type { AssetReference, MeterContent } from '../core/reading.ts';
import { counterRules } from './counter-rules.ts';
import type { MeterEntry } from './meter-book.ts';

/** What the configuration says of a device's meters. */
export interface MeterMapping {
  readonly device: string;
  /** The asset that the device's meters belong to. */
  readonly asset?: AssetReference | undefined;
  /** What is said of single meters, by the driver's names. */
  readonly meters: Readonly<Record<string, MappedMeter>>;
}

/** What the configuration says of one meter. */
export interface MappedMeter extends MeterSettings {
  /** The receiver's own name of the meter. */
  readonly meter?: string | undefined;
  /** The asset that this meter belongs to, in place of the device's. */
  readonly asset?: AssetReference | undefined;
}

/** The content of a meter's reading, and what it is judged by. */
export function meterEntry(observation: MeterObservation, mapping: MeterMapping): MeterEntry {
  const settings = mappedMeter(observation.meter, mapping);
  return {
    content: meterContent(observation, mapping),
    rules: { counter: counterRules(observation.quantity, observation.counter, settings?.counter), limits: settings?.limits },
    policy: settings?.policy,
  };
}

/** What a meter's value means to the receiver. A missing value stays missing: `bad`, with the reason and no number. */
export function meterContent(observation: MeterObservation, mapping: MeterMapping): MeterContent {
  const { meter, meterKind, quantity, raw, value, authenticated, doubt } = observation;
  const missing = isMissing(value);
  return {
    device: mapping.device,
    meter,
    asset: assetOf(meter, mapping),
    kind: meterKind,
    value: missing ? undefined : value,
    unit: unitOf(quantity),
    raw,
    epoch: 0,
    quality: missing ? 'bad' : doubt === undefined ? 'good' : 'uncertain',
    reason: missing ? value.missing : doubt,
    authenticated,
  };
}

/** Where the receiver books a meter, as far as it is known. */
export function assetOf(meter: string, mapping: MeterMapping): AssetReference | undefined {
  const mapped = mappedMeter(meter, mapping);
  const asset = mapped?.asset ?? mapping.asset;
  return asset === undefined || mapped?.meter === undefined ? asset : { ...asset, meter: mapped.meter };
}

function mappedMeter(meter: string, { meters }: MeterMapping): MappedMeter | undefined {
  return Object.hasOwn(meters, meter) ? meters[meter] : undefined;
}

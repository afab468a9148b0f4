import { isMissing, type MeterObservation } from '../core/observation.ts';
import { unitOf } from '../core/quantity.ts';
import type { AssetReference, MeterContent } from '../core/reading.ts';

/** What the configuration says of a device's meters. */
export interface MeterMapping {
  readonly device: string;
  /** The asset that the device's meters belong to. */
  readonly asset?: AssetReference | undefined;
  /** The receiver's own names of meters, by the driver's. */
  readonly meters: Readonly<Record<string, { readonly meter: string }>>;
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

function assetOf(meter: string, { asset, meters }: MeterMapping): AssetReference | undefined {
  if (asset === undefined) return undefined;
  const named = Object.hasOwn(meters, meter) ? meters[meter] : undefined;
  return named === undefined ? asset : { ...asset, meter: named.meter };
}

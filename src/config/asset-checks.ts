import type { AssetReference } from '../core/reading.ts';
import { type AssetList, meterKey } from './asset-list.ts';
import type { DeviceDraft } from './device.ts';
import { suggestion } from './nearest.ts';
import type { Problem } from './problem.ts';
import { valueAt } from './yaml-source.ts';

/**
 * What is wrong between the meters, the assets that they belong to, and the list of these. Unless `complete` says so, every meter
 * has to have all as soon as there is a list; what is missing is not told for one that cannot be read.
 */
export function crossCheckAssets(devices: readonly DeviceDraft[], list: AssetList, complete: boolean | undefined): readonly Problem[] {
  const isAsked = (complete ?? list.file !== '') && list.problems.length === 0;
  const why = complete === true ? 'which "assets.complete" asks for' : 'which every meter needs where there is a list of assets';
  return [...devices.flatMap((device) => withoutAsset(device, list)), ...listedNowhere(devices, list), ...sharedMeters(devices, list), ...(isAsked ? devices.flatMap((device) => incomplete(device, list, why)) : [])];
}

/** A name in the work management system says nothing without the asset. */
function withoutAsset(device: DeviceDraft, list: AssetList): readonly Problem[] {
  const { source, path } = device.part;
  const isLost = Object.entries(device.common.meters ?? {}).some(([meter, written]) => written.meter !== undefined && assetOf(device, meter, list) === undefined);
  if (!isLost || valueAt(source.value, [...path, 'asset']) !== undefined) return [];
  return [source.problem([...path, 'meters'], 'needs "asset" beside it, which says whose meters these are', 'key')];
}

/** A line for a meter that there is not would be believed to book one. */
function listedNowhere(devices: readonly DeviceDraft[], { file, meters }: AssetList): readonly Problem[] {
  return [...meters.values()].flatMap(({ device: name, name: meter, place }) => {
    const device = devices.find((candidate) => candidate.name === name);
    const says = (what: string): readonly Problem[] => [{ file, place, key: '', what }];
    if (device === undefined) return says(`there is no device "${name}"${suggestion(name, devices.map((one) => one.name))}`);
    const known = device.known ?? [];
    return known.length === 0 || known.includes(meter) ? [] : says(`device "${name}" has no meter "${meter}"${suggestion(meter, known)}`);
  });
}

/** Two sources of one meter would make its readings jump between them. */
function sharedMeters(devices: readonly DeviceDraft[], list: AssetList): readonly Problem[] {
  const booked = new Map<string, string>();
  return bookings(devices, list).flatMap(({ device, meter, asset }) => {
    if (asset.meter === undefined) return [];
    const key = JSON.stringify([asset.organization, asset.site, asset.number, asset.meter]);
    const first = booked.get(key);
    if (first === undefined) booked.set(key, `${device.name}.${meter}`);
    return first === undefined ? [] : [problemAt(device, meter, list, `"${asset.meter}" of the same asset is already fed by "${first}"`)];
  });
}

/** What a receiver that books by asset and meter could not book. */
function incomplete(device: DeviceDraft, list: AssetList, why: string): readonly Problem[] {
  const asked = (device.known ?? []).filter((meter) => device.unasked?.includes(meter) !== true);
  return asked.flatMap((meter) => {
    const asset = assetOf(device, meter, list);
    const missing = asset === undefined ? ['asset'] : PARTS.filter((part) => asset[part] === undefined).map((part) => PART_NAMES[part]);
    const where = list.file === '' ? 'at the device' : 'in the list of assets or at the device';
    return missing.length === 0 ? [] : [problemAt(device, meter, list, `meter "${meter}" has no ${missing.join(', no ')}, ${why}; write it ${where}, leave the meter out with "only", or write "assets: { complete: false }"`)];
  });
}

function bookings(devices: readonly DeviceDraft[], list: AssetList): readonly { device: DeviceDraft; meter: string; asset: AssetReference }[] {
  return devices.flatMap((device) => {
    const listed = [...list.meters.values()].filter((one) => one.device === device.name).map((one) => one.name);
    return [...new Set([...Object.keys(device.common.meters ?? {}), ...listed])].flatMap((meter) => {
      const asset = assetOf(device, meter, list);
      return asset === undefined ? [] : [{ device, meter, asset }];
    });
  });
}

function assetOf({ name, common }: DeviceDraft, meter: string, list: AssetList): AssetReference | undefined {
  const written = common.meters?.[meter];
  const listed = list.meters.get(meterKey(name, meter))?.asset;
  const asset = written?.asset ?? listed ?? common.asset;
  const named = written?.meter ?? listed?.meter;
  return asset === undefined ? undefined : { ...asset, meter: named };
}

/** At the meter where something is said of it, otherwise in the list, otherwise at the device. */
function problemAt({ name, part, common }: DeviceDraft, meter: string, list: AssetList, what: string): Problem {
  const { source, path } = part;
  const written = common.meters?.[meter];
  if (written !== undefined) return source.problem([...path, 'meters', meter, ...(written.meter === undefined ? [] : ['meter'])], what, written.meter === undefined ? 'key' : 'value');
  const listed = list.meters.get(meterKey(name, meter));
  return listed === undefined ? source.problem(path, what, 'key') : { file: list.file, place: listed.place, key: '', what };
}

const PARTS = ['site', 'organization', 'meter'] as const;
const PART_NAMES: Record<(typeof PARTS)[number], string> = { site: 'site', organization: 'organization', meter: 'name in the work management system' };

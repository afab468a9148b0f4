import { ProtocolError } from '../core/errors.ts';
import type { Driver, DriverCatalogue, MeterDescription, SerialDefaults } from '../driver-kit/define-driver.ts';
import type { z } from '../driver-kit/options.ts';
import type { DeviceConfiguration, LineConfiguration, ProfileReference } from './configuration.ts';
import { type AssetList, meterKey } from './asset-list.ts';
import type { WrittenMeter } from './meter-schema.ts';
import { meterMisfits, meterSettings } from './meter-settings.ts';
import { suggestion } from './nearest.ts';
import type { Problem } from './problem.ts';
import type { ProfileShelf } from './profile.ts';
import { deviceSchema, PROFILE_NAME } from './schema.ts';
import { type Part, unknownKeys, validate, validateFields } from './validate.ts';
import { valueAt } from './yaml-source.ts';

/** A device as far as it could be made out, to compare it with others. */
export interface DeviceDraft {
  readonly name: string;
  readonly part: Part;
  readonly driver?: Driver | undefined;
  readonly common: Partial<z.output<typeof deviceSchema>>;
  /** The meters that it has, as far as its driver knows them beforehand. */
  readonly known?: readonly string[] | undefined;
  /** Those of them that nobody asked for. */
  readonly unasked?: readonly string[] | undefined;
  /** The whole device, when nothing is wrong with it by itself. */
  readonly configuration?: DeviceConfiguration | undefined;
  readonly problems: readonly Problem[];
}

/** What devices are read with. */
export interface DeviceReading {
  readonly drivers: DriverCatalogue;
  readonly assets: AssetList;
  readonly shelf: ProfileShelf;
  /** Where the profiles are that a driver brings. */
  readonly profileFolder: (driver: string) => string;
}

/** Reads one device. */
export async function readDevice(name: string, part: Part, reading: DeviceReading): Promise<DeviceDraft> {
  const { output: common, complete, problems: ofCommon } = validateFields(deviceSchema, part, false);
  const driver = await driverNamed(common.driver, reading.drivers);
  if (driver === undefined) return { name, part, common, problems: [...ofCommon, ...unknownDriver(common.driver, part, reading.drivers)] };
  const checked = readOptions(driver, part);
  const profile = await readProfile(driver, part, reading);
  const problems = [...ofCommon, ...checked.problems, ...profile.problems];
  const draft = { name, part, driver, common, problems };
  if (complete === undefined || problems.length > 0) return draft;
  const options = profile.reference === undefined ? checked.output : { ...checked.output, profile: profile.content };
  const { port, asset, contextGroup, repeatWindow, meters = {} } = complete;
  const departAfterMs = complete.presence ? (complete.departAfter ?? departAfter(driver, options)) : undefined;
  const known = knownMeters(driver, options, part);
  const wrong = 'problem' in known ? [known.problem] : wrongMeters(meters, known, part);
  if (wrong.length > 0 || 'problem' in known) return { ...draft, problems: wrong };
  const named = [...new Set([...Object.keys(meters), ...known.names])];
  const settings = named.map((meter) => [meter, meterSettings(meters[meter] ?? {}, reading.assets.meters.get(meterKey(name, meter)))] as const);
  const line = lineOf(common, driver.serial);
  return { ...draft, known: known.names, unasked: known.unasked, configuration: { name, driver, options, profile: profile.reference, port, line, asset, contextGroup, repeatWindowMs: repeatWindow, departAfterMs, meters: Object.fromEntries(settings) } };
}

/** The line parameters: as configured, else the driver's, else 9600 8N1. */
export function lineOf(common: DeviceDraft['common'], serial: SerialDefaults = {}): LineConfiguration {
  return {
    baudRate: common.baudRate ?? serial.baudRate ?? 9600,
    dataBits: common.dataBits ?? serial.dataBits ?? 8,
    parity: common.parity ?? serial.parity ?? 'none',
    stopBits: common.stopBits ?? serial.stopBits ?? 1,
  };
}

/** A tag that one poll misses is still there, also when it is missed since an answer was lost and two waits follow. */
function departAfter(driver: Driver, options: unknown): number {
  if (driver.form !== 'polling') return DEPART_AFTER_MS;
  const { everyMs, responseTimeoutMs } = driver.schedule(options);
  return Math.max(DEPART_AFTER_MS, DEPART_AFTER_POLLS * (everyMs + responseTimeoutMs));
}

/** Readers miss a tag for a second or two when a person or metal stands before it; nobody waits for a departure. */
const DEPART_AFTER_MS = 5000;
const DEPART_AFTER_POLLS = 3;

interface KnownMeters {
  /** None where the driver cannot tell before it hears the device. */
  readonly names: readonly string[];
  readonly unasked: readonly string[];
  readonly described: readonly MeterDescription[];
}

function knownMeters(driver: Driver, options: unknown, { source, path }: Part): KnownMeters | { readonly problem: Problem } {
  if (driver.form === 'listening') return { names: [], unasked: [], described: [] };
  try {
    return {
      names: driver.meters(options) ?? [],
      unasked: driver.form === 'gatt' ? (driver.unasked?.(options) ?? []) : [],
      described: driver.form === 'polling' ? (driver.described?.(options) ?? []) : [],
    };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { problem: source.problem([...path, error.where], error.remedy === undefined ? error.what : `${error.what}. ${error.remedy}`) };
  }
}

/** A meter that is misspelt would be read and booked nowhere. */
function wrongMeters(written: Readonly<Record<string, WrittenMeter>>, { names, described }: KnownMeters, part: Part): readonly Problem[] {
  return Object.entries(written).flatMap(([meter, settings]) => {
    if (names.length > 0 && !names.includes(meter)) return [part.source.problem([...part.path, 'meters', meter], `the device has no meter "${meter}"${suggestion(meter, names)}`, 'key')];
    const description = described.find((one) => one.meter === meter);
    return description === undefined ? [] : meterMisfits(settings, description, part);
  });
}

async function driverNamed(name: string | undefined, drivers: DriverCatalogue): Promise<Driver | undefined> {
  return name !== undefined && Object.hasOwn(drivers, name) ? drivers[name]?.() : undefined;
}

function unknownDriver(name: string | undefined, { source, path }: Part, drivers: DriverCatalogue): readonly Problem[] {
  if (name === undefined) return [];
  const at = [...path, 'driver'];
  return [source.problem(at, `there is no driver ${source.written(at) ?? ''}${suggestion(name, Object.keys(drivers))}`)];
}

function readOptions(driver: Driver, part: Part): { readonly output?: Record<string, unknown> | undefined; readonly problems: readonly Problem[] } {
  const value = Object.entries(valueAt(part.source.value, part.path) ?? {});
  const own = Object.keys(driver.options.shape);
  const unknown = unknownKeys(value.map(([key]) => key), [...Object.keys(deviceSchema.shape), ...own], part);
  const { output, problems } = validate(driver.options, part, Object.fromEntries(value.filter(([key]) => own.includes(key))));
  return { output, problems: [...unknown, ...problems] };
}

interface ReadProfile {
  readonly reference?: ProfileReference;
  readonly content?: unknown;
  readonly problems: readonly Problem[];
}

/** A profile that is not named, or not by a text, is a problem of the options. */
async function readProfile(driver: Driver, { source, path }: Part, { shelf, profileFolder }: DeviceReading): Promise<ReadProfile> {
  const at = [...path, 'profile'];
  const name = valueAt(source.value, at);
  if (driver.form !== 'polling' || driver.profile === undefined || typeof name !== 'string' || name === '') return { problems: [] };
  if (!PROFILE_NAME.test(name)) return { problems: [source.problem(at, `found ${source.written(at) ?? ''}; write the name of a profile, without folder and ".yaml"`)] };
  const found = await shelf.find(name, { schema: driver.profile, folder: profileFolder(driver.name) });
  if (found.kind === 'unknown') return { problems: [source.problem(at, found.what)] };
  return found;
}

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { defineListeningDriver, definePollingDriver, type Driver, type DriverCatalogue } from '../../src/driver-kit/define-driver.ts';
import { INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { duration, z } from '../../src/driver-kit/options.ts';

const scanner = defineListeningDriver({
  name: 'scanner',
  summary: 'A scanner for tests', reports: 'scans',
  options: z.strictObject({
    terminator: z.union([z.enum(['CR', 'LF']), z.array(z.enum(['CR', 'LF'])).min(1)]).default('CR').describe('What ends a code.'),
    gap: duration({ min: '5 ms', max: '1 s' }).prefault('50 ms').describe('The silence that ends a code.'),
  }),
  serial: { baudRate: 115_200 },
  framing: () => ({ next: () => INCOMPLETE, bytesMax: 1, overflow: 'byte' }),
  decode: () => ({ observations: [] }),
  feedback: () => undefined,
});

const meter = definePollingDriver({
  name: 'meter',
  summary: 'A meter for tests', reports: 'meters',
  options: z.strictObject({
    address: z.int().min(1).max(247).describe('The address. It is set at the device.'),
    profile: z.string().describe('The model of meter.'),
    every: duration({ min: '1 s' }).prefault('1 min').describe('How often it is read.'),
  }),
  profile: z.strictObject({
    unverified: z.string().optional().describe('What nobody has checked.'),
    function: z.union([z.literal(3), z.literal(4)]).optional().describe('The Modbus function.'),
    meters: z.record(z.string(), z.strictObject({ register: z.int().describe('Where it stands.') })).describe('The meters.'),
  }),
  serial: { baudRate: 19_200, parity: 'even' },
  schedule: () => ({ address: '1', everyMs: 1000, responseTimeoutMs: 1000, silenceMs: 5, retries: 0, echo: false }),
  meters: ({ profile: { meters } }) => Object.keys(meters),
  poll: () => Promise.resolve(),
});

/** Two drivers that do nothing. */
export const fakes: readonly Driver[] = [scanner, meter];

/** A catalogue of drivers. */
export const catalogueOf = (drivers: readonly Driver[]): DriverCatalogue => Object.fromEntries(drivers.map((driver) => [driver.name, () => Promise.resolve(driver)]));

/** A folder of its own, with the driver's profile `genset` in `brought`. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tailgate-config-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** The profiles that the drivers bring. */
export const brought = folderOf({
  'genset.yaml': 'unverified: No device was read.\nmeters:\n  hours: { register: 6 }\n',
  'energy.yaml': 'meters:\n  energy: { register: 8 }\n',
});

/** What every whole file begins with. */
export const HEAD = `gateway: truck-17
site: bedford
mqtt:
  url: mqtts://broker.example.com
`;

/** A whole file. */
export const WHOLE = `${HEAD}devices:
  cab:
    driver: scanner
    port: /dev/ttyUSB0
`;

/** Loads a text as `gateway.yaml`. */
export function load(text: string | Uint8Array, folder = folderOf()): Promise<Configuration> {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  return loadConfiguration({ file, drivers: catalogueOf(fakes), profileFolder: () => brought });
}

/** The message for a text that cannot be used, with folders left out. */
export async function complaint(text: string | Uint8Array, folder = folderOf()): Promise<string> {
  const error: unknown = await load(text, folder).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigurationError)) throw new Error('this file was accepted, or failed in another way', { cause: error });
  return error.message.replaceAll(`${folder}/`, '').replaceAll(folder, '.').replaceAll(brought, 'BROUGHT');
}

/** The problems alone: without the first line, which counts them, and without excerpts. */
export async function problems(text: string | Uint8Array, folder?: string): Promise<readonly string[]> {
  const lines = (await complaint(text, folder)).split('\n').slice(1);
  return lines.filter((line) => !/^ +\d* \| /.test(line)).map((line) => line.replace(/^gateway\.yaml/, ''));
}

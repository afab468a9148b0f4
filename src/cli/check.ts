import { EXIT_CONFIGURATION } from './exit-codes.ts';
import { spokenScan, type TypedScan } from './spoken-scan.ts';
import { type Configuration, type DeviceConfiguration, spokenLine } from '../config/configuration.ts';
import { fileWarnings } from '../config/file-warnings.ts';
import { type LoadParts, loadConfiguration } from '../config/load.ts';
import { spokenPort } from '../config/port.ts';
import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';

/** What `tailgate check` needs. */
export interface CheckParts extends LoadParts {
  /** Writes text of one or more lines and a line break. */
  readonly write: (text: string) => void;
  /** What the rules make of this code is written in place of the devices. */
  readonly scan?: TypedScan | undefined;
}

/**
 * Checks a configuration file without touching a device or the broker: writes every problem with its place, or what
 * will run. Resolves with the exit code: 0, or 78 when the file cannot be used or read.
 */
export async function checkCommand({ write, scan, ...parts }: CheckParts): Promise<number> {
  try {
    const configuration = await loadConfiguration(parts);
    write(scan === undefined ? summary(configuration, await fileWarnings(configuration)) : spokenScan(scan, configuration.scans.rules).join('\n'));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    write(error.message);
    return EXIT_CONFIGURATION;
  }
}

function summary(configuration: Configuration, warnings: readonly string[]): string {
  const { file, hash, gateway, site, owner, mqtt, outbox, led, devices } = configuration;
  const lines = [
    `${printable(file, 1000)} (${hash})`,
    `gateway  ${gateway} at ${site}${owner === undefined ? '' : `, owner ${printable(owner.name)}`}`,
    `broker   ${printable(mqtt.url)} ${login(mqtt)}, MQTT ${mqtt.version}, delivered when the ${mqtt.acknowledgedBy} says so`,
    `outbox   ${printable(outbox.directory)}, at most ${spokenSize(outbox.limits.bytesMax)}`,
    ...(led === undefined ? [] : [`led      ${printable(led.path)}`]),
    ...devices.flatMap((device) => spokenDevice(device, mqtt.root)),
    ...warnings.map((warning) => `warning: ${warning}`),
    'OK',
  ];
  return lines.join('\n');
}

function login({ username, certificateFile }: Configuration['mqtt']): string {
  if (username !== undefined) return `as ${printable(username)}`;
  return certificateFile === undefined ? 'without a user' : 'by certificate';
}

function spokenDevice({ name, driver, port, line, profile, asset }: DeviceConfiguration, root: string): readonly string[] {
  const where = port.kind === 'tcp' || port.kind === 'ble' ? spokenPort(port) : `${printable(spokenPort(port), 300)} at ${spokenLine(line)}`;
  const unverified = profile?.unverified === undefined ? '' : `, unverified: ${printable(profile.unverified)}`;
  return [
    `device   ${name}: ${driver.name} on ${where}`,
    ...(profile === undefined ? [] : [`           profile ${profile.name}${unverified}`]),
    ...(asset === undefined ? [] : [`           asset ${printable(asset.number)}`]),
    `           publishes to ${root}/${driver.reports === 'scans' ? 'scan' : 'reading'}/${name}`,
    ...(driver.reports === 'scans' && port.kind === 'ble' ? [`           and the level of its battery, where it tells it, to ${root}/reading/${name}`] : []),
  ];
}

function spokenSize(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3;
  return gibibytes >= 1 ? `${Number(gibibytes.toFixed(1))} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`;
}

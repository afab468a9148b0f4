import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { codeOf, ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { Configuration, DeviceConfiguration, MqttConfiguration } from './configuration.ts';
import { READABLE_BY_ALL, readableByAll, secretPath } from './secret.ts';

/**
 * What a look at the named files shows that would stop the gateway on this machine. They are warnings, since a
 * configuration is checked on a laptop that has none of the files.
 */
export async function fileWarnings({ mqtt, devices }: Configuration): Promise<readonly string[]> {
  const ofBroker = FILE_KEYS.map(({ key, secret }) => warningsOf(`mqtt.${key}`, secret, mqtt[key]));
  const ofDevices = devices.flatMap(secretsOf).map(({ key, file }) => warningsOf(key, true, file));
  return (await Promise.all([...ofBroker, ...ofDevices])).flat();
}

/** The keys of one device that name a file with a secret. */
function secretsOf({ name, driver, options, port }: DeviceConfiguration): readonly { readonly key: string; readonly file: string }[] {
  const given = (driver.secrets ?? []).map((key) => [key, (options as Readonly<Record<string, unknown>>)[key]] as const);
  const all = port.kind === 'ble' ? [...given, ['port.ble.irkFile', port.irkFile] as const] : given;
  return all.flatMap(([key, file]) => (typeof file === 'string' ? [{ key: `devices.${name}.${key}`, file }] : []));
}

const FILE_KEYS: readonly { readonly key: keyof MqttConfiguration & `${string}File`; readonly secret: boolean }[] = [
  { key: 'passwordFile', secret: true },
  { key: 'caFile', secret: false },
  { key: 'certificateFile', secret: false },
  { key: 'keyFile', secret: true },
];

async function warningsOf(key: string, secret: boolean, file: string | undefined): Promise<readonly string[]> {
  const credentialElsewhere = file !== undefined && !isAbsolute(file) && process.env['CREDENTIALS_DIRECTORY'] === undefined;
  if (file === undefined || credentialElsewhere) return [];
  const found = await fileFault(file, secret);
  return found === undefined ? [] : [`${key}: ${found}`];
}

async function fileFault(file: string, secret: boolean): Promise<string | undefined> {
  try {
    const path = secretPath(file);
    const { mode } = await stat(path);
    return secret && readableByAll(mode) ? `${READABLE_BY_ALL}; run \`chmod o-r ${printable(path)}\`` : undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    const absent = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
    return absent ? `${printable(file)} does not exist on this machine` : `${printable(file)} cannot be looked at by this user`;
  }
}

import { createHash } from 'node:crypto';
import type { DriverCatalogue } from '../driver-kit/define-driver.ts';
import type { z } from '../driver-kit/options.ts';
import { bleOf } from './ble-adapter.ts';
import type { Configuration, MqttConfiguration, OutboxConfiguration } from './configuration.ts';
import { crossCheckAssets } from './asset-checks.ts';
import { type AssetList, readAssetList } from './asset-list.ts';
import { crossCheckDevices, crossCheckMqtt } from './cross-checks.ts';
import { type DeviceDraft, readDevice } from './device.ts';
import { configurationError, type Problem } from './problem.ts';
import { ProfileShelf } from './profile.ts';
import { readFileBounded } from './read-file.ts';
import { DEVICES_MAX, mqttSchema, type outboxSchema, wholeSchema } from './schema.ts';
import { readScanRules } from './scan-rules.ts';
import { validateFields } from './validate.ts';
import { parseYaml, valueAt, type YamlSource } from './yaml-source.ts';

/** What a configuration is read with. */
export interface LoadParts {
  readonly file: string;
  readonly drivers: DriverCatalogue;
  /** The folder of the profiles that a driver brings, by the driver's name; it need not exist. */
  readonly profileFolder: (driver: string) => string;
}

/** Reads and checks a configuration file; throws one ConfigurationError that lists everything that is wrong. */
export async function loadConfiguration(parts: LoadParts): Promise<Configuration> {
  const { file } = parts;
  const { bytes } = await readFileBounded(file, FILE_BYTES_MAX);
  const { source, problems } = parseYaml(file, bytes);
  const read: ReadContent = source === undefined ? { problems: [] } : await readContent(source, parts);
  if (problems.length > 0 || read.content === undefined) {
    throw configurationError(file, [...new Set([...problems, ...read.problems])]);
  }
  return { file, hash: createHash('sha256').update(bytes).digest('hex').slice(0, HASH_DIGITS), ...read.content };
}

const FILE_BYTES_MAX = 1024 * 1024;
const HASH_DIGITS = 12;

interface ReadContent {
  /** Only when there are no problems. */
  readonly content?: Omit<Configuration, 'file' | 'hash'>;
  readonly problems: readonly Problem[];
}

async function readContent(source: YamlSource, parts: LoadParts): Promise<ReadContent> {
  const top = validateFields(wholeSchema, { source, path: [] });
  const mqttPart = { source, path: ['mqtt'] };
  const mqtt = top.output.mqtt === undefined ? undefined : validateFields(mqttSchema, mqttPart);
  const assets = await readAssetList(source, top.output.assets?.list);
  const devices = await readDevices(source, parts, assets);
  const scans = await readScanRules(source, top.output.scans);
  const problems = [
    ...top.problems,
    ...scans.problems,
    ...assets.problems,
    ...(mqtt?.problems ?? []),
    ...crossCheckMqtt(mqtt?.output ?? {}, mqttPart),
    ...devices.flatMap((device) => device.problems),
    ...crossCheckDevices(devices),
    ...crossCheckAssets(devices, assets, top.output.assets?.complete),
  ];
  if (problems.length > 0 || top.complete === undefined || mqtt?.complete === undefined) return { problems };
  const { gateway, site, owner, outbox, log, led, ble, scans: { contextTimeout } } = top.complete;
  return {
    content: {
      gateway,
      site,
      owner,
      log,
      led,
      scans: { rules: scans.rules, contextTimeoutMs: contextTimeout },
      ble: bleOf(ble),
      mqtt: mqttOf(mqtt.complete, gateway, site),
      outbox: outboxOf(outbox),
      devices: devices.flatMap(({ configuration }) => configuration ?? []),
    },
    problems,
  };
}

/** Takes them as they are written, since one wrong name must not hide what is wrong with the other devices. */
async function readDevices(source: YamlSource, { file, drivers, profileFolder }: LoadParts, assets: AssetList): Promise<readonly DeviceDraft[]> {
  const devices = valueAt(source.value, ['devices']);
  if (typeof devices !== 'object' || devices === null || Array.isArray(devices)) return [];
  const reading = { drivers, profileFolder, assets, shelf: new ProfileShelf(file) };
  const names = Object.keys(devices).slice(0, DEVICES_MAX);
  return Promise.all(names.map((name) => readDevice(name, { source, path: ['devices', name] }, reading)));
}

function outboxOf({ directory, commitsPerSecond, sizeMax, freeSpaceMin, keepDelivered, keepDeliveredMax }: z.output<typeof outboxSchema>): OutboxConfiguration {
  return { directory, commitsPerSecond, limits: { bytesMax: sizeMax, freeBytesMin: freeSpaceMin, keepMs: keepDelivered, keepBytesMax: keepDeliveredMax } };
}

function mqttOf(mqtt: z.output<typeof mqttSchema>, gateway: string, site: string): MqttConfiguration {
  const { keepalive, publishDeadline, receiverOverdue, clockWait, clientId = gateway, root, ...rest } = mqtt;
  return {
    ...rest,
    clientId,
    root: root.replaceAll('{site}', site).replaceAll('{gateway}', gateway),
    keepaliveMs: keepalive,
    publishDeadlineMs: publishDeadline,
    receiverOverdueMs: receiverOverdue,
    clockWaitMs: clockWait,
  };
}

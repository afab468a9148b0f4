import type { z } from '../driver-kit/options.ts';
import { isTls } from './broker-url.ts';
import { spokenLine } from './configuration.ts';
import { type DeviceDraft, lineOf } from './device.ts';
import { portKey, spokenPort } from './port.ts';
import type { Problem } from './problem.ts';
import type { mqttSchema } from './schema.ts';
import type { Part } from './validate.ts';
import { valueAt } from './yaml-source.ts';

/** What is wrong between fields of `mqtt` that are right by themselves. */
export function crossCheckMqtt(mqtt: Partial<z.output<typeof mqttSchema>>, part: Part): readonly Problem[] {
  const { source, path } = part;
  const problems = PAIRS.flatMap(([key, other]) => (stands(key, part) && !stands(other, part) ? [source.problem([...path, key], `needs "${other}" beside it`, 'key')] : []));
  if (mqtt.url === undefined || isTls(mqtt.url)) return problems;
  const unused = TLS_ONLY.filter((key) => stands(key, part));
  return [...problems, ...unused.map((key) => source.problem([...path, key], 'has no effect without TLS; write "mqtts://" in "url", or leave this out', 'key'))];
}

/** What is wrong between devices that are right by themselves. */
export function crossCheckDevices(devices: readonly DeviceDraft[]): readonly Problem[] {
  return sharedPorts(devices);
}

const PAIRS = [
  ['username', 'passwordFile'],
  ['passwordFile', 'username'],
  ['certificateFile', 'keyFile'],
  ['keyFile', 'certificateFile'],
] as const;

const TLS_ONLY = ['caFile', 'certificateFile', 'keyFile'] as const;

function stands(key: string, { source, path }: Part): boolean {
  return valueAt(source.value, [...path, key]) !== undefined;
}

/** Several devices may share a line only where all of them are asked, and with the same parameters: a bus. */
function sharedPorts(devices: readonly DeviceDraft[]): readonly Problem[] {
  return devices.flatMap((device, at) => {
    const port = device.common.port;
    const first = devices.slice(0, at).find((other) => port !== undefined && other.common.port !== undefined && portKey(port) === portKey(other.common.port));
    if (port === undefined || first === undefined) return [];
    const why = whyNotShared(first, device);
    return why === undefined ? [] : [device.part.source.problem([...device.part.path, 'port'], `${spokenPort(port)} is the port of "${first.name}" too; ${why}`)];
  });
}

function whyNotShared(first: DeviceDraft, second: DeviceDraft): string | undefined {
  if (first.driver === undefined || second.driver === undefined) return undefined;
  const sender = [first, second].find(({ driver }) => driver?.form !== 'polling');
  if (sender !== undefined) return `"${sender.name}" (${sender.driver?.name ?? ''}) sends by itself and needs a port of its own`;
  const [a, b] = [first, second].map(({ common, driver }) => spokenLine(lineOf(common, driver?.serial)));
  return a === b ? undefined : `on one line all speak alike, but "${first.name}" has ${a ?? ''} and "${second.name}" has ${b ?? ''}`;
}

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
  return [...devices.flatMap(wrongKindOfPort), ...sharedPorts(devices)];
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
    if (port === undefined) return [];
    const before = devices.slice(0, at).filter((other) => other.common.port !== undefined && portKey(port) === portKey(other.common.port));
    const problemsOfPort = before.flatMap((first) => {
      const why = whyNotShared(first, device);
      return why === undefined ? [] : [device.part.source.problem([...device.part.path, 'port'], `${spokenPort(port)} is the port of "${first.name}" too; ${why}`)];
    });
    return problemsOfPort.slice(0, 1);
  });
}

function whyNotShared(first: DeviceDraft, second: DeviceDraft): string | undefined {
  if (first.driver === undefined || second.driver === undefined) return undefined;
  const sender = [first, second].find(({ driver }) => driver?.form !== 'polling');
  if (sender !== undefined) return `"${sender.name}" (${sender.driver?.name ?? ''}) sends by itself and needs a port of its own`;
  const [a, b] = [first, second].map(({ common, driver }) => spokenLine(lineOf(common, driver?.serial)));
  if (a !== b) return `on one line all speak alike, but "${first.name}" has ${a ?? ''} and "${second.name}" has ${b ?? ''}`;
  const [one, other] = [first, second].map(isNumbered);
  if (one !== other && one !== undefined && other !== undefined) return `on one line all speak alike, but only "${one ? first.name : second.name}" has "protocol: tcp"`;
  const [echo, otherEcho] = [first, second].map(echoOf);
  if (echo === otherEcho || echo === undefined || otherEcho === undefined) return undefined;
  return `on one line all hear the same adapter, but only "${echo ? first.name : second.name}" has "echo: true"; write it at both, or at neither`;
}

/** Whether it expects its questions back; undefined where it cannot be told to, or something is wrong with it by itself. */
function echoOf({ driver, configuration }: DeviceDraft): boolean | undefined {
  const isOption = driver?.form === 'polling' && Object.hasOwn(driver.options.shape, 'echo');
  return isOption && configuration !== undefined ? driver.schedule(configuration.options).echo : undefined;
}

/** Whether its questions have numbers, as those of Modbus TCP; undefined where something is wrong with it by itself. */
function isNumbered({ driver, configuration }: DeviceDraft): boolean | undefined {
  return driver?.form !== 'polling' || configuration === undefined ? undefined : driver.schedule(configuration.options).numbered === true;
}

/** Tags are heard and meters connected to over the radio alone; what listens takes bytes from anywhere. */
function wrongKindOfPort({ part, driver, common: { port } }: DeviceDraft): readonly Problem[] {
  if (driver === undefined || port === undefined) return [];
  const problem = (what: string): readonly Problem[] => [part.source.problem([...part.path, 'port'], what)];
  if (driver.form === 'advertising' || driver.form === 'gatt') {
    if (port.kind !== 'ble') return problem(`${driver.name} is a BLE device: write { ble: { address: "C0:DE:C0:DE:00:01" } }`);
    if (port.id === undefined) return [];
    if (driver.form === 'gatt') return problem('needs the address or the irkFile of the device, since it is connected to');
    return driver.identify === undefined ? problem(`${driver.name} has no id in its payload: write the address`) : [];
  }
  if (port.kind !== 'ble') return [];
  if (driver.form === 'polling') return problem(`${driver.name} is not read over BLE`);
  return port.id === undefined ? [] : problem('needs the address or the irkFile of the device, since it is connected to');
}

import { pause } from '../core/clock.ts';
import { systemClock } from '../acquisition/stamp.ts';
import { loadConfiguration, type LoadParts } from '../config/load.ts';
import { printable } from '../core/printable.ts';
import { isLasting, type Advertisement } from '../driver-kit/advertisement.ts';
import type { AdvertisingDriver } from '../driver-kit/define-driver.ts';
import { AdapterRadio } from '../transports/ble/adapter-radio.ts';
import { EXIT_UNAVAILABLE } from './exit-codes.ts';
import { suggestedNames } from './suggested-names.ts';

/** What `tailgate devices --ble` needs. */
export interface DevicesParts extends LoadParts {
  /** The compiled program of the radio. */
  readonly radioProgram: URL;
  readonly listenMs: number;
  readonly write: (text: string) => void;
}

/** One device in range, as far as it was heard. */
interface InRange {
  readonly advertisement: Advertisement;
  readonly driver: AdvertisingDriver | undefined;
  readonly id: string | undefined;
}

/** Listens for a while and shows who is in range, strongest first, with the driver and a piece of configuration. Resolves with the exit code. */
export async function devicesCommand({ radioProgram, listenMs, write, ...sources }: DevicesParts): Promise<number> {
  const { ble, devices } = await loadConfiguration(sources);
  const clock = systemClock(() => 'unsynced');
  const silent = (): void => undefined;
  const radio = new AdapterRadio({ ...ble, isPassive: false, program: radioProgram, clock, random: Math.random, log: { debug: silent, info: silent, warn: silent, error: silent } });
  const drivers = (await Promise.all(Object.values(sources.drivers).map((load) => load()))).filter((driver) => driver.form === 'advertising');
  const found = new Map<string, InRange>();
  radio.listen({
    heard(advertisement) {
      const before = found.get(advertisement.address);
      if (before === undefined && found.size >= DEVICES_MAX) return;
      const driver = drivers.find((one) => one.matches(advertisement));
      found.set(advertisement.address, { advertisement: merged(before?.advertisement, advertisement), driver: driver ?? before?.driver, id: driver?.identify?.(advertisement) ?? before?.id });
    },
    stateChanged: silent,
  });
  const stop = new AbortController();
  const running = radio.run(stop.signal);
  await pause(clock, listenMs);
  const { state } = radio;
  stop.abort();
  await running;
  if (found.size === 0 && state.kind === 'failing') {
    write(`${state.fault.message}\n`);
    return EXIT_UNAVAILABLE;
  }
  const inRange = [...found.values()].toSorted((a, b) => b.advertisement.rssi - a.advertisement.rssi).map((device) => ({ ...device, piece: pieceOf(device) }));
  const names = namesOf(inRange, devices.map(({ name }) => name));
  for (const device of inRange) write(spokenDevice(device, names));
  if (found.size === 0) write(`Nothing was heard within ${listenMs / 1000} s.\n`);
  return 0;
}

/** A scan response says nothing of connecting, and often other services. */
function merged(before: Advertisement | undefined, now: Advertisement): Advertisement {
  if (before === undefined) return now;
  const serviceUuids = [...new Set([...before.serviceUuids, ...now.serviceUuids])].slice(0, SERVICES_KEPT);
  return { ...now, connectable: before.connectable || now.connectable, serviceUuids };
}

/** What the configuration may say of a device, but for its name. */
interface Piece {
  readonly driver: string;
  readonly says: string;
  readonly port: string;
  readonly options: readonly string[];
}

/** What is suggested for it; nothing where nobody understands it. */
function pieceOf({ advertisement, driver, id }: InRange): Piece | undefined {
  if (driver !== undefined) {
    const by = id !== undefined && !isLasting(advertisement) ? `id: ${JSON.stringify(printable(id, 64))}` : whomIn(advertisement);
    return { driver: driver.name, says: driver.summary, port: by, options: [] };
  }
  const guess = advertisement.connectable ? GUESSES.find(({ services }) => services.some((uuid) => advertisement.serviceUuids.includes(uuid))) : undefined;
  return guess && { ...guess, port: `${whomIn(advertisement)}${guess.stream}` };
}

/** The names of the pieces by their addresses: two that are pasted together, or to what is there, must not be one key. */
function namesOf(inRange: readonly (InRange & { readonly piece: Piece | undefined })[], taken: readonly string[]): ReadonlyMap<string, string> {
  const unnamed = inRange.flatMap(({ advertisement: { address }, piece }) => (piece === undefined ? [] : [{ address, driver: piece.driver }]));
  const names = suggestedNames(unnamed, taken);
  return new Map(unnamed.map(({ address }, index) => [address, names[index] ?? '']));
}

/** Everything in it comes from whoever is in range. */
function spokenDevice({ advertisement, piece }: InRange & { readonly piece: Piece | undefined }, names: ReadonlyMap<string, string>): string {
  const { address, rssi, name, connectable, serviceUuids } = advertisement;
  const facts = [`${rssi} dBm`, name === undefined ? undefined : `"${printable(name, 60)}"`, connectable ? 'connectable' : undefined, serviceUuids.length > 0 ? `services ${serviceUuids.slice(0, SERVICES_SHOWN).join(', ')}` : undefined];
  const head = `${address}  ${facts.filter((fact) => fact !== undefined).join(', ')}\n`;
  if (piece === undefined) return head;
  const { driver, says, port, options } = piece;
  const lines = [`driver: ${driver}`, `port: { ble: { ${port} } }`, ...options].map((line) => `      ${line}\n`);
  return `${head}  ${driver}: ${says}\n    ${names.get(address)}:\n${lines.join('')}`;
}

/** How a device of no known format is reached whose address changes, only its owner knows. */
function whomIn(advertisement: Advertisement): string {
  return isLasting(advertisement) ? `address: "${advertisement.address}"` : 'irkFile: /etc/tailgate/secrets/KEY';
}

/** What may be read of devices that are connected to, by the services that they advertise. What they really are nobody knows before. */
const GUESSES: readonly { readonly services: readonly string[]; readonly driver: string; readonly says: string; readonly stream: string; readonly options: readonly string[] }[] = [
  { services: ['fefb'], driver: 'zebra-ssi', says: 'it has Terminal I/O: a Zebra ring scanner?', stream: ', stream: terminal-io', options: ['textOffset: 4', 'lengthPrefix: true'] },
  { services: ['6e400001b5a3f393e0a9e50e24dcca9e'], driver: 'line-scanner', says: 'it has the Nordic UART service: a scanner that sends lines?', stream: '', options: [] },
  ...[['181a', 'temperature'], ['1815', 'digital'], ['181d', 'weight'], ['1816', 'revolutions']].map(([service = '', name = '']) => (
    { services: [service], driver: 'gatt-meter', says: `it has the standard service ${service.toUpperCase()}; more can be read of it than this`, stream: '', options: [`read: [${name}]`] }
  )),
];

/** Beyond that a person reads no further. */
const DEVICES_MAX = 1000;
const SERVICES_SHOWN = 4;
const SERVICES_KEPT = 16;

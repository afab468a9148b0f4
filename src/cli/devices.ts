import { pause } from '../core/clock.ts';
import { systemClock } from '../acquisition/stamp.ts';
import { loadConfiguration, type LoadParts } from '../config/load.ts';
import { printable } from '../core/printable.ts';
import { isLasting, type Advertisement } from '../driver-kit/advertisement.ts';
import type { AdvertisingDriver } from '../driver-kit/define-driver.ts';
import { AdapterRadio } from '../transports/ble/adapter-radio.ts';
import { EXIT_UNAVAILABLE } from './exit-codes.ts';

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
  const { ble } = await loadConfiguration(sources);
  const clock = systemClock(() => 'unsynced');
  const silent = (): void => undefined;
  const radio = new AdapterRadio({ ...ble, isPassive: false, program: radioProgram, clock, random: Math.random, log: { debug: silent, info: silent, warn: silent, error: silent } });
  const drivers = sources.drivers.filter((driver) => driver.form === 'advertising');
  const found = new Map<string, InRange>();
  radio.listen({
    heard(advertisement) {
      const before = found.get(advertisement.address);
      if (before === undefined && found.size >= DEVICES_MAX) return;
      const driver = drivers.find((one) => one.matches(advertisement));
      found.set(advertisement.address, { advertisement, driver: driver ?? before?.driver, id: driver?.identify?.(advertisement) ?? before?.id });
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
  for (const device of [...found.values()].toSorted((a, b) => b.advertisement.rssi - a.advertisement.rssi)) write(spokenDevice(device));
  if (found.size === 0) write(`Nothing was heard within ${listenMs / 1000} s.\n`);
  return 0;
}

/** Everything in it comes from whoever is in range. */
function spokenDevice({ advertisement, driver, id }: InRange): string {
  const { address, rssi, name, connectable, serviceUuids } = advertisement;
  const facts = [`${rssi} dBm`, name === undefined ? undefined : `"${printable(name, 60)}"`, connectable ? 'connectable' : undefined, serviceUuids.length > 0 ? `services ${serviceUuids.slice(0, SERVICES_SHOWN).join(', ')}` : undefined];
  const head = `${address}  ${facts.filter((fact) => fact !== undefined).join(', ')}`;
  if (driver === undefined) return `${head}\n`;
  const by = id !== undefined && !isLasting(advertisement) ? `id: ${JSON.stringify(printable(id, 64))}` : `address: "${address}"`;
  return `${head}\n  ${driver.name}: ${driver.summary}\n    ${driver.name}-${address.slice(-5).replace(':', '').toLowerCase()}:\n      driver: ${driver.name}\n      port: { ble: { ${by} } }\n`;
}

/** Beyond that a person reads no further. */
const DEVICES_MAX = 1000;
const SERVICES_SHOWN = 4;

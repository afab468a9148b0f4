import type { DeviceConfiguration } from '../config/configuration.ts';
import { StorageError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { unitOf, type Unit } from '../core/quantity.ts';
import type { MeterMapping } from '../metering/meter-content.ts';
import type { Commands } from './control-socket.ts';

/** A counter that a person says was replaced. */
export interface ReplacedMeter {
  readonly meter: string;
  readonly unit?: Unit | undefined;
  readonly mapping: MeterMapping;
}

/** What the commands on meters need. */
export interface MeterCommandParts {
  readonly devices: readonly DeviceConfiguration[];
  /** Begins an epoch and resolves with its number after the commit; undefined for a meter that was never read. */
  readonly replaced: (meter: ReplacedMeter) => Promise<number | undefined>;
}

/** The commands by which a person tells what happened to a meter. The request comes from whoever may open the socket. */
export function meterCommands({ devices, replaced }: MeterCommandParts): Commands {
  return {
    'meter-replaced': async ({ meter: wanted }) => {
      const [name = '', meter = '', ...more] = typeof wanted === 'string' ? wanted.split('/') : [];
      const device = devices.find((candidate) => candidate.name === name);
      if (device === undefined || meter === '' || more.length > 0) return { error: `there is no device "${printable(name, 64)}"; write DEVICE/METER, DEVICE being one of ${devices.map((one) => one.name).join(', ')}` };
      const found = counterOf(device, meter);
      if ('error' in found) return found;
      try {
        const epoch = await replaced({ meter, unit: found.unit, mapping: { device: name, asset: device.asset, meters: device.meters } });
        return epoch === undefined ? { error: `${name}/${printable(meter, 64)} was never read, so there is no epoch to end` } : { epoch };
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        return { error: `it could not be stored: ${error.message}` };
      }
    },
  };
}

function counterOf({ driver, options, name }: DeviceConfiguration, meter: string): { readonly unit?: Unit } | { readonly error: string } {
  if (driver.form !== 'polling') return {};
  const known = driver.meters(options);
  if (!known.includes(meter)) return { error: `${name} has no meter "${printable(meter, 64)}"; it has ${known.join(', ')}` };
  const described = driver.described?.(options).find((one) => one.meter === meter);
  if (described === undefined) return {};
  if (described.kind !== 'counter') return { error: `${name}/${meter} is a ${described.kind}; only a counter has epochs` };
  return { unit: unitOf(described.quantity) };
}

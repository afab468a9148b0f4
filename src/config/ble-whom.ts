import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { Whom } from '../driver-kit/radio.ts';
import type { BlePort } from './ble-port.ts';
import { readSecret } from './secret.ts';

/**
 * Whom a port means, with its key read at this moment; undefined for a device that is known by what its payload calls it. Rejects with a
 * ConfigurationError when the key cannot be read or is none.
 */
export async function whomOf({ address, irkFile }: Pick<BlePort, 'address' | 'irkFile'>): Promise<Whom | undefined> {
  if (address !== undefined) return { kind: 'address', address };
  if (irkFile === undefined) return undefined;
  const digits = (await readSecret(irkFile)).replaceAll(/[\s:-]/g, '');
  if (/^[0-9A-Fa-f]{32}$/.test(digits)) return { kind: 'irk', irk: new Uint8Array(Buffer.from(digits, 'hex')) };
  throw new ConfigurationError({ where: printable(irkFile), what: 'does not hold 32 hexadecimal digits', remedy: "Write the device's identity resolving key into it and nothing else" });
}

import { uuidOf } from '../driver-kit/advertisement.ts';
import { duration, z } from '../driver-kit/options.ts';
import { secretFile } from './secret-file.ts';

/** A device that is reached over the radio. */
export interface BlePort {
  readonly kind: 'ble';
  /** Upper case with colons. Of address, id and irkFile there is one. */
  readonly address?: string | undefined;
  /** What its payload calls it. */
  readonly id?: string | undefined;
  /** The file with the identity resolving key that its changing addresses fit. */
  readonly irkFile?: string | undefined;
  /** How long a device that advertises may be silent. */
  readonly silentAfterMs: number;
  /** Where bytes go in and out of a device that is used like a serial port. */
  readonly stream: BleStream;
}

/** How bytes are carried to and from a device that is used like a serial port; UUIDs are written as `uuidOf` does. */
export type BleStream =
  /** Bytes go to the device at `write` and come from it at `notify`. */
  { readonly kind: 'plain'; readonly service: string; readonly write: string; readonly notify: string } | { readonly kind: 'terminal-io' };

/** Six bytes as they are printed, made upper case. */
export const bleAddress = z
  .string()
  .regex(/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/, { error: 'write the six bytes of the address as they are printed, such as "C0:DE:C0:DE:00:01"' })
  .transform((address) => address.toUpperCase());

const uuid = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12})$/, { error: 'write four hexadecimal digits or a whole UUID' })
  .transform(uuidOf);

const place = z
  .strictObject({
    address: bleAddress.optional().describe('The address that is printed on the device, such as "C0:DE:C0:DE:00:01".'),
    id: z.string().min(1).max(64).optional().describe('What the payload calls the device, in place of an address that changes.'),
    irkFile: secretFile.optional().describe('For a device whose address changes: the file with its identity resolving key (IRK), 32 hexadecimal digits, or the name of a systemd credential.'),
    silentAfter: duration({ min: '5 s', max: '7 d' }).prefault('10 min').describe('How long a device that advertises may be silent before it counts as failing.'),
    stream: z.enum(['plain', 'terminal-io']).default('plain').describe('For devices that are used like a serial port: plain is written to and notifies; terminal-io is the one of Telit and Stollmann, with credits.'),
    service: uuid.optional().describe('For a plain stream: the service; 6e400001-b5a3-f393-e0a9-e50e24dcca9e, the Nordic UART service, when left out.'),
    write: uuid.optional().describe('The characteristic that takes bytes; 6e400002-b5a3-f393-e0a9-e50e24dcca9e when left out. Makers call it RX or TX.'),
    notify: uuid.optional().describe('The characteristic that bytes come from; 6e400003-b5a3-f393-e0a9-e50e24dcca9e when left out. Makers call it TX or RX.'),
  })
  .refine(({ address, id, irkFile }) => [address, id, irkFile].filter((given) => given !== undefined).length === 1, { error: 'give one of address, id and irkFile' })
  .refine(({ stream, service, write, notify }) => stream === 'plain' || [service, write, notify].every((given) => given === undefined), {
    error: 'terminal-io has UUIDs of its own: leave out service, write and notify',
  })
  .describe('A BLE device, by the address printed on it, by what its payload calls it, or by the key of its changing addresses.');

/** `port: { ble: ... }`. */
export const bleSchema = z.strictObject({ ble: place }).transform(({ ble: { address, id, irkFile, silentAfter, stream, ...given } }): BlePort => ({
  kind: 'ble',
  address,
  id,
  irkFile,
  silentAfterMs: silentAfter,
  stream: stream === 'plain' ? { kind: 'plain', service: given.service ?? NORDIC.service, write: given.write ?? NORDIC.write, notify: given.notify ?? NORDIC.notify } : { kind: 'terminal-io' },
}));

/** The device in a person's words. */
export function spokenBlePort({ address, id, irkFile }: Pick<BlePort, 'address' | 'id' | 'irkFile'>): string {
  if (address !== undefined) return `ble ${address}`;
  return id === undefined ? `ble key ${irkFile ?? ''}` : `ble id ${id}`;
}

/** The Nordic UART service. */
const NORDIC = { service: '6e400001b5a3f393e0a9e50e24dcca9e', write: '6e400002b5a3f393e0a9e50e24dcca9e', notify: '6e400003b5a3f393e0a9e50e24dcca9e' } as const;

import { uuidOf } from '../driver-kit/advertisement.ts';
import { duration, z } from '../driver-kit/options.ts';

/** A device that is reached over the radio. */
export interface BlePort {
  readonly kind: 'ble';
  /** Upper case with colons; undefined for a device that is known by what its payload calls it. */
  readonly address?: string | undefined;
  readonly addressType: 'public' | 'random';
  readonly id?: string | undefined;
  /** How long a device that advertises may be silent. */
  readonly silentAfterMs: number;
  /** Where bytes go in and out of a device that is used like a serial port. */
  readonly stream: BleStream;
}

/** The characteristics of a serial port over BLE, as `uuidOf` writes them. */
export interface BleStream {
  readonly service: string;
  /** Bytes go to the device here. */
  readonly write: string;
  /** Bytes come from the device here. */
  readonly notify: string;
}

/** Six bytes as they are printed, made upper case. */
export const bleAddress = z
  .string()
  .regex(/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/, { error: 'write the six bytes of the address as they are printed, such as "C0:DE:C0:DE:00:01"' })
  .transform((address) => address.toUpperCase());

const uuid = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12})$/, { error: 'write four hexadecimal digits or a whole UUID' })
  .transform(uuidOf);

/** `port: { ble: ... }`. */
export const bleSchema = z
  .strictObject({
    ble: z
      .strictObject({
        address: bleAddress.optional().describe('The address that is printed on the device, such as "C0:DE:C0:DE:00:01".'),
        addressType: z.enum(['public', 'random']).optional().describe('The kind of the address; random when its first digit is C, D, E or F, and otherwise public.'),
        id: z.string().min(1).max(64).optional().describe('What the payload calls the device, in place of an address that changes.'),
        silentAfter: duration({ min: '5 s', max: '7 d' }).prefault('10 min').describe('How long a device that advertises may be silent before it counts as failing.'),
        service: uuid.prefault('6e400001-b5a3-f393-e0a9-e50e24dcca9e').describe('For devices that are used like a serial port: the service; the Nordic UART service when left out.'),
        write: uuid.prefault('6e400002-b5a3-f393-e0a9-e50e24dcca9e').describe('The characteristic that takes bytes. Makers call it RX or TX.'),
        notify: uuid.prefault('6e400003-b5a3-f393-e0a9-e50e24dcca9e').describe('The characteristic that bytes come from. Makers call it TX or RX.'),
      })
      .refine(({ address, id }) => (address === undefined) !== (id === undefined), { error: 'give either address or id' }),
  })
  .transform(({ ble: { address, addressType, id, silentAfter, ...stream } }): BlePort => ({
    kind: 'ble',
    address,
    addressType: addressType ?? (/^[C-F]/.test(address ?? '') ? 'random' : 'public'),
    id,
    silentAfterMs: silentAfter,
    stream,
  }));

/** The device in a person's words. */
export function spokenBlePort({ address, id }: BlePort): string {
  return address === undefined ? `ble id ${id ?? ''}` : `ble ${address}`;
}

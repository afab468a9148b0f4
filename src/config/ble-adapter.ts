import { duration, z } from '../driver-kit/options.ts';
import { bleAddress } from './ble-port.ts';

/** The adapter for BLE devices. */
export interface BleConfiguration {
  readonly adapter: BleAdapter;
  readonly silenceMs: number;
  readonly connectionsMax: number;
  /** Whether nobody is asked for a scan response. */
  readonly isPassive: boolean;
}

/** How the adapter is reached. */
export type BleAdapter = { readonly kind: 'bluez' } | { readonly kind: 'hci'; readonly address: string } | { readonly kind: 'uart'; readonly path: string; readonly baudRate: number };

const hci = z.strictObject({ hci: bleAddress.describe('The address of an adapter that this gateway has to itself.') }).transform((given): BleAdapter => ({ kind: 'hci', address: given.hci }));
const uart = z
  .strictObject({
    uart: z.string().regex(/^\/./, { error: 'write the whole path, beginning with "/"' }).describe('The serial port of a controller that speaks HCI (H4).'),
    baudRate: z.int().min(9600).max(4_000_000).default(1_000_000).describe('The speed of that port.'),
  })
  .transform((given): BleAdapter => ({ kind: 'uart', path: given.uart, baudRate: given.baudRate }));
const bluez = z.literal('bluez').transform((): BleAdapter => ({ kind: 'bluez' }));

/** How BLE devices are reached; it matters only where there are some. */
export const bleAdapterSchema = z.strictObject({
  adapter: z.union([bluez, hci, uart]).prefault('bluez').describe('bluez shares the adapter of this machine with others; hci takes one for this gateway alone, by its address; uart is a controller on a serial port.'),
  silence: duration({ min: '5 s', max: '24 h' }).prefault('60 s').describe('How long nothing at all may be heard, from anybody, before the scan is begun again, then the radio, then the adapter reset. Write more where there are few devices.'),
  connectionsMax: z.int().min(1).max(16).default(3).describe('How many devices may be connected at once; others wait.'),
  scan: z.enum(['active', 'passive']).default('active').describe('active asks each device for its scan response, where some have half of what they say; passive only hears, and spares their batteries.'),
}).refine(({ adapter, scan }) => scan === 'active' || adapter.kind !== 'bluez', { path: ['scan'], error: 'BlueZ has no switch for it: use an adapter of its own (hci or uart)' });

/** The section as the gateway takes it. */
export function bleOf({ adapter, silence, connectionsMax, scan }: z.output<typeof bleAdapterSchema>): BleConfiguration {
  return { adapter, silenceMs: silence, connectionsMax, isPassive: scan === 'passive' };
}

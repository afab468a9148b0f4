import { z } from '../driver-kit/options.ts';
import { type BlePort, bleSchema, spokenBlePort } from './ble-port.ts';

/** Where a device is plugged in. */
export type PortConfiguration = PathPort | TcpPort | MatchPort | BlePort;

/** A device file, such as /dev/ttyUSB0. */
export interface PathPort {
  readonly kind: 'path';
  readonly path: string;
}

/** A serial device server in raw mode. */
export interface TcpPort {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

/** What a serial port must be; everything that is given has to fit. */
export interface MatchPort {
  readonly kind: 'match';
  /** The name in /dev/serial/by-id. */
  readonly byId?: string | undefined;
  readonly usb?: { readonly vendor: string; readonly product: string; readonly serial?: string | undefined } | undefined;
  /** The USB socket, such as "1-1.4". */
  readonly topology?: string | undefined;
}

const usbId = z
  .string()
  .regex(/^[0-9A-Fa-f]{4}$/, { error: 'write the four hexadecimal digits that lsusb shows, in quotes' })
  .transform((id) => id.toLowerCase());

const place = z.string().meta({ examples: ['/dev/ttyUSB0', 'tcp://10.0.0.5:4001'] }).transform((text, context): PathPort | TcpPort => {
  const port = parsePlace(text);
  if (typeof port !== 'string') return port;
  context.addIssue({ code: 'custom', message: port });
  return z.NEVER;
});

const match = z
  .strictObject({
    byId: z.string().regex(/^[^/]{1,255}$/, { error: 'write the name in /dev/serial/by-id, without the folder' }).optional().describe('The name in /dev/serial/by-id; "*" stands for any characters.'),
    usb: z
      .strictObject({
        vendor: usbId.describe('The vendor, four hexadecimal digits as lsusb shows them, such as "0c2e".'),
        product: usbId.describe('The product, four hexadecimal digits as lsusb shows them, such as "0b6a".'),
        serial: z.string().min(1).max(255).optional().describe('The serial number, where several of the same kind are plugged in.'),
      })
      .optional()
      .describe('What the USB adapter says of itself.'),
    topology: z
      .string()
      .regex(/^\d+-\d+(?:\.\d+)*(?::\d+\.\d+)?$/, { error: 'write the USB socket as the kernel names it, such as "1-1.4" or "1-1.4:1.0"' })
      .optional()
      .describe('The USB socket that it is plugged into, such as "1-1.4".'),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), { error: 'give at least one of byId, usb and topology' })
  .transform((given): MatchPort => ({ kind: 'match', ...given }));

/** A port as it is written: a path, tcp://HOST:PORT, what the port must be, or a BLE device. */
export const portSchema = z.union([place, match, bleSchema]);

/** The port in a person's words, such as "/dev/ttyUSB0", "tcp://10.0.0.5:4001" or "usb 0c2e:0b6a". */
export function spokenPort(port: PortConfiguration): string {
  if (port.kind === 'path') return port.path;
  if (port.kind === 'ble') return spokenBlePort(port);
  if (port.kind === 'tcp') return `tcp://${port.host.includes(':') ? `[${port.host}]` : port.host}:${port.port}`;
  const { byId, usb, topology } = port;
  const said = [
    usb && `usb ${usb.vendor}:${usb.product}${usb.serial === undefined ? '' : ` serial ${usb.serial}`}`,
    byId && `by-id ${byId}`,
    topology && `at usb socket ${topology}`,
  ];
  return said.filter((part) => part !== undefined).join(' ');
}

/** Equal for ports that are written so that they are certainly one line; devices of one key share a bus. */
export function portKey(port: PortConfiguration): string {
  const onlyById = port.kind === 'match' && port.usb === undefined && port.topology === undefined ? port.byId : undefined;
  return onlyById === undefined ? spokenPort(port) : BY_ID + onlyById;
}

const BY_ID = '/dev/serial/by-id/';
const TCP_PORT_MAX = 65_535;

/** The port, or what is wrong with it. */
function parsePlace(text: string): PathPort | TcpPort | string {
  if (/^\/./.test(text)) return { kind: 'path', path: text };
  if (/^tty\w+$/.test(text)) return `write the whole path: /dev/${text}`;
  if (/^COM\d+$/i.test(text)) return 'this is the name of a port on Windows; here it is something like /dev/ttyUSB0';
  const tcp = /^tcp:\/\/(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/.exec(text);
  const port = Number(tcp?.[3]);
  const host = tcp?.[1] ?? tcp?.[2];
  if (host !== undefined && port >= 1 && port <= TCP_PORT_MAX) return { kind: 'tcp', host: host.toLowerCase(), port };
  if (text.startsWith('tcp:')) return 'write tcp://HOST:PORT with a port from 1 to 65535';
  return 'write a path such as /dev/ttyUSB0, tcp://HOST:PORT, or a match such as { usb: { vendor: "0c2e", product: "0b6a" } }';
}

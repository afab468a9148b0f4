import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The folders to look in; tests give others. */
export interface Roots {
  readonly sys: string;
  readonly dev: string;
}

/** What a USB adapter says of itself; vendor and product are four hexadecimal digits. */
export interface UsbAdapter {
  readonly vendor: string;
  readonly product: string;
  /** Empty where it has none. */
  readonly serial: string;
}

/** One serial port that is there now. */
export interface AttachedPort {
  /** The device file, such as "/dev/ttyUSB0". */
  readonly path: string;
  /** Its names in /dev/serial/by-id. */
  readonly byId: readonly string[];
  readonly usb?: UsbAdapter | undefined;
  /** The USB socket and the interface, such as "1-1.4" and "1-1.4:1.0". */
  readonly topology: readonly string[];
}

/** Where Linux keeps them. */
export const SYSTEM_ROOTS: Roots = { sys: '/sys', dev: '/dev' };

/** Every serial port with hardware behind it. Not through udevadm or a list of known names, so no driver is left out. */
export function attachedPorts(roots: Roots = SYSTEM_ROOTS): readonly AttachedPort[] {
  const names = byIdNames(roots);
  const ports: AttachedPort[] = [];
  for (const name of entries(join(roots.sys, 'class/tty'))) {
    const folder = join(roots.sys, 'class/tty', name);
    const device = resolved(join(folder, 'device'));
    if (device === undefined || text(join(folder, 'type')) === NO_HARDWARE) continue;
    const usb = usbFolders(device, roots);
    ports.push({
      path: join(roots.dev, name),
      byId: names.get(name) ?? [],
      usb: usb && {
        vendor: text(join(usb.device, 'idVendor')) ?? '',
        product: text(join(usb.device, 'idProduct')) ?? '',
        serial: text(join(usb.device, 'serial')) ?? '',
      },
      topology: usb === undefined ? [] : [basename(usb.device), basename(usb.interface)],
    });
  }
  return ports;
}

/** The ports as an error lists them, at most ten. */
export function listed(ports: readonly AttachedPort[]): string {
  if (ports.length === 0) return 'no serial port is attached';
  const said = ports.slice(0, LISTED_MAX).map(({ path, usb, topology, byId }) => {
    const about = [usb && `usb ${usb.vendor}:${usb.product} serial ${usb.serial || 'none'}`, topology[1], byId[0]];
    return `${path} (${about.filter((part) => part !== undefined).join(', ') || 'not USB'})`;
  });
  const more = ports.length > LISTED_MAX ? ` and ${ports.length - LISTED_MAX} more` : '';
  return `there are ${said.join(', ')}${more}`;
}

/** The nearest folder above that is a USB device, and the interface below it; undefined for a port that is not USB. */
function usbFolders(from: string, roots: Roots): { readonly device: string; readonly interface: string } | undefined {
  let below = from;
  for (let at = from; at.startsWith(resolved(roots.sys) ?? roots.sys) && at !== dirname(at); at = dirname(at)) {
    if (text(join(at, 'idVendor')) !== undefined) return { device: at, interface: below };
    below = at;
  }
  return undefined;
}

function byIdNames(roots: Roots): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  const folder = join(roots.dev, 'serial/by-id');
  for (const name of entries(folder)) {
    const port = basename(linkTarget(join(folder, name)));
    names.set(port, [...(names.get(port) ?? []), name]);
  }
  return names;
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // the folder is there only while something is attached
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // it went away while we looked
  }
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // virtual terminals have no device
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // not every device has every file
  }
}

/** The kernel makes ttyS0 to ttyS3 whether or not a UART is behind them; these say so by their type. */
const NO_HARDWARE = '0';
const LISTED_MAX = 10;

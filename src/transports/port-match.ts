import { LinkError } from '../core/errors.ts';
import { type AttachedPort, attachedPorts, listed, type Roots, SYSTEM_ROOTS, type UsbAdapter } from './attached-ports.ts';

/** What a port must be, where it is not named by a path: everything that is given has to fit. */
export interface PortMatch {
  /** The name in /dev/serial/by-id; `*` stands for any characters and `?` for one. */
  readonly byId?: string | undefined;
  readonly usb?: { readonly [name in keyof UsbAdapter]?: string | undefined } | undefined;
  /** The USB socket, such as "1-1.4", or one interface of an adapter with several ports, such as "1-1.4:1.2". */
  readonly topology?: string | undefined;
}

/**
 * The one port that fits, looked up now, since a replugged adapter can come back under another name. Throws a LinkError
 * that lists what is there when none or more than one fits.
 */
export function matchPort(match: PortMatch, where: string, roots: Roots = SYSTEM_ROOTS): AttachedPort {
  const attached = attachedPorts(roots);
  const [found, ...others] = attached.filter((port) => fits(port, match));
  if (found === undefined) {
    throw new LinkError({ where, what: 'no attached port fits', remedy: `Plug it in, or correct the match; ${listed(attached)}` });
  }
  if (others.length > 0) {
    throw new LinkError({
      where,
      what: `${others.length + 1} attached ports fit`,
      remedy: `Add \`serial\` or \`topology\` to the match; ${listed([found, ...others])}`,
    });
  }
  return found;
}

/** The match in a person's words, the same as the configuration's own: "usb 0c2e:0b6a at usb socket 1-1.4". */
export function spokenMatch({ byId, usb, topology }: PortMatch): string {
  const said = [
    usb && `usb ${usb.vendor ?? '*'}:${usb.product ?? '*'}${usb.serial === undefined ? '' : ` serial ${usb.serial}`}`,
    byId && `by-id ${byId}`,
    topology && `at usb socket ${topology}`,
  ];
  return said.filter((part) => part !== undefined && part !== '').join(' ');
}

function fits(port: AttachedPort, { byId, usb, topology }: PortMatch): boolean {
  if (byId !== undefined && !port.byId.some((name) => globbed(byId).test(name))) return false;
  if (topology !== undefined && !port.topology.includes(topology)) return false;
  if (usb === undefined) return true;
  return (
    port.usb !== undefined &&
    (usb.vendor === undefined || usb.vendor.toLowerCase() === port.usb.vendor) &&
    (usb.product === undefined || usb.product.toLowerCase() === port.usb.product) &&
    (usb.serial === undefined || usb.serial === port.usb.serial)
  );
}

function globbed(glob: string): RegExp {
  const pattern = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${pattern}$`);
}

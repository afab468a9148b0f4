import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A fingerprint of this machine, which a copied card does not carry along: `kind:hash` of the board's serial number in
 * the device tree, of the mainboard's UUID and of the first built-in network adapter, the surest first, as far as this user
 * may read them. Empty where the machine has none of them, as in many containers.
 */
export function hardwareFingerprint(root = '/'): string {
  const found = [
    ['dt', readNumber(join(root, 'proc/device-tree/serial-number'))],
    ['dmi', readNumber(join(root, 'sys/class/dmi/id/product_uuid'))],
    ['mac', builtInAddress(join(root, 'sys/class/net'))],
  ] as const;
  return found.flatMap(([kind, text]) => (text === undefined ? [] : [`${kind}:${hash(text)}`])).join(' ');
}

/** Numbers that a maker left unset are the same on many machines. */
function readNumber(file: string): string | undefined {
  const text = readText(file)?.toLowerCase();
  return text === undefined || /^[0:. -]*$|^[f-]*$|not |default|to be filled/.test(text) ? undefined : text;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').replaceAll('\0', '').trim();
  } catch {
    return undefined; // not every machine has it, and not every user may read it
  }
}

/** The lowest permanent address of an adapter that is no virtual one and cannot be unplugged. */
function builtInAddress(folder: string): string | undefined {
  const addresses = namesIn(folder).flatMap((name) => {
    const device = deviceOf(join(folder, name));
    if (device === undefined || device.includes('/usb') || readText(join(folder, name, 'addr_assign_type')) !== PERMANENT) return [];
    return readNumber(join(folder, name, 'address')) ?? [];
  });
  return addresses.sort()[0];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no network at all
  }
}

function deviceOf(folder: string): string | undefined {
  try {
    return realpathSync(join(folder, 'device'));
  } catch {
    return undefined; // a bridge, a tunnel, the loopback
  }
}

/** Not the numbers themselves: the outbox may be sent to somebody for help. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
}

/** `addr_assign_type` of an address that is the adapter's own (Linux, sysfs-class-net). */
const PERMANENT = '0';

const HASH_DIGITS = 12;

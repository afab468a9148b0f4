import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelAdapter } from './own-adapter.ts';

/** The adapters in the kernel's folder, which numbers them as they come. Whether their addresses stand there is up to the kernel. */
export function kernelsAdapters(folder: string): readonly KernelAdapter[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const number = /^hci(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [{ number: Number(number), address: addressIn(join(folder, name, 'address')) }];
  });
}

/** An adapter that is not set up yet has none, and one may go while it is looked at. */
function addressIn(file: string): string | undefined {
  try {
    const address = readFileSync(file, 'utf8').trim().toUpperCase();
    return ADDRESS.test(address) && address !== NONE ? address : undefined;
  } catch {
    return undefined;
  }
}

const ADDRESS = /^[0-9A-F]{2}(?::[0-9A-F]{2}){5}$/;
const NONE = '00:00:00:00:00:00';

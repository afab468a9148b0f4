import { AdapterFault } from './adapter-fault.ts';
import type { Noble } from './library.ts';

/** An adapter that the kernel numbers, and its address where the kernel tells it. */
export interface KernelAdapter {
  readonly number: number;
  readonly address?: string | undefined;
}

/** How adapters are opened. */
export interface OpeningLibrary {
  readonly open: (number: number) => Noble;
  /** Rejects with an AdapterFault when it cannot be used. */
  readonly ready: (noble: Noble) => Promise<void>;
}

/**
 * The adapter of this address. Where the kernel does not tell addresses, only an open adapter does, so others are opened
 * too, and closed again. One that cannot be used may be another's, such as bluetoothd's, and is passed over; only when none
 * is the one it is told why. Rejects with an AdapterFault.
 */
export async function ownAdapter(address: string, adapters: readonly KernelAdapter[], { open, ready }: OpeningLibrary): Promise<Noble> {
  let refusal: AdapterFault | undefined;
  const told = adapters.filter((adapter) => adapter.address === address);
  const untold = adapters.filter((adapter) => adapter.address === undefined);
  for (const { number } of [...told, ...untold]) {
    const noble = open(number);
    try {
      await ready(noble);
      if (noble.address.toUpperCase() === address) return noble;
    } catch (error) {
      if (!(error instanceof AdapterFault)) throw error;
      refusal ??= error;
    }
    close(noble);
  }
  throw refusal ?? new AdapterFault({ what: `there is no adapter ${address}`, remedy: 'Plug it in, correct `ble.adapter`, and look at `ls /sys/class/bluetooth`: a container needs the host\'s network to see one' });
}

/**
 * The native binding closes its socket when it is stopped, and the same number again when it is collected
 * (src/BluetoothHciSocket.cpp of 2.3.0), which by then may be that of the adapter that was taken: so it is never collected.
 */
function close(noble: Noble): void {
  CLOSED.push(noble);
  noble.stop();
}

/** As many as there are adapters: a search that fails ends the process. */
const CLOSED: Noble[] = [];

import { AdapterFault } from './adapter-fault.ts';
import type { Noble } from './library.ts';

/**
 * The adapter of this address among those that the kernel numbers; which is which tells only an open one. One that cannot be
 * opened may be another's, such as bluetoothd's, and is passed over; only when none is the one it is told why. Rejects with an AdapterFault.
 */
export async function ownAdapter(address: string, numbers: readonly number[], open: (number: number) => Promise<Noble>): Promise<Noble> {
  let refusal: AdapterFault | undefined;
  for (const number of numbers) {
    try {
      const noble = await open(number);
      if (noble.address.toUpperCase() === address) return noble;
      noble.stop();
    } catch (error) {
      if (!(error instanceof AdapterFault)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new AdapterFault({ what: `there is no adapter ${address}`, remedy: 'Plug it in, correct `ble.adapter`, and look at `ls /sys/class/bluetooth`: a container needs the host\'s network to see one' });
}

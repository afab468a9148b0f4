import { LinkError, ProtocolError } from '../../core/errors.ts';
import type { GattLink, Place } from '../../driver-kit/radio.ts';

/** The level in % of the Battery Service (Bluetooth SIG, Assigned Numbers). */
export const BATTERY: Place = { service: '180f', characteristic: '2a19' };

/** Asks devices that carry bytes for their batteries beside that. One that refuses may lose its connection by it, so it is asked three times and no more. */
export class StreamBattery {
  readonly #told: (level: number) => void;
  #refusals = 0;

  constructor(told: (level: number) => void) {
    this.#told = told;
  }

  /** Asks a connected device now and each hour, until it is gone. Rejects only with bugs. */
  async watch(device: GattLink): Promise<void> {
    if (!device.has(BATTERY) || this.#refusals >= REFUSALS_MAX) return;
    try {
      do await this.#ask(device);
      while (await isDue(device));
    } catch (error) {
      if (!(error instanceof LinkError || error instanceof ProtocolError)) throw error;
      this.#refusals += 1;
    }
  }

  async #ask(device: GattLink): Promise<void> {
    const [level = NONE] = (await device.read(BATTERY)).bytes;
    this.#refusals = 0;
    if (level < NONE) this.#told(level);
  }
}

/** Waits until it is time to ask again; false when the device is gone before. */
async function isDue(device: GattLink): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const due = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(true), EVERY_MS)));
  const outcome = await Promise.race([device.closed.then(() => false), due]);
  clearTimeout(timer);
  return outcome;
}

/** What lies above 100 % is no level. */
const NONE = 101;
const REFUSALS_MAX = 3;
const EVERY_MS = 3_600_000;

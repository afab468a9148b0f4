import { type Clock, pause } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { EventReading } from '../core/reading.ts';
import type { Driver } from '../driver-kit/define-driver.ts';
import { type AdvertisingSession, runAdvertising, tagNoteKey } from './advertising-session.ts';
import { type GattSession, runGatt } from './gatt-session.ts';

/** A device that is heard or connected to over the radio. */
export interface RadioDevice extends Pick<AdvertisingSession, 'device' | 'options' | 'id' | 'silentAfterMs' | 'radio' | 'status' | 'log' | 'report' | 'signal'>, Pick<GattSession, 'random'> {
  readonly driver: Driver;
  readonly address?: string | undefined;
  readonly addressType: 'public' | 'random';
  readonly clock: Clock;
  /** What was noted under a key. */
  readonly note: (key: string) => string | undefined;
  /** What a file with a secret holds; rejects with a ConfigurationError. */
  readonly readSecret: (file: string) => Promise<string>;
  readonly event: (event: EventReading) => void;
}

/** Keeps it running until the signal is aborted, once its secrets can be read. Rejects only with bugs. */
export async function runRadioDevice(parts: RadioDevice): Promise<void> {
  const { device, driver, clock, event, note, address = '' } = parts;
  const options = await withSecrets(parts);
  if (options === undefined) return;
  const batteryLow = (low: boolean): void => event({ kind: 'battery-low', device, stamp: clock.stamp(), content: { device, low } });
  if (driver.form === 'advertising') await runAdvertising({ ...parts, driver, options, note: note(tagNoteKey(device)), batteryLow });
  if (driver.form === 'gatt') await runGatt({ ...parts, driver, options, address, batteryLow });
}

/** The options with what their files hold; undefined when the signal is aborted first. */
async function withSecrets({ driver, options, status, clock, readSecret, signal }: RadioDevice): Promise<unknown> {
  while (!signal.aborted) {
    try {
      const entries = Object.entries(options as object).map(async ([key, value]: [string, unknown]) => {
        const isFile = driver.secrets?.includes(key) === true && typeof value === 'string';
        return [key, isFile ? (await readSecret(value)).trim() : value] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      status.failing(error.message);
      await pause(clock, SECRET_AGAIN_MS, signal);
    }
  }
  return undefined;
}

const SECRET_AGAIN_MS = 30_000;

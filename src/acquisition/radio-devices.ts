import { type Clock, pause } from '../core/clock.ts';
import { Decimal } from '../core/decimal.ts';
import { ConfigurationError, StorageError } from '../core/errors.ts';
import { hexOf } from '../core/hex.ts';
import type { Log } from '../core/log.ts';
import type { EventReading } from '../core/reading.ts';
import type { Notes, RecordReadings } from '../core/record.ts';
import type { Driver } from '../driver-kit/define-driver.ts';
import type { Radio, Whom } from '../driver-kit/radio.ts';
import { runAdvertising } from './advertising-session.ts';
import { BatteryEvents } from './battery-events.ts';
import type { Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { runGatt } from './gatt-session.ts';
import type { PollRequests } from './poll-requests.ts';
import { Tag } from './tag.ts';

/** A device that is heard or connected to over the radio. */
export interface RadioDevice {
  readonly device: string;
  readonly driver: Driver;
  /** The driver's parsed options. */
  readonly options: unknown;
  /** Undefined for one that is known by its id; rejects with a ConfigurationError where a file with a key cannot be read. */
  readonly whom: () => Promise<Whom | undefined>;
  /** What its payload calls it. */
  readonly id?: string | undefined;
  readonly silentAfterMs: number;
  readonly radio: Radio;
  readonly status: DeviceStatus;
  readonly report: (report: Report) => Promise<'questioned' | void>;
  /** Where wishes to read it out of turn are taken. */
  readonly requests?: PollRequests | undefined;
}

/** What RadioDevices is made of. */
export interface RadioDevicesParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly record: RecordReadings;
  /** What was noted under a key. */
  readonly note: (key: string) => string | undefined;
  readonly event: (event: EventReading) => void;
  /** What a file with a secret holds; rejects with a ConfigurationError. */
  readonly readSecret: (file: string) => Promise<string>;
}

/** The devices of a radio: each runs in its session, and what is remembered of tags a person can have forgotten. */
export class RadioDevices {
  readonly #parts: RadioDevicesParts;
  readonly #batteries: BatteryEvents;
  readonly #tags = new Map<string, Tag>();
  /** Why tags are not heard yet whose keys are to be read first. */
  readonly #keyless = new Map<string, string>();

  constructor(parts: RadioDevicesParts) {
    this.#parts = parts;
    this.#batteries = new BatteryEvents({ clock: parts.clock, record: parts.event });
  }

  /** Keeps one running until the signal is aborted, once its secrets can be read. Rejects only with bugs. */
  async run(device: RadioDevice): Promise<void> {
    const { driver } = device;
    if (driver.form === 'advertising') this.#keyless.set(device.device, 'its key is being read; say it again in a moment');
    const secrets = await this.#withSecrets(device);
    if (secrets === undefined) return;
    const { whom } = secrets;
    const parts = { ...this.#parts, ...device, ...secrets, batteries: this.#batteries };
    if (driver.form === 'advertising') {
      const tag = new Tag({ ...parts, driver });
      this.#tags.set(device.device, tag);
      const note = async (notes: Notes, lingerMs: number): Promise<void> => void (await this.#parts.record([], notes, { lingerMs }));
      await runAdvertising({ ...parts, driver, tag, note });
    }
    if (driver.form === 'gatt' && whom !== undefined) await runGatt({ ...parts, driver, whom });
  }

  /** Takes the level of a battery in % from a device that is there for something else, such as a scanner. Rejects only with bugs. */
  async battery(level: number, { device, report }: Pick<RadioDevice, 'device' | 'report'>): Promise<void> {
    const observations = [{ kind: 'meter', meter: 'battery', quantity: 'battery-level', meterKind: 'gauge', value: Decimal.of(level), raw: hexOf(Uint8Array.of(level)) }] as const;
    this.#batteries.heard({ device, observations });
    try {
      await report({ observations, stamp: this.#parts.clock.stamp() });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error; // counted, and it is read again
    }
  }

  /** Forgets what is remembered of a tag, or resolves with the reason why it cannot be. Rejects with a StorageError. */
  async reset(device: string): Promise<string | undefined> {
    const tag = this.#tags.get(device);
    if (tag === undefined) return this.#keyless.get(device) ?? 'no device of this name advertises';
    await this.#parts.record([], tag.reset());
    return undefined;
  }

  /** The options and the device with what their files hold; undefined when the signal is aborted first. */
  async #withSecrets({ device, driver, options, status, whom }: RadioDevice): Promise<{ readonly options: unknown; readonly whom: Whom | undefined } | undefined> {
    const { clock, readSecret, signal } = this.#parts;
    while (!signal.aborted) {
      try {
        const entries = Object.entries(options as object).map(async ([key, value]: [string, unknown]) => {
          const isFile = driver.secrets?.includes(key) === true && typeof value === 'string';
          return [key, isFile ? (await readSecret(value)).trim() : value] as const;
        });
        return { options: Object.fromEntries(await Promise.all(entries)), whom: await whom() };
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        status.failing(error.message);
        if (driver.form === 'advertising') this.#keyless.set(device, `its key cannot be read: ${error.message}`);
        await pause(clock, SECRET_AGAIN_MS, signal);
      }
    }
    return undefined;
  }
}

const SECRET_AGAIN_MS = 30_000;

import type { Log } from '../core/log.ts';
import type { DeviceReport } from './device-status.ts';

/** Tells the log when a device opens or fails, and each failure once. A remark beside *open* is its session's to log. */
export class DeviceLog {
  readonly #log: Log;
  readonly #told = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** A device is in this state now. */
  changed({ device, state, why, link }: DeviceReport): void {
    const news = state === 'open' ? state : `${state}: ${why ?? ''}`;
    if (this.#told.get(device) === news) return;
    this.#told.set(device, news);
    if (state === 'open') this.#log.info(`${device}: open`, { device, link });
    else this.#log.warn(`${device}: ${why ?? state}`, { device });
  }
}

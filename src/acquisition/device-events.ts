import type { Cancel, Clock } from '../core/clock.ts';
import type { EventReading } from '../core/reading.ts';
import type { DeviceReport } from './device-status.ts';

/**
 * Turns a device's changes of state into `device-state` events that are worth the receiver's attention: a failure
 * that has lasted ten seconds, and the end of a failure that was told. A plug that wobbles makes no flood.
 */
export class DeviceEvents {
  readonly #clock: Clock;
  readonly #record: (event: EventReading) => void;
  readonly #told = new Set<string>();
  readonly #pending = new Map<string, { readonly cancel: Cancel; report: DeviceReport }>();

  constructor(parts: { readonly clock: Clock; readonly record: (event: EventReading) => void }) {
    this.#clock = parts.clock;
    this.#record = parts.record;
  }

  /** A device's state has changed. */
  changed(report: DeviceReport): void {
    if (report.state === 'failing') this.#failing(report);
    else if (report.state === 'open') this.#open(report.device);
  }

  /** Forgets failures that were not told yet. */
  stop(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  #failing(report: DeviceReport): void {
    const pending = this.#pending.get(report.device);
    if (pending !== undefined) {
      pending.report = report;
      return;
    }
    if (this.#told.has(report.device)) return;
    const cancel = this.#clock.after(LASTING_MS, () => {
      const last = this.#pending.get(report.device)?.report ?? report;
      this.#pending.delete(report.device);
      this.#told.add(report.device);
      this.#tell(report.device, { device: report.device, state: 'failing', why: last.why ?? 'unknown' });
    });
    this.#pending.set(report.device, { cancel, report });
  }

  #open(device: string): void {
    this.#pending.get(device)?.cancel();
    this.#pending.delete(device);
    if (this.#told.delete(device)) this.#tell(device, { device, state: 'open' });
  }

  #tell(device: string, content: EventReading['content']): void {
    this.#record({ kind: 'device-state', device, stamp: this.#clock.stamp(), content });
  }
}

const LASTING_MS = 10_000;

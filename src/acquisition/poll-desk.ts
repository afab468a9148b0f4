import type { PollNow, PollOutcome, PollRefusal } from '../core/poll-outcome.ts';
import type { Driver } from '../driver-kit/define-driver.ts';
import { PollRequests } from './poll-requests.ts';

/** A configured device, as far as it matters to who wishes it to be read. */
export interface KnownDevice {
  readonly name: string;
  readonly driver: Driver;
  /** The driver's parsed options. */
  readonly options: unknown;
}

/** Takes wishes to read a device now, checks that there is such a meter, and leads each to its device. */
export class PollDesk {
  readonly #devices: readonly KnownDevice[];
  readonly #requests = new Map<string, PollRequests>();

  constructor(devices: readonly KnownDevice[]) {
    this.#devices = devices;
  }

  /** The wishes for one device, the same at each call: its session serves them. */
  requestsOf(device: string): PollRequests {
    const requests = this.#requests.get(device) ?? new PollRequests();
    this.#requests.set(device, requests);
    return requests;
  }

  /** See PollNow. */
  readonly poll: PollNow = (name, meter) => {
    const device = this.#devices.find((candidate) => candidate.name === name);
    if (device === undefined) return refused('unknown_device', `there is no such device; there are ${listed(this.#devices.map((one) => one.name))}`);
    const { driver, options } = device;
    if (driver.reports !== 'meters' || driver.form === 'listening' || driver.form === 'advertising') return refused('not_pollable', 'it is not asked for values: it sends them by itself, or scans');
    const meters = driver.meters(options);
    if (meter !== undefined && meters?.includes(meter) === false) return refused('unknown_meter', `it has no such meter; it has ${listed(meters)}`);
    return this.requestsOf(name).ask(meter);
  };
}

function refused(code: PollRefusal, message: string): PollOutcome {
  return { kind: 'refused', code, message };
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, NAMES_MAX).join(', ')}${names.length > NAMES_MAX ? ' and others' : ''}`;
}

const NAMES_MAX = 100;

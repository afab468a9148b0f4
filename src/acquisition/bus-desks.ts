import { realpathSync } from 'node:fs';
import { BusDesk } from './bus-desk.ts';

/** The desks of all buses, each found by any name of its port. */
export class BusDesks {
  readonly #desks = new Map<string, BusDesk>();

  /** The desk of the bus on this port, the same at each call. */
  of(port: string): BusDesk {
    const desk = this.#desks.get(port) ?? new BusDesk();
    this.#desks.set(port, desk);
    return desk;
  }

  /** The desk of the bus that holds this port, by whatever path it is named; undefined when none does. */
  at(port: string): BusDesk | undefined {
    const place = placeOf(port);
    const found = [...this.#desks].find(([name, desk]) => name === port || placeOf(name) === place || (desk.linkName !== undefined && placeOf(desk.linkName) === place));
    return found?.[1];
  }
}

/** What a path such as one in /dev/serial/by-id leads to; a name that is no path, or leads nowhere, stands for itself. */
function placeOf(port: string): string {
  try {
    return port.startsWith('/') ? realpathSync(port) : port;
  } catch {
    return port; // not plugged in now
  }
}

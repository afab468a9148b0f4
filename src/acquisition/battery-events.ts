import type { Clock } from '../core/clock.ts';
import { Decimal } from '../core/decimal.ts';
import type { Observation } from '../core/observation.ts';
import type { EventReading } from '../core/reading.ts';

/** What was heard of a device, as far as its battery is concerned. */
export interface HeardBattery {
  readonly device: string;
  readonly observations: readonly Observation[];
  /** What the device or its driver says itself; it weighs more than the level. */
  readonly batteryLow?: boolean | undefined;
}

/** Tells once that a device's battery is low, and again only after it was well in between, as after a change of battery. */
export class BatteryEvents {
  readonly #clock: Pick<Clock, 'stamp'>;
  readonly #record: (event: EventReading) => void;
  /** The devices that were told, with the level at which they were. */
  readonly #told = new Map<string, Decimal | undefined>();

  constructor(parts: { readonly clock: Pick<Clock, 'stamp'>; readonly record: (event: EventReading) => void }) {
    this.#clock = parts.clock;
    this.#record = parts.record;
  }

  /** Takes what one advertisement or characteristic said. */
  heard({ device, observations, batteryLow }: HeardBattery): void {
    const level = levelIn(observations);
    const isLow = batteryLow ?? (level === undefined ? undefined : level.compare(LOW) <= 0);
    if (isLow === undefined) return;
    if (isLow && !this.#told.has(device)) {
      this.#told.set(device, level);
      this.#record({ kind: 'battery-low', device, stamp: this.#clock.stamp(), content: { device, level } });
    } else if (!isLow && isWell(level, this.#told.get(device))) {
      this.#told.delete(device);
    }
  }
}

function levelIn(observations: readonly Observation[]): Decimal | undefined {
  for (const observation of observations) {
    if (observation.kind === 'meter' && observation.quantity === 'battery-level' && observation.value instanceof Decimal) return observation.value;
  }
  return undefined;
}

/** A level that sways about the limit is no new battery. */
function isWell(level: Decimal | undefined, told: Decimal | undefined): boolean {
  return level === undefined || told === undefined || level.compare(told.plus(RECOVERED)) >= 0;
}

/** In %, where nobody says otherwise. */
const LOW = Decimal.of(15);
const RECOVERED = Decimal.of(10);

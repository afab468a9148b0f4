import { StorageError } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import type { Unit } from '../core/quantity.ts';
import type { Reading, Stamp } from '../core/reading.ts';
import type { Notes, RecordReadings } from '../core/record.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import { ruled } from '../identification/roles.ts';
import { scanContent } from '../identification/scan-content.ts';
import type { Entered, MeterBook } from '../metering/meter-book.ts';
import { assetOf, meterEntry, type MeterMapping } from '../metering/meter-content.ts';
import type { Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { epochReading } from './epoch-reading.ts';

/** What an Intake is made of. */
export interface IntakeParts {
  readonly record: RecordReadings;
  readonly meters: MeterBook;
  /** What gives scans a role. */
  readonly rules: readonly ScanRule[];
}

/** What is to be known of the device whose observations come in. */
export interface IntakeDevice {
  /** The device's name, and what the configuration says of its meters. */
  readonly mapping: MeterMapping;
  /** Counts what is stored and what is refused. */
  readonly status: DeviceStatus;
  /** How long its readings may wait for company before they are committed. */
  readonly lingerMs: number;
}

/** Says what the observations of devices mean, and has them stored with everything that must not part from them. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Records what one frame said; resolves after the commit, with 'questioned' when what was stored looks wrong. Rejects
   * with a StorageError when it was not stored.
   */
  async take({ observations, stamp }: Report, { mapping, status, lingerMs }: IntakeDevice): Promise<'questioned' | undefined> {
    const { readings, events, notes, suppressed, settled, isQuestioned } = this.#meant(observations, mapping, stamp);
    status.counts.unchanged += suppressed.same;
    status.counts.tooSoon += suppressed.tooSoon;
    let outcome: 'stored' | 'refused' = 'refused';
    try {
      await this.#parts.record([...events, ...readings], notes, { lingerMs });
      outcome = 'stored';
      status.counts.readings += readings.length;
      return isQuestioned ? 'questioned' : undefined;
    } catch (error) {
      if (error instanceof StorageError) status.counts.refused += readings.length;
      throw error;
    } finally {
      settled(outcome);
    }
  }

  /** Takes a person's word that a counter was replaced; resolves with its new epoch after the commit, with undefined when it was never read. */
  async replaced({ meter, unit, mapping }: { readonly meter: string; readonly unit?: Unit | undefined; readonly mapping: MeterMapping }, stamp: Stamp): Promise<number | undefined> {
    const entered = this.#parts.meters.replaced({ device: mapping.device, meter, unit, asset: assetOf(meter, mapping) });
    if (entered === undefined) return undefined;
    let outcome: 'stored' | 'refused' = 'refused';
    try {
      await this.#parts.record(entered.events.map((begun) => epochReading(begun, stamp)), entered.notes);
      outcome = 'stored';
      return entered.epoch;
    } finally {
      entered.settled(outcome);
    }
  }

  /** Scans and meter readings, each in their order: what a frame says of a meter is judged by what was said before. */
  #meant(observations: readonly Observation[], mapping: MeterMapping, stamp: Stamp): Meant {
    const { device } = mapping;
    const scans = observations.filter((observation) => observation.kind === 'scan').map((scan) => ruled(scanContent(scan, { device }), this.#parts.rules));
    const values = observations.filter((observation) => observation.kind === 'meter').map((value) => meterEntry(value, mapping));
    const { contents, events, notes, suppressed, settled } = this.#parts.meters.enter(values, stamp);
    const readings: Reading[] = [
      ...scans.map(({ content }) => ({ kind: 'scan', device, stamp, content }) as const),
      ...contents.map((content) => ({ kind: 'reading', device, stamp, content }) as const),
    ];
    const told = events.map((begun) => epochReading(begun, stamp));
    return { readings, events: told, notes, suppressed, settled, isQuestioned: scans.some((scan) => scan.isQuestioned) };
  }
}

/** What a frame means: what is to be stored together, and what is to be said at the device. */
interface Meant extends Pick<Entered, 'suppressed' | 'settled'> {
  readonly readings: readonly Reading[];
  readonly events: readonly Reading[];
  readonly notes: Notes;
  readonly isQuestioned: boolean;
}

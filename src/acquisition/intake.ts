import { StorageError } from '../core/errors.ts';
import type { Reading } from '../core/reading.ts';
import type { Recorded, RecordReadings } from '../core/record.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import { type UnderstoodScan, understoodScan } from '../identification/understood-scan.ts';
import type { MeterBook } from '../metering/meter-book.ts';
import { meterContent, type MeterMapping } from '../metering/meter-content.ts';
import type { Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { contextKeyOf, type ScanSense } from './scan-sense.ts';
import { Turns } from './turns.ts';

/** What an Intake is made of. */
export interface IntakeParts {
  readonly record: RecordReadings;
  readonly meters: MeterBook;
  readonly scans: ScanSense;
  /** What gives scans a role. */
  readonly rules: readonly ScanRule[];
}

/** What is to be known of the device whose observations come in. */
export interface IntakeDevice {
  /** The device's name, and what the configuration says of its meters. */
  readonly mapping: MeterMapping;
  /** Devices of one group share what was scanned before. */
  readonly contextGroup?: string | undefined;
  /** Counts what is stored and what is refused. */
  readonly status: DeviceStatus;
  /** How long its readings may wait for company before they are committed. */
  readonly lingerMs: number;
}

/** Says what the observations of devices mean, and has them stored with everything that must not part from them. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #turns = new Turns();
  readonly #underway = new Set<Promise<unknown>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Records what one frame said; resolves after the commit, with 'questioned' when what was stored looks wrong. Rejects
   * with a StorageError when it was not stored. A scan waits for the one before it that changes what it means.
   */
  take(report: Report, device: IntakeDevice): Promise<'questioned' | undefined> {
    const place = { device: device.mapping.device, contextGroup: device.contextGroup };
    const scans = report.observations
      .filter((observation) => observation.kind === 'scan')
      .map((scan) => understoodScan(scan, { device: place.device, rules: this.#parts.rules }));
    const store = (): Promise<'questioned' | undefined> => this.#store(scans, report, device);
    return this.#kept(scans.length === 0 ? store() : this.#turns.run(contextKeyOf(place), scans.some(turns), store));
  }

  /** Resolves when everything that was taken until now is recorded or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underway);
  }

  /** Scans and meter readings, each in their order: what a frame says of a meter is judged by what was said before. */
  async #store(understood: readonly UnderstoodScan[], { observations, stamp, notes }: Report, { mapping, contextGroup, status, lingerMs }: IntakeDevice): Promise<'questioned' | undefined> {
    const { device } = mapping;
    const values = observations.filter((observation) => observation.kind === 'meter').map((value) => meterContent(value, mapping));
    const scans = this.#parts.scans.enter(understood, { device, contextGroup }, stamp);
    const meters = this.#parts.meters.enter(values, stamp);
    const readings: Reading[] = [...scans.readings, ...meters.contents.map((content) => ({ kind: 'reading', device, stamp, content }) as const)];
    let recorded: Recorded | undefined;
    try {
      recorded = await this.#parts.record(readings, { ...meters.notes, ...scans.notes, ...notes }, { lingerMs });
      status.counts.readings += readings.length;
      return scans.isQuestioned ? 'questioned' : undefined;
    } catch (error) {
      if (error instanceof StorageError) status.counts.refused += readings.length;
      throw error;
    } finally {
      scans.settled(recorded);
      meters.settled();
    }
  }

  #kept<Result>(taking: Promise<Result>): Promise<Result> {
    const over: Promise<unknown> = taking.then(
      () => this.#underway.delete(over),
      () => this.#underway.delete(over), // whoever called is told why
    );
    this.#underway.add(over);
    return taking;
  }
}

/** Whether what comes after the scan depends on it, or it on everything before. */
function turns({ command, change }: UnderstoodScan): boolean {
  return command !== undefined || change !== undefined;
}

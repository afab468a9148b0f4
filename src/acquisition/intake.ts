import type { Cancel, Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import type { Unit } from '../core/quantity.ts';
import type { Reading, Stamp } from '../core/reading.ts';
import type { Recorded, RecordReadings } from '../core/record.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import { type UnderstoodScan, understoodScan } from '../identification/understood-scan.ts';
import type { Entered, MeterBook } from '../metering/meter-book.ts';
import { assetOf, meterEntry, type MeterMapping } from '../metering/meter-content.ts';
import type { Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { epochReading } from './epoch-reading.ts';
import { sentAgainNotes } from './sent-again.ts';
import type { EnteredScans, ScanPlace, ScanSense } from './scan-sense.ts';
import { Turns } from './turns.ts';

/** What an Intake is made of. */
export interface IntakeParts {
  readonly clock: Clock;
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
  readonly place: ScanPlace;
  /** Counts what is stored and what is refused. */
  readonly status: DeviceStatus;
  /** How long its readings may wait for company before they are committed. */
  readonly lingerMs: number;
}

/** Says what the observations of devices mean, and has them stored with everything that must not part from them. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #turns = new Turns();
  /** Those that anything was taken of, by name. */
  readonly #devices = new Map<string, IntakeDevice>();
  /** Reports that are being recorded. */
  #underway = 0;
  #cancelHeld: Cancel = () => undefined; // nothing is held
  #idle: () => void = () => undefined; // nobody waits

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Records what one frame said; resolves after the commit, with 'questioned' when what was stored looks wrong. Rejects
   * with a StorageError when it was not stored. A scan waits for the one before it that changes what it means.
   */
  take(report: Report, device: IntakeDevice): Promise<'questioned' | undefined> {
    this.#devices.set(device.mapping.device, device);
    const { place } = device;
    const scans = report.observations
      .filter((observation) => observation.kind === 'scan')
      .map((scan) => understoodScan(scan, { device: place.device, rules: this.#parts.rules }));
    const store = (): Promise<'questioned' | undefined> => this.#store(scans, report, device);
    return this.#counted(scans.length === 0 ? store() : this.#turns.run(place.contextKey, scans.some(turns), store));
  }

  /** Resolves when everything that was taken until now is recorded or refused; readings that are held take up to a second. */
  async settled(): Promise<void> {
    while (this.#underway > 0 || this.#parts.meters.nextDueMs !== undefined) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /** Scans and meter readings, each in their order: what a frame says of a meter is judged by what was said before. */
  #store(understood: readonly UnderstoodScan[], { observations, stamp, notes, code, demanded }: Report, { mapping, place, status, lingerMs }: IntakeDevice): Promise<'questioned' | undefined> {
    const { device } = mapping;
    const values = observations
      .filter((observation) => observation.kind === 'meter')
      .map((value) => ({ ...meterEntry(value, mapping), demanded: demanded !== undefined && (demanded.meter ?? value.meter) === value.meter }));
    const scans = this.#parts.scans.enter(understood, place, stamp);
    const meters = this.#parts.meters.enter(values, stamp);
    if (values.length > 0) this.#awaitHeld();
    const told = meters.events.map((begun) => epochReading(begun, stamp));
    status.counts.unchanged += meters.suppressed.same;
    status.counts.tooSoon += meters.suppressed.tooSoon;
    const readings: Reading[] = [...scans.readings, ...told, ...meters.contents.map((content) => ({ kind: 'reading', device, stamp, content }) as const)];
    const sent = code === undefined ? undefined : sentAgainNotes(device, code, stamp, scans.isQuestioned);
    const recording = this.#parts.record(readings, { ...meters.notes, ...scans.notes, ...sent, ...notes }, { lingerMs });
    return whenRecorded(recording, { status, count: readings.length, scanned: scans.settled, measured: meters.settled, verdict: scans.isQuestioned ? 'questioned' : undefined });
  }

  #awaitHeld(): void {
    const { meters, clock } = this.#parts;
    this.#cancelHeld();
    if (meters.nextDueMs !== undefined) this.#cancelHeld = clock.after(meters.nextDueMs - clock.monotonicMs(), () => this.#storeHeld());
  }

  #storeHeld(): void {
    const { meters, clock } = this.#parts;
    for (const held of meters.due(clock.monotonicMs())) this.#counted(this.#storeLate(held)).catch(thrown);
    this.#awaitHeld();
    if (this.#underway === 0) this.#idle();
  }

  /** Nobody waits for these; one that cannot be stored is counted, as any is that can be read again. */
  async #storeLate({ contents, stamp, notes, settled }: Entered & { readonly stamp: Stamp }): Promise<void> {
    const readings = contents.map((content) => ({ kind: 'reading', device: content.device, stamp, content }) as const);
    const device = this.#devices.get(readings[0]?.device ?? '');
    if (device === undefined) return;
    const { status, lingerMs } = device;
    let outcome: 'stored' | 'refused' = 'refused';
    try {
      await this.#parts.record(readings, notes, { lingerMs });
      outcome = 'stored';
      status.counts.readings += readings.length;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      status.counts.refused += readings.length;
    } finally {
      settled(outcome);
    }
  }

  /** Takes a person's word that a counter was replaced; resolves with its new epoch after the commit, with undefined when it was never read. */
  replaced(meter: { readonly meter: string; readonly unit?: Unit | undefined; readonly mapping: MeterMapping }, stamp: Stamp): Promise<number | undefined> {
    return this.#counted(this.#replaced(meter, stamp));
  }

  async #replaced({ meter, unit, mapping }: Parameters<Intake['replaced']>[0], stamp: Stamp): Promise<number | undefined> {
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

  #counted<Result>(taking: Promise<Result>): Promise<Result> {
    this.#underway += 1;
    void taking.then(this.#over, this.#over);
    return taking;
  }

  readonly #over = (): void => {
    this.#underway -= 1;
    if (this.#underway === 0) this.#idle();
  };
}

/** A bug that nobody waits for ends the process. */
function thrown(bug: unknown): never {
  throw bug;
}

/** What is still to be done with readings once they are recorded: all that is kept of them meanwhile, since thousands can wait. */
interface Pending {
  readonly status: DeviceStatus;
  readonly count: number;
  readonly scanned: EnteredScans['settled'];
  readonly measured: Entered['settled'];
  readonly verdict: 'questioned' | undefined;
}

function whenRecorded(recording: Promise<Recorded>, { status, count, scanned, measured, verdict }: Pending): Promise<'questioned' | undefined> {
  return recording.then(
    (recorded) => {
      status.counts.readings += count;
      scanned(recorded);
      measured('stored');
      return verdict;
    },
    (error: unknown) => {
      if (error instanceof StorageError) status.counts.refused += count;
      scanned();
      measured('refused');
      throw error;
    },
  );
}

/** Whether what comes after the scan depends on it, or it on everything before. */
function turns({ command, change }: UnderstoodScan): boolean {
  return command !== undefined || change !== undefined;
}

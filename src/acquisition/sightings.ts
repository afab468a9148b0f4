import type { Cancel, Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import { hexOf } from '../core/hex.ts';
import type { Observation, ScanObservation, TagPresence } from '../core/observation.ts';
import type { Stamp } from '../core/reading.ts';
import { Presence, type Stay } from '../identification/presence.ts';
import { Repeats } from '../identification/repeats.ts';
import type { Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';

/** What the Sightings of one device are made of. */
export interface SightingsParts {
  readonly clock: Clock;
  readonly status: DeviceStatus;
  /** How long the same code is taken for the same scan; 0 for never. */
  readonly repeatWindowMs: number;
  /** After how long without being read a tag has departed; undefined where tags are read one by one, as codes are. */
  readonly departAfterMs: number | undefined;
  /** Resolves after the commit; rejects with a StorageError when it was not stored. */
  readonly store: (report: Report) => Verdict;
  /** Gets what was thrown by a departure and is no StorageError. */
  readonly crash: (bug: unknown) => void;
  readonly signal: AbortSignal;
}

type Verdict = Promise<'questioned' | undefined>;

/**
 * Has what a device reads stored at first sight: a code that is read again inside its window shares the outcome of its
 * first time and is counted, of a tag that stays in the field only its arrival, moves and departure are stored. What is
 * not stored is forgotten, so that it counts when it is read again.
 */
export class Sightings {
  readonly #parts: SightingsParts;
  readonly #repeats: Repeats<Verdict>;
  readonly #presence: Presence<Verdict> | undefined;
  #cancelDue: Cancel = () => undefined; // no stay yet

  constructor(parts: SightingsParts) {
    const { repeatWindowMs, departAfterMs, signal } = parts;
    this.#parts = parts;
    this.#repeats = new Repeats(repeatWindowMs);
    this.#presence = departAfterMs === undefined ? undefined : new Presence({ departAfterMs });
    signal.addEventListener('abort', () => this.#cancelDue(), { once: true });
  }

  /** Resolves when everything in the report is stored, now or at its first time; rejects when something is not. */
  take({ observations, stamp, ...more }: Report): Verdict {
    const frame: Frame = { fresh: [], codes: [], shared: [], marks: [], stamp };
    for (const observation of observations) {
      if (observation.kind === 'scan') this.#sight(observation, frame);
      else frame.fresh.push(observation);
    }
    if (this.#presence !== undefined) this.#awaitDue();
    const { fresh, shared, marks } = frame;
    if (fresh.length === 0) return together(shared);
    const stored = this.#parts.store({ observations: fresh, stamp, ...more });
    for (const mark of marks) mark(stored);
    return shared.length === 0 ? stored : together([...shared, stored]);
  }

  /** Puts it to what is to be stored, or to those whose outcome is another's. */
  #sight(scan: ScanObservation, frame: Frame): void {
    if (scan.tag !== undefined && this.#presence !== undefined) return this.#sightTag(this.#presence, scan, frame);
    if (this.#parts.repeatWindowMs === 0) {
      frame.fresh.push(scan);
      return;
    }
    const { monotonicMs } = frame.stamp;
    const code = codeOf(scan);
    const first = this.#repeats.before(code, monotonicMs);
    if (first !== undefined) {
      frame.shared.push(this.#repeated(code, scan, frame.stamp, first));
      return;
    }
    if (frame.codes.includes(code)) {
      this.#parts.status.counts.repeats += 1;
      return;
    }
    frame.codes.push(code);
    frame.fresh.push(scan);
    frame.marks.push((stored) => this.#repeats.counted(code, monotonicMs, stored));
  }

  /** If its first time is not stored after all, this is a first time. */
  async #repeated(code: string, scan: ScanObservation, stamp: Stamp, first: Verdict): Verdict {
    try {
      const outcome = await first;
      this.#parts.status.counts.repeats += 1;
      return outcome;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#repeats.forget(code, first);
      return this.take({ observations: [scan], stamp });
    }
  }

  #sightTag(presence: Presence<Verdict>, scan: ScanObservation, { stamp, fresh, shared, marks }: Frame): void {
    const sight = presence.see(codeOf(scan), scan, stamp.monotonicMs);
    switch (sight.kind) {
      case 'known':
        this.#parts.status.counts.repeats += 1;
        if (sight.stay.outcome !== undefined) shared.push(sight.stay.outcome);
        return;
      case 'full':
        if (sight.leaving !== undefined) this.#depart(presence, sight.leaving);
        fresh.push(scan);
        return;
      case 'arrived':
        marks.push((stored) => {
          presence.expect(sight.stay, stored);
          stored.catch(() => presence.unarrived(sight.stay));
        });
        break;
      case 'moved':
        marks.push((stored) => void stored.catch(() => presence.unmoved(sight.stay, sight.from)));
        break;
    }
    fresh.push({ ...scan, presence: { kind: sight.kind } });
  }

  #awaitDue(): void {
    const { clock, signal } = this.#parts;
    this.#cancelDue();
    const dueMs = this.#presence?.nextDueMs;
    if (dueMs === undefined || signal.aborted) return;
    this.#cancelDue = clock.after(Math.max(dueMs - clock.monotonicMs(), DUE_LEAST_MS), () => this.#departDue());
  }

  #departDue(): void {
    const presence = this.#presence;
    if (presence === undefined) return;
    for (const stay of presence.due(this.#parts.clock.monotonicMs())) this.#depart(presence, stay);
    this.#awaitDue();
  }

  #depart(presence: Presence<Verdict>, stay: Stay<Verdict>): void {
    const { clock, crash } = this.#parts;
    const stamp = clock.stamp();
    this.#parts.store({ observations: [{ ...stay.scan, presence: departure(stay, stamp) }], stamp }).then(
      () => {
        const again = presence.departed(stay);
        if (again !== undefined) this.take({ observations: [again.scan], stamp: { ...stamp, wallMs: stamp.wallMs + again.atMs - stamp.monotonicMs, monotonicMs: again.atMs } }).catch((error: unknown) => unstored(error, crash));
      },
      (error: unknown) => {
        unstored(error, crash);
        presence.kept(stay, clock.monotonicMs());
        this.#awaitDue();
      },
    );
  }
}

/** What was not stored is counted where it was tried. */
function unstored(error: unknown, crash: (bug: unknown) => void): void {
  if (!(error instanceof StorageError)) crash(error);
}

/** What one report comes to. */
interface Frame {
  readonly stamp: Stamp;
  /** To be stored now, together. */
  readonly fresh: Observation[];
  /** The codes among these. */
  readonly codes: string[];
  /** Outcomes of what was read before. */
  readonly shared: Verdict[];
  /** To be told how the fresh ones are stored, once that is under way. */
  readonly marks: ((stored: Verdict) => void)[];
}

/** The worst of several outcomes. */
async function together(outcomes: readonly Verdict[]): Verdict {
  const settled = await Promise.allSettled(outcomes);
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
  return settled.some((outcome) => outcome.status === 'fulfilled' && outcome.value === 'questioned') ? 'questioned' : undefined;
}

/** Without a clock that is set, the times of a stay cannot be told: they are not corrected later, as the stamp is. */
function departure({ firstMs, lastMs, count }: Stay<Verdict>, { wallMs, monotonicMs, clock }: Stamp): TagPresence {
  if (clock === 'unsynced') return { kind: 'departed', count };
  const timeOf = (ms: number): string => new Date(wallMs - monotonicMs + Math.round(ms)).toISOString();
  return { kind: 'departed', count, firstSeen: timeOf(firstMs), lastSeen: timeOf(lastMs) };
}

function codeOf({ bytes, aim = '', symbologyName = '', codeId }: ScanObservation): string {
  return `${aim}|${symbologyName}|${codeId?.id ?? ''}|${hexOf(bytes)}`;
}

/** Departures that come due together are stored together. */
const DUE_LEAST_MS = 10;

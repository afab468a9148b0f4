import type { Cancel, Clock } from '../core/clock.ts';
import type { ClockState, Stamp } from '../core/reading.ts';
import type { ClockEvidence, Witness } from './clock-evidence.ts';
import { ClockFloor } from './clock-floor.ts';

/** What happened to the clock. */
export interface ClockChange {
  /** `synchronised`: it is now, and was not. `stepped`: somebody set it. `lost`: it can be trusted less than before. */
  readonly reason: 'synchronised' | 'stepped' | 'lost';
  /** The moment, in the time and the state that readings get from now on. */
  readonly at: Stamp;
  readonly before: ClockState;
  /**
   * By how much the time of readings moved; for a step that is not followed, by how much the system's clock moved. What
   * the clock said before is `at.wallMs - stepMs` in the first case.
   */
  readonly stepMs: number;
  /** Who says that it is synchronised. */
  readonly witness: Witness | undefined;
}

/** What ClockStatus is made of. */
export interface ClockStatusParts {
  /** The system's clock; what it says of its own trustworthiness does not count. */
  readonly clock: Clock;
  readonly evidence: ClockEvidence;
  /** When the program was built, in wall time. */
  readonly builtMs: number;
}

/**
 * Decides what time it is and how far that can be trusted. While somebody vouches for the system's clock it is
 * followed (`synced`). Without, time goes on from the last such moment by the monotonic clock: a clock that is set by
 * hand is believed less than the count since. For a day that is `holdover`, later `unsynced`, as is everything that is
 * known to be wrong.
 */
export class ClockStatus {
  /** The clock that readings are stamped by. */
  readonly clock: Clock;
  readonly #raw: Clock;
  readonly #evidence: ClockEvidence;
  readonly #floor: ClockFloor;
  #state: ClockState = 'unsynced';
  #witness: Witness | undefined;
  /** Monotonic time of the last moment that was vouched for in this run. */
  #syncedMs: number | undefined;
  #contradictedMs: number | undefined;
  /** Wall minus monotonic time of the system's clock. */
  #apartMs: number;
  /** A step that nobody has explained yet. */
  #step: Step | undefined;
  #steppedWallMs: number | undefined;
  #steps = 0;
  #looking = false;
  #changed: ((change: ClockChange) => void) | undefined;
  #cancels: Cancel[] = [];

  constructor({ clock, evidence, builtMs }: ClockStatusParts) {
    this.#raw = clock;
    this.#evidence = evidence;
    const now = clock.stamp();
    this.#apartMs = now.wallMs - now.monotonicMs;
    this.#floor = new ClockFloor({ builtMs, startedMs: now.monotonicMs });
    this.#judge(now, evidence.atOnce({ nowMs: now.wallMs, steppedMs: undefined }));
    this.clock = { monotonicMs: () => clock.monotonicMs(), after: (delayMs, action) => clock.after(delayMs, action), stamp: () => this.#stamp() };
  }

  /** How far wall time can be trusted now. */
  get state(): ClockState {
    return this.#state;
  }

  /** Looks now and then until `stop`, and tells what changes; not at once, since at the start there is something better to do. */
  start(changed: (change: ClockChange) => void): void {
    this.#changed = changed;
    // Each look may start a program, which holds up a small box for milliseconds: seldom, while all is well.
    this.#repeat(LOOK_FIRST_MS, () => (this.#state === 'synced' ? SYNCED_LOOK_EVERY_MS : LOOK_EVERY_MS), () => void this.#look());
    this.#repeat(STEP_LOOK_EVERY_MS, () => STEP_LOOK_EVERY_MS, () => void this.#stamp());
  }

  /** Stops looking. */
  stop(): void {
    this.#changed = undefined;
    for (const cancel of this.#cancels) cancel();
  }

  /** The latest wall time that was good in an earlier run, as soon as it is known. */
  lastGood(wallMs: number): void {
    this.#floor.lastGood(wallMs);
    this.#stamp();
    if (this.#step === undefined) this.#decide(this.#raw.stamp(), this.#witness);
  }

  #repeat(firstMs: number, everyMs: () => number, action: () => void): void {
    const slot = this.#cancels.length;
    const run = (): void => {
      this.#cancels[slot] = this.#raw.after(everyMs(), run);
      action();
    };
    this.#cancels[slot] = this.#raw.after(firstMs, run);
  }

  /** Each stamp looks for a step, so that none of a clock that has just been set passes for synchronised. */
  #stamp(): Stamp {
    const raw = this.#raw.stamp();
    const stepMs = raw.wallMs - raw.monotonicMs - this.#apartMs;
    if (Math.abs(stepMs) > STEP_LEAST_MS) this.#stepped(raw, stepMs);
    return this.#judged(raw);
  }

  #stepped(raw: Stamp, stepMs: number): void {
    const line = this.#judged({ ...raw, wallMs: raw.wallMs - stepMs });
    this.#step = this.#step === undefined ? { before: this.#state, line, stepMs } : { ...this.#step, stepMs: this.#step.stepMs + stepMs };
    this.#apartMs = raw.wallMs - raw.monotonicMs;
    this.#steppedWallMs = raw.wallMs;
    this.#steps += 1;
    this.#judge(raw, undefined); // until somebody vouches for the clock as it is now
    void this.#look();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      let steps: number;
      let witness: Witness | undefined;
      do {
        steps = this.#steps;
        witness = await this.#evidence.look({ nowMs: this.#raw.stamp().wallMs, steppedMs: this.#steppedWallMs });
        this.#stamp(); // what was said of a clock that has been set meanwhile does not count
      } while (steps !== this.#steps);
      this.#decide(this.#raw.stamp(), witness);
    } finally {
      this.#looking = false;
    }
  }

  /** Takes the evidence, and tells what it changed. */
  #decide(raw: Stamp, witness: Witness | undefined): void {
    const step = this.#step;
    const before = step?.before ?? this.#state;
    const line = step?.line ?? this.#judged(raw);
    this.#step = undefined;
    this.#judge(raw, witness);
    const at = this.#judged(raw);
    const movedMs = Math.round(at.wallMs - line.wallMs - (at.monotonicMs - line.monotonicMs));
    const tell = (reason: ClockChange['reason'], stepMs: number): void => this.#changed?.({ reason, at, before, stepMs, witness: this.#witness });
    if (this.#state === 'synced' && before !== 'synced') tell('synchronised', movedMs);
    else if (step !== undefined) tell('stepped', this.#state === 'synced' ? movedMs : Math.round(step.stepMs));
    else if (RANK[this.#state] < RANK[before]) tell('lost', movedMs);
  }

  #judge(raw: Stamp, witness: Witness | undefined): void {
    if (witness !== undefined && this.#overrules(raw)) this.#floor.forgetGood();
    const plausible = this.#floor.judge(raw) === 'plausible';
    this.#witness = witness;
    if (witness !== undefined && plausible) {
      this.#state = 'synced';
      this.#syncedMs = raw.monotonicMs;
      this.#floor.good(raw);
    } else {
      const recent = this.#syncedMs !== undefined && raw.monotonicMs - this.#syncedMs <= HOLDOVER_MAX_MS;
      this.#state = plausible && recent ? 'holdover' : 'unsynced';
    }
  }

  /** A source that was wrong for a while must not keep the right time out for years: an hour of evidence outweighs it. */
  #overrules(raw: Stamp): boolean {
    if (!this.#floor.contradictsGoodOnly(raw)) {
      this.#contradictedMs = undefined;
      return false;
    }
    this.#contradictedMs ??= raw.monotonicMs;
    return raw.monotonicMs - this.#contradictedMs >= OVERRULED_AFTER_MS;
  }

  #judged(raw: Stamp): Stamp {
    const follows = this.#state === 'synced' || (this.#syncedMs === undefined && this.#floor.judge(raw) === 'plausible');
    return { ...raw, wallMs: follows ? raw.wallMs : this.#floor.boundMs(raw.monotonicMs), clock: this.#state };
  }
}

interface Step {
  readonly before: ClockState;
  /** What a reading would have been stamped with. */
  readonly line: Stamp;
  readonly stepMs: number;
}

const RANK: Readonly<Record<ClockState, number>> = { unsynced: 0, holdover: 1, synced: 2 };

const LOOK_FIRST_MS = 2000;
const LOOK_EVERY_MS = 30_000;
const SYNCED_LOOK_EVERY_MS = 300_000;
const STEP_LOOK_EVERY_MS = 1000;
const STEP_LEAST_MS = 500;

/**
 * A crystal is off by 20 to 50 millionths, which is 2 to 4 s in a day: about what a receiver that stores whole seconds
 * does not notice. Beyond, a reading is better marked as unsynced, since those are corrected when the clock is set.
 */
const HOLDOVER_MAX_MS = 24 * 3_600_000;

const OVERRULED_AFTER_MS = 3_600_000;

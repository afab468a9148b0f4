/** What a wall time is worth by itself, whatever anybody says of it. */
export type Plausibility = 'plausible' | 'too early' | 'too late';

/** One moment on both clocks, in milliseconds. */
interface Known {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * The earliest that it can be: not before the program was built, and not before a time that was good already. It moves
 * on with monotonic time, so that it is a bound also for a box whose clock stands in 1970.
 */
export class ClockFloor {
  readonly #built: Known;
  #good: Known | undefined;

  constructor(parts: { readonly builtMs: number; readonly startedMs: number }) {
    this.#built = { wallMs: parts.builtMs, monotonicMs: parts.startedMs };
  }

  /** The earliest wall time that this moment can have. */
  boundMs(monotonicMs: number): number {
    const [built, good] = [at(this.#built, monotonicMs), this.#good === undefined ? Number.NEGATIVE_INFINITY : at(this.#good, monotonicMs)];
    return Math.round(Math.max(built, good));
  }

  /** Whether it can be this time now. */
  judge({ wallMs, monotonicMs }: Known): Plausibility {
    const boundMs = this.boundMs(monotonicMs);
    if (wallMs < boundMs - CORRECTION_MAX_MS) return 'too early';
    return wallMs > boundMs + AHEAD_MAX_MS ? 'too late' : 'plausible';
  }

  /** Whether nothing but a time that was good before speaks against this one. */
  contradictsGoodOnly({ wallMs, monotonicMs }: Known): boolean {
    const builtMs = at(this.#built, monotonicMs);
    return this.#good !== undefined && wallMs >= builtMs - CORRECTION_MAX_MS && wallMs < at(this.#good, monotonicMs) - CORRECTION_MAX_MS;
  }

  /** A time was synchronised, now or in an earlier run; `monotonicMs` is then this run's start. */
  good(known: Known): void {
    if (known.wallMs > at(this.#built, known.monotonicMs) + AHEAD_MAX_MS) return; // or one damaged row would hold for ever
    this.#good = known;
  }

  /** A time of an earlier run, unless a later one is known. */
  lastGood(wallMs: number): void {
    const { monotonicMs } = this.#built;
    if (this.#good === undefined || wallMs > at(this.#good, monotonicMs)) this.good({ wallMs, monotonicMs });
  }

  /** What was good before has turned out to be wrong. */
  forgetGood(): void {
    this.#good = undefined;
  }
}

function at(known: Known, monotonicMs: number): number {
  return known.wallMs + (monotonicMs - known.monotonicMs);
}

/** A synchronised clock can be put back by this without having been wrong before: a leap second, a day's drift. */
const CORRECTION_MAX_MS = 60_000;

/** No box waits so long for its next reading; a GPS receiver that miscounts the weeks is off by 19.6 years. */
const AHEAD_MAX_MS = 10 * 365.25 * 86_400_000;

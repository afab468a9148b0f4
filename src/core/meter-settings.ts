import type { Decimal } from './decimal.ts';

/** How a counter is built, as far as a driver, a profile or the configuration knows it. Amounts are in the meter's unit. */
export interface CounterShape {
  /** The width of the device's own number, where it is known. Below 32 bits a rollover does not cost an epoch. */
  readonly bits?: number | undefined;
  /** What the counter goes back to 0 at. */
  readonly modulus?: Decimal | undefined;
  /** Whether the counter goes on at 0 behind its highest value; never unless said. */
  readonly rollover?: boolean | undefined;
  /** Whether the counter can be set back; unless said, it can. */
  readonly reset?: boolean | undefined;
  /** The most that the counter can grow in an hour. */
  readonly rateMaxPerHour?: Decimal | undefined;
  /** The smallest amount by which the value can change. */
  readonly step?: Decimal | undefined;
  /** What the value is rounded to, where it is rounded at all: half of it more, or less, is shown than was counted. */
  readonly rounding?: Decimal | undefined;
}

/** What is plausible for a value; one outside is `uncertain`. */
export interface Limits {
  readonly min?: Decimal | undefined;
  readonly max?: Decimal | undefined;
}

/** Which of a meter's readings are published. Without any of these, all are. */
export interface ReadingPolicy {
  /** At most one reading in so long. */
  readonly everyMs?: number | undefined;
  /** Only a value that differs by at least so much from the last one that was published; 0 takes every change. */
  readonly deadband?: Decimal | undefined;
  /** At least one reading in so long, as long as the meter answers: "measured again, same value". */
  readonly heartbeatMs?: number | undefined;
}

/** What the configuration says of how one meter's values are judged. */
export interface MeterSettings {
  readonly counter?: CounterShape | undefined;
  readonly limits?: Limits | undefined;
  readonly policy?: ReadingPolicy | undefined;
}

import type { Clock } from '../../src/core/clock.ts';
import { CLOCK } from './open-outbox.ts';

/** The real clock, so many times faster: for what takes minutes beside sockets that take their own time. */
export function fastClock(times: number): Clock {
  return {
    monotonicMs: () => CLOCK.monotonicMs() * times,
    stamp: () => CLOCK.stamp(),
    after: (delayMs, action) => CLOCK.after(delayMs / times, action),
  };
}

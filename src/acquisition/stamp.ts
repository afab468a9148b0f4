import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import type { ClockState } from '../core/reading.ts';

/** The real clock, and the only reader of wall time. `clockState` tells at each call how far to trust it. */
export function systemClock(clockState: () => ClockState): Clock {
  const bootId = readBootId();
  return {
    monotonicMs,
    stamp: () => ({ wallMs: Date.now(), monotonicMs: Math.round(monotonicMs()), bootId, clock: clockState() }),
    after(delayMs, action) {
      if (delayMs <= 0) {
        const immediate = setImmediate(action);
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(action, Math.min(Math.ceil(delayMs), TIMER_MOST_MS));
      return () => clearTimeout(timer);
    },
  };
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The kernel's id of this boot; a sandbox can hide it, and then no two boots compare as equal. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `hidden-${process.pid}-${process.hrtime.bigint()}`; // monotonic times then compare within this process only
  }
}

/** Node fires longer timers at once. */
const TIMER_MOST_MS = 2 ** 31 - 1;

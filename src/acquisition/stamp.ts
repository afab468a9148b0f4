import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Clock } from '../core/clock.ts';
import type { ClockState } from '../core/reading.ts';

/** Where the real clock gets its times from, in milliseconds. */
export interface TimeSource {
  wallMs(): number;
  /** Time since the boot without the time in suspend: CLOCK_MONOTONIC, which Node's timers go by too. */
  runningMs(): number;
  /** Time since the boot with the time in suspend: CLOCK_BOOTTIME, to a hundredth of a second (proc_uptime(5)). */
  uptimeMs(): number;
}

/**
 * The real clock, and the only reader of wall time. `clockState` tells at each call how far to trust it.
 *
 * Its monotonic time goes on through a suspend: a reading taken before is corrected by it when the clock is set after,
 * and a wall clock that was right all the time must not look as if it had been put forward. Asking the kernel each time
 * would cost ten times the stamp itself, so it is asked when wall time and running time have parted.
 */
export function systemClock(clockState: () => ClockState, source: TimeSource = SYSTEM): Clock {
  const bootId = readBootId();
  let suspendedMs = suspendedSince(0, source);
  let apartMs = source.wallMs() - source.runningMs();
  return {
    monotonicMs: () => source.runningMs() + suspendedMs,
    stamp() {
      const wallMs = source.wallMs();
      const runningMs = source.runningMs();
      if (Math.abs(wallMs - runningMs - apartMs) > PARTED_MS) {
        apartMs = wallMs - runningMs;
        suspendedMs = suspendedSince(suspendedMs, source);
      }
      return { wallMs, monotonicMs: Math.round(runningMs + suspendedMs), bootId, clock: clockState() };
    },
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

const SYSTEM: TimeSource = {
  wallMs: () => Date.now(),
  runningMs: () => Number(process.hrtime.bigint()) / 1e6,
  uptimeMs: () => uptime() * 1000,
};

/** Never less than before; a container that hides the host's uptime shows less than nothing, which counts as never. */
function suspendedSince(knownMs: number, source: TimeSource): number {
  const suspendedMs = source.uptimeMs() - source.runningMs();
  return suspendedMs - knownMs > PARTED_MS ? suspendedMs : knownMs;
}

/** The kernel's id of this boot; a sandbox can hide it, and then no two boots compare as equal. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `hidden-${process.pid}-${process.hrtime.bigint()}`; // monotonic times then compare within this process only
  }
}

/** Well above the hundredth of a second that the kernel's uptime is told to. */
const PARTED_MS = 100;

/** Node fires longer timers at once. */
const TIMER_MOST_MS = 2 ** 31 - 1;

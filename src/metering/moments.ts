import type { Stamp } from '../core/reading.ts';

/**
 * The milliseconds from one stamp to a later one: by the monotonic clock within one boot, between boots by wall times
 * that were both synchronised; undefined when nobody knows.
 */
export function elapsedMs(before: Stamp, now: Stamp): number | undefined {
  if (before.bootId === now.bootId) return Math.max(0, now.monotonicMs - before.monotonicMs);
  const isKnown = before.clock === 'synced' && now.clock === 'synced' && now.wallMs >= before.wallMs;
  return isKnown ? now.wallMs - before.wallMs : undefined;
}

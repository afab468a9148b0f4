import type { MeterContent, Stamp } from '../core/reading.ts';

/** A reading's content as its time leaves it, and the meter's last time from then on. */
export interface JudgedTime {
  readonly content: MeterContent;
  readonly lastMs: number | undefined;
}

/**
 * Marks a reading whose time is not after its meter's last: it keeps its value and its true time, and is `uncertain`,
 * since a receiver that books by time would refuse it or book it in the wrong place (docs/mqtt-contract.md). The last
 * time never goes back. An unsynced time says nothing either way: it is not judged, and nothing is judged by it.
 * `lastMs` is in wall milliseconds, undefined before the first.
 */
export function judgedTime(content: MeterContent, { wallMs, clock }: Pick<Stamp, 'wallMs' | 'clock'>, lastMs: number | undefined): JudgedTime {
  if (clock === 'unsynced') return { content, lastMs };
  if (lastMs === undefined || wallMs > lastMs) return { content, lastMs: wallMs };
  if (content.quality !== 'good') return { content, lastMs }; // its own reason weighs more
  return { content: { ...content, quality: 'uncertain', reason: 'time-not-after-last' }, lastMs };
}

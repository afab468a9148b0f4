import { encodeJson } from '../core/json.ts';

/** What is remembered of a meter from one reading to the next, and across restarts. */
export interface MeterState {
  /** The time of the latest reading that was published, in wall milliseconds. */
  readonly lastMs?: number | undefined;
}

/** The text of a meter's note. `v` grows when a member changes its meaning, not when one is added. */
export function meterNote({ lastMs }: MeterState): string {
  return encodeJson({ v: VERSION, lastMs });
}

/** Reads a note; one that is damaged or of another version counts as none, and the meter begins anew. */
export function readMeterNote(text: string | undefined): MeterState {
  const found = text === undefined ? undefined : parsed(text);
  if (typeof found !== 'object' || found === null || !('v' in found) || found.v !== VERSION) return {};
  return 'lastMs' in found && Number.isSafeInteger(found.lastMs) ? { lastMs: Number(found.lastMs) } : {};
}

/** The key of a meter's note. */
export function meterNoteKey(device: string, meter: string): string {
  return `meter/${device}/${meter}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const VERSION = 1;

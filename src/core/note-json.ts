import type { JsonObject } from './json.ts';
import type { ClockState, Stamp } from './reading.ts';

/** A moment as notes keep it. */
export function stampJson({ wallMs, monotonicMs, bootId, clock }: Stamp): JsonObject {
  return { wallMs, monotonicMs, bootId, clock };
}

/** Reads such a moment back; undefined for anything else. */
export function stampIn(value: unknown): Stamp | undefined {
  const { wallMs, monotonicMs, bootId, clock } = objectIn(value) ?? {};
  const state = CLOCK_STATES.find((known) => known === clock);
  if (!isFinite(wallMs) || !isFinite(monotonicMs) || typeof bootId !== 'string' || state === undefined) return undefined;
  return { wallMs, monotonicMs, bootId, clock: state };
}

/** The members of a note; undefined for a text that is no JSON object, as a damaged one. */
export function noteMembers(text: string | undefined): Members | undefined {
  if (text === undefined) return undefined;
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The value as an object, undefined when it is none. */
export function objectIn(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

/** Members of an object that nobody has looked at yet. */
export type Members = Readonly<Record<string, unknown>>;

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

const CLOCK_STATES: readonly ClockState[] = ['synced', 'holdover', 'unsynced'];

import { encodeJson } from '../core/json.ts';
import { type ClockState, type Lane, laneOf, type Reading, subjectOf } from '../core/reading.ts';

/** A reading on its way into the outbox: everything but identity and the moment of the commit. */
export interface NewRow {
  readonly lane: Lane;
  readonly kind: Reading['kind'];
  readonly subject: string;
  readonly takenMs: number;
  readonly clock: ClockState;
  /** Set while the clock is not synced. */
  readonly bootId?: string | undefined;
  readonly monotonicMs?: number | undefined;
  /** The reading's own members of `data`, as JSON without the outer braces. */
  readonly content: string;
}

/**
 * A row of one stream as it stands in the outbox; it never changes but for one correction of an unsynced time. Its source
 * is the stream's, and is not carried along with each row: a page of rows crosses between threads as a copy.
 */
export interface StoredRow {
  readonly sequence: number;
  readonly kind: string;
  readonly subject: string;
  readonly takenMs: number;
  readonly recordedMs: number;
  /** Committed while no broker was connected. */
  readonly historical: boolean;
  readonly clock: ClockState;
  readonly bootId?: string | undefined;
  readonly monotonicMs?: number | undefined;
  readonly content: string;
}

/** A row together with its lane. */
export interface LaneRow extends StoredRow {
  readonly lane: Lane;
}

/** Makes a reading's bytes: the only place that does, and once for each. */
export function rowOf(reading: Reading): NewRow {
  const { stamp } = reading;
  const content = encodeJson(reading.content).slice(1, -1);
  const row = {
    lane: laneOf(reading.kind),
    kind: reading.kind,
    subject: subjectOf(reading),
    takenMs: stamp.wallMs,
    clock: stamp.clock,
    content,
  };
  if (stamp.clock !== 'unsynced') return row;
  return { ...row, bootId: stamp.bootId, monotonicMs: stamp.monotonicMs };
}

/**
 * The rows of a lane as the file gives them out now that they are stored, the first of all with the sequence `first`.
 * Undefined where one's time may still be corrected, which only the file knows.
 */
export function storedRows(rows: readonly NewRow[], lane: Lane, at: { readonly first: number; readonly recordedMs: number; readonly historical: boolean }): readonly StoredRow[] | undefined {
  const stored: StoredRow[] = [];
  for (const [index, { kind, subject, takenMs, clock, content, ...row }] of rows.entries()) {
    if (row.lane !== lane) continue;
    if (clock === 'unsynced') return undefined;
    stored.push({ sequence: at.first + index, kind, subject, takenMs, recordedMs: at.recordedMs, historical: at.historical, clock, content });
  }
  return stored;
}

/** How many bytes a row takes in the gather buffer, about. */
export function bytesOf(row: NewRow): number {
  return row.content.length + row.subject.length + ROW_OVERHEAD_BYTES;
}

const ROW_OVERHEAD_BYTES = 100;

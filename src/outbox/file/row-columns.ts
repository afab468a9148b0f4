import type { ClockState } from '../../core/reading.ts';
import { checksum, isIntact } from './checksum.ts';
import { sequenceOf } from '../row-key.ts';
import type { NewRow, StoredRow } from '../row.ts';
import type { RowRecord } from './statements.ts';

/** The columns of a lane's table in order, the checksum last. */
export type RowColumns = readonly [
  key: number,
  kind: string,
  subject: string,
  takenMs: number,
  recordedMs: number,
  historical: number,
  clock: number,
  boot: number | null,
  monotonicMs: number | null,
  content: string,
  crc: number,
];

/** A new row as it is stored. */
export function columnsOf(key: number, row: NewRow, at: { readonly recordedMs: number; readonly historical: boolean; readonly boot: number | null; readonly sealed: boolean }): RowColumns {
  return withChecksum([
    key,
    row.kind,
    row.subject,
    row.takenMs,
    at.recordedMs,
    at.historical ? 1 : 0,
    at.sealed && row.clock === 'unsynced' ? SEALED_UNSYNCED : CLOCK_CODES[row.clock],
    at.boot,
    row.monotonicMs ?? null,
    row.content,
  ]);
}

/** A stored row under another key, as it is copied from a damaged file. */
export function recordColumns(record: RowRecord, key: number, boot: number | null): RowColumns {
  return withChecksum(bareColumns({ ...record, key, boot }));
}

/** The checksum that belongs to a row. */
export function rowChecksum(record: RowRecord): number {
  return checksum(bareColumns(record));
}

/** Whether the row is as it was written. */
export function isIntactRow(record: RowRecord): boolean {
  return isIntact(record.crc, bareColumns(record));
}

/** A row that is not sealed: its time may still be corrected, before its first publish. */
export const UNSEALED = 2;
/** The same once it is sealed as it was taken. */
export const SEALED_UNSYNCED = 3;

/** The row as the forwarder gets it. */
export function storedRow(record: RowRecord, bootId: string | undefined): StoredRow {
  const row = {
    sequence: sequenceOf(record.key),
    kind: record.kind,
    subject: record.subject,
    takenMs: record.taken_ms,
    recordedMs: record.recorded_ms,
    historical: record.historical === 1,
    clock: CLOCK_STATES[record.clock] ?? 'unsynced',
    content: record.content,
  };
  return record.clock < UNSEALED ? row : { ...row, bootId: bootId ?? 'unknown', monotonicMs: record.monotonic_ms ?? 0 };
}

const CLOCK_STATES: readonly ClockState[] = ['synced', 'holdover', 'unsynced', 'unsynced'];
const CLOCK_CODES: Readonly<Record<ClockState, number>> = { synced: 0, holdover: 1, unsynced: UNSEALED };

type BareColumns = readonly [number, string, string, number, number, number, number, number | null, number | null, string];

function bareColumns({ key, kind, subject, taken_ms: takenMs, recorded_ms: recordedMs, historical, clock, boot, monotonic_ms: monotonicMs, content }: RowRecord): BareColumns {
  return [key, kind, subject, takenMs, recordedMs, historical, clock, boot, monotonicMs, content];
}

function withChecksum(columns: BareColumns): RowColumns {
  return [...columns, checksum(columns)];
}

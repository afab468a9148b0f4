import { type Range, Ranges } from '../../core/ranges.ts';
import type { EventReading, Stamp } from '../../core/reading.ts';
import { sequenceOf } from '../row-key.ts';
import { type NewRow, rowOf } from '../row.ts';

/** Why readings that were stored will not come. */
export type GapReason = 'no-room' | 'damaged' | 'incomplete';

/** Readings of a stream that were stored and will not come any more. */
export interface Gap {
  readonly source: string;
  readonly ranges: readonly Range[];
  readonly reason: GapReason;
}

/** The `gap` events that tell the receiver, so that it does not wait for ever: as many as the ranges need. */
export function gapRows({ source, ranges, reason }: Gap, stamp: Stamp): readonly NewRow[] {
  const rows: NewRow[] = [];
  for (let at = 0; at < ranges.length; at += RANGES_MAX) {
    const part = ranges.slice(at, at + RANGES_MAX);
    const count = part.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const event: EventReading = { kind: 'gap', stamp, content: { source, ranges: part, count, reason } };
    rows.push(rowOf(event));
  }
  return rows;
}

/** The sequences of these keys, which are of one stream. */
export function rangesOf(keys: readonly number[]): readonly Range[] {
  return new Ranges(keys.map((key): Range => [sequenceOf(key), sequenceOf(key)])).list();
}

/** What one event holds at most, by the contract. */
const RANGES_MAX = 500;

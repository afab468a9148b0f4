import type { RowRecord } from '../file/statements.ts';

/**
 * How far apart the readings of a meter are left, finest first: one a minute, one an hour, one a day, and at last none
 * but the ends of each epoch.
 */
export const THINNING_LEVELS_MS: readonly number[] = [60_000, 3_600_000, 86_400_000, Number.POSITIVE_INFINITY];

/**
 * The keys of the readings that may go, out of a piece of the meter lane in order: of each meter's readings in one bucket of
 * time the last is left. The first and the last of an epoch stay, and so do those at the ends of the piece, which may be
 * either. A pure function: the same piece gives the same keys.
 */
export function thinnedOut(piece: readonly RowRecord[], bucketMs: number): readonly number[] {
  const meters = new Map<string, Kept>();
  const gone: number[] = [];
  for (const row of piece) {
    const known = meters.get(row.subject);
    const [bucket, epoch] = [bucketMs === Number.POSITIVE_INFINITY ? 0 : Math.floor(row.taken_ms / bucketMs), epochOf(row)];
    const continues = known !== undefined && known.epoch === epoch;
    if (continues && known.bucket === bucket && !known.isFirst) gone.push(known.key);
    meters.set(row.subject, { key: row.key, bucket, epoch, isFirst: !continues });
  }
  return gone.sort((a, b) => a - b);
}

/** The newest reading of a meter so far. */
interface Kept {
  readonly key: number;
  readonly bucket: number;
  readonly epoch: string;
  /** The first of its epoch, or of the piece. */
  readonly isFirst: boolean;
}

/** As written; a quotation mark within a text of the content is escaped, so that only the member itself matches. */
function epochOf({ content }: RowRecord): string {
  return /(?:^|,)"epoch":(\d+)/.exec(content)?.[1] ?? '';
}

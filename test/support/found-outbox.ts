import { messageOf } from '../../src/core/errors.ts';
import { LANES, type Lane, type Stamp } from '../../src/core/reading.ts';
import type { Opened } from '../../src/outbox/calls.ts';
import { type NewRow, rowOf, type StoredRow } from '../../src/outbox/row.ts';
import { StoreKeeper } from '../../src/outbox/store-keeper.ts';
import { LIMITS, scanOf } from './open-outbox.ts';

/** A row as it was found in an outbox. */
export interface FoundRow extends StoredRow {
  readonly source: string;
  readonly lane: Lane;
}

/** What the gateway would find in a folder. */
export interface FoundOutbox extends Pick<Opened, 'streams' | 'notes'> {
  /** Every row that is not settled, in the order of the sequences. */
  readonly rows: readonly FoundRow[];
  /** The sequence that the next reading gets. */
  readonly next: { readonly source: string; readonly sequence: number };
}

/** Opens an outbox as a gateway of the same name would after a start, reads it, records one more scan and closes it. Throws if any of that fails. */
export function findOutbox(directory: string): FoundOutbox {
  let opened: Opened | undefined;
  const now: Stamp = { wallMs: 1_800_000_000_000, monotonicMs: 0, bootId: 'later', clock: 'synced' };
  const request = { directory, site: 'bedford', gateway: 'truck-17', fingerprint: '', newStreamId: 'ffffffff', limits: LIMITS, now };
  const { keeper, fault } = StoreKeeper.open(request, (news) => {
    if (news.news === 'opened') opened = news;
  });
  try {
    if (opened === undefined) throw new Error(`it does not open: ${fault ?? 'no word of why'}`);
    const { streams, notes } = opened;
    const rows = streams.flatMap(({ number, source }) => LANES.flatMap((lane) => [...rowsOf(keeper, number, lane)].map((row) => ({ ...row, source, lane }))));
    const { source, first } = keeper.commit({ rows: [rowOf(scanOf('one more'))], notes: [], settlements: [], quarantined: [], released: [], read: [], now, historical: false });
    return { streams, notes, rows: rows.sort((a, b) => a.sequence - b.sequence), next: { source, sequence: first } };
  } finally {
    keeper.close();
  }
}

/** Whether a row is what was given to the outbox. */
export function isSameRow(row: FoundRow, given: NewRow): boolean {
  return row.lane === given.lane && row.content === given.content && row.kind === given.kind && row.subject === given.subject && row.takenMs === given.takenMs;
}

/** The same, or why it cannot be read. */
export function tryFindOutbox(directory: string): FoundOutbox | string {
  try {
    return findOutbox(directory);
  } catch (error) {
    return `it cannot be read: ${messageOf(error)}`;
  }
}

function* rowsOf(keeper: StoreKeeper, stream: number, lane: Lane): Generator<StoredRow> {
  for (let after = 0; ; ) {
    const { rows } = keeper.page({ stream, lane, after, rowsMax: 500, sealing: 'now' });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.sequence;
  }
}

import { codeOf } from '../../core/errors.ts';
import { type Lane, LANES } from '../../core/reading.ts';
import type { Fetched, FetchRequest, Page, PageRequest, QuarantinedRow } from '../calls.ts';
import { isIntactRow, rowChecksum, SEALED_UNSYNCED, storedRow, UNSEALED } from './row-columns.ts';
import { rowKey, SEQUENCE_MAX, sequenceOf } from '../row-key.ts';
import type { LaneRow, StoredRow } from '../row.ts';
import type { Boots } from './row-writer.ts';
import type { RowRecord, Statements } from './statements.ts';
import { damage } from './storage-fault.ts';
import { laneNumbered, type StreamBook } from './stream-book.ts';

/** What a RowReader is made of. */
export interface RowReaderParts {
  readonly file: string;
  readonly statements: Statements;
  readonly book: StreamBook;
  readonly boots: Boots;
  /** The boot that this process runs in. */
  readonly bootId: string;
  /** Runs what it is given in one transaction. */
  readonly transact: (run: () => void) => void;
}

/**
 * Gives rows out. A row whose time may still be corrected is sealed first, in a transaction of its own: from then on its
 * bytes never change, whatever becomes known of the clock.
 */
export class RowReader {
  readonly #parts: RowReaderParts;
  /** By the number of a boot: the wall time at its monotonic 0. */
  readonly #corrections = new Map<number, number>();
  /** As it was asked for last. */
  #sealing: PageRequest['sealing'] = 'wait';

  constructor(parts: RowReaderParts) {
    this.#parts = parts;
    for (const { boot, zero_ms: zeroMs } of parts.statements.corrections.all()) this.#corrections.set(boot, zeroMs);
  }

  /**
   * Whether a row of this boot that goes out at once can be stored sealed: nobody waits for the clock any more, and it is
   * not set. That saves its second transaction.
   */
  sealsAtOnce(bootId: string): boolean {
    return this.#sealing === 'now' && ![...this.#corrections.keys()].some((boot) => this.#parts.boots.id(boot) === bootId);
  }

  /** The clock of a boot was set: its rows that are not sealed get their time from it. */
  correct(boot: number, zeroMs: number): void {
    this.#corrections.set(boot, zeroMs);
  }

  /** Rows of a lane that are not settled, in order. */
  page({ stream, lane, after, rowsMax, sealing }: PageRequest): Page {
    const { statements, book } = this.#parts;
    this.#sealing = sealing;
    const { settled } = book.lane(stream, lane);
    const found: { record: RowRecord; sealed: Sealed | undefined }[] = [];
    let [bytes, held] = [0, false];
    const from = settled.endOf(after + 1) ?? after;
    for (const record of statements.rows[lane].iterate(rowKey(stream, from), rowKey(stream, SEQUENCE_MAX))) {
      if (settled.has(sequenceOf(record.key))) continue;
      const sealed = record.clock === UNSEALED ? this.#seal(record, sealing) : undefined;
      held = sealed === 'held';
      if (sealed === 'held') break;
      found.push({ record: this.#intact(record), sealed });
      bytes += record.content.length;
      if (found.length >= rowsMax || bytes >= PAGE_BYTES) break;
    }
    const rows = this.#sealed(lane, found);
    book.read(stream, lane, rows.at(-1)?.sequence ?? 0);
    return { rows, held };
  }

  /** Rows of a stream by their sequences, settled or not; what is not sealed has never been sent, and is left out. */
  fetch({ stream, from, to, rowsMax }: FetchRequest): Fetched {
    const { statements, boots } = this.#parts;
    const rows: LaneRow[] = [];
    for (const lane of LANES) {
      let taken = 0;
      for (const record of statements.rows[lane].iterate(rowKey(stream, from - 1), rowKey(stream, Math.min(to, SEQUENCE_MAX)))) {
        if (record.clock === UNSEALED) continue;
        rows.push({ ...storedRow(this.#intact(record), boots.id(record.boot)), lane });
        taken += 1;
        if (taken >= rowsMax) break;
      }
    }
    return { rows: rows.sort((a, b) => a.sequence - b.sequence).slice(0, rowsMax), kept: this.#kept(stream) };
  }

  /** When the newest reading with a synchronised clock was recorded, as far as one stands among the newest and can be read. */
  lastGoodMs(): number | undefined {
    try {
      return this.#lastGoodMs();
    } catch (error) {
      if (codeOf(error)?.startsWith('SQLITE_') !== true) throw error;
      return undefined; // damage there comes up when the rows are sent
    }
  }

  #lastGoodMs(): number | undefined {
    const good = LANES.flatMap((lane) => this.#parts.statements.newest[lane].all(NEWEST_ROWS).find(({ clock }) => clock === SYNCED)?.recorded_ms ?? []);
    return good.length === 0 ? undefined : Math.max(...good);
  }

  /** What is in quarantine, oldest first. */
  quarantine(): readonly QuarantinedRow[] {
    const { statements, book } = this.#parts;
    return statements.quarantined.all(LISTED_MAX).flatMap(({ key, lane: laneNumber, code, message, at_ms: quarantinedMs }) => {
      const lane = laneNumbered(laneNumber);
      const record = statements.row[lane].get(key);
      if (record === undefined) return [];
      const { kind, subject, taken_ms: takenMs } = this.#intact(record);
      const stream = Math.floor(key / rowKey(1, 0));
      return [{ stream, sequence: sequenceOf(key), lane, code, message, source: book.sourceOf(stream), kind, subject, takenMs, quarantinedMs, overtaken: this.#isOvertaken(record, stream) }];
    });
  }

  #isOvertaken({ key, kind, subject }: RowRecord, stream: number): boolean {
    if (kind !== 'reading') return false;
    const { statements, book } = this.#parts;
    const { settled } = book.lane(stream, 'meter');
    for (const later of statements.later.iterate(key, key + LOOK_AHEAD, subject)) {
      if (settled.has(sequenceOf(later.key))) return true;
    }
    // Too far back to be looked at, or what was behind it is delivered and kept no longer: better ask a person once too often.
    const next = statements.keys.meter.all(key, rowKey(stream, SEQUENCE_MAX), 1)[0]?.key;
    return next === undefined ? settled.has(sequenceOf(key) + 1) : book.lastOf(stream) > sequenceOf(key) + LOOK_AHEAD;
  }

  #kept(stream: number): Fetched['kept'] {
    const [from, to] = [rowKey(stream, 0), rowKey(stream, SEQUENCE_MAX)];
    const ends = LANES.flatMap((lane) => {
      const low = this.#parts.statements.lowest[lane].get(from, to)?.key;
      const high = this.#parts.statements.highest[lane].get(from, to)?.key;
      return typeof low === 'number' && typeof high === 'number' ? [[sequenceOf(low), sequenceOf(high)] as const] : [];
    });
    if (ends.length === 0) return undefined;
    return [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
  }

  /** The columns that a row gets when it is sealed, or that it has to wait for its clock. */
  #seal({ boot, monotonic_ms: monotonicMs, taken_ms: takenMs, recorded_ms: recordedMs }: RowRecord, sealing: PageRequest['sealing']): Sealed | 'held' {
    const zeroMs = boot === null ? undefined : this.#corrections.get(boot);
    if (zeroMs !== undefined && monotonicMs !== null) return { takenMs: zeroMs + monotonicMs, recordedMs: corrected(recordedMs, takenMs, zeroMs + monotonicMs), clock: SYNCED };
    // The clock of a boot that is over will not be set any more.
    if (sealing === 'wait' && this.#parts.boots.id(boot) === this.#parts.bootId) return 'held';
    return { takenMs, recordedMs, clock: SEALED_UNSYNCED };
  }

  #sealed(lane: Lane, found: readonly { readonly record: RowRecord; readonly sealed: Sealed | undefined }[]): readonly StoredRow[] {
    const { statements, boots, transact } = this.#parts;
    const changes: { readonly key: number; readonly sealed: Sealed; readonly crc: number }[] = [];
    const rows = found.map(({ record, sealed }) => {
      if (sealed === undefined) return storedRow(record, boots.id(record.boot));
      const changed = { ...record, taken_ms: sealed.takenMs, recorded_ms: sealed.recordedMs, clock: sealed.clock };
      changes.push({ key: record.key, sealed, crc: rowChecksum(changed) });
      return storedRow(changed, boots.id(record.boot));
    });
    if (changes.length === 0) return rows;
    transact(() => {
      for (const { key, sealed, crc } of changes) statements.seal[lane].run(sealed.takenMs, sealed.recordedMs, sealed.clock, crc, key);
    });
    return rows;
  }

  #intact(record: RowRecord): RowRecord {
    if (isIntactRow(record)) return record;
    throw damage(this.#parts.file, `reading ${sequenceOf(record.key)} of ${this.#parts.book.sourceOf(Math.floor(record.key / rowKey(1, 0)))} is not as it was written`);
  }
}

interface Sealed {
  readonly takenMs: number;
  readonly recordedMs: number;
  readonly clock: number;
}

/**
 * The moment of the commit, once the time before it was corrected: so much later as it was by the same clock. Where that
 * clock was set in between, it is told by the one that was set, unless that would be before the reading itself.
 */
function corrected(recordedMs: number, takenBeforeMs: number, takenMs: number): number {
  const waitedMs = recordedMs - takenBeforeMs;
  return waitedMs >= 0 && waitedMs <= COMMIT_WAITS_MOST_MS ? takenMs + waitedMs : Math.max(takenMs, recordedMs);
}

/** Far longer than a reading waits for its commit on a disk that works, and far shorter than what a clock is usually off by. */
const COMMIT_WAITS_MOST_MS = 60_000;

/** A time that was taken from the clock as it was set later is as good as one of that clock. */
const SYNCED = 0;
const NEWEST_ROWS = 1000;
/** How many numbers behind a row are searched for a later reading of its meter, and how many rows are listed: this is not indexed. */
const LOOK_AHEAD = 5000;
const LISTED_MAX = 1000;

const PAGE_BYTES = 512 * 1024;

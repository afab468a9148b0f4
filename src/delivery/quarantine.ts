import type { Clock } from '../core/clock.ts';
import { StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Lane } from '../core/reading.ts';
import type { QuarantinedRow, RowIdentity } from '../outbox/calls.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { StoredRow } from '../outbox/row.ts';
import { Remembered } from './remembered.ts';
import type { Resends } from './resends.ts';
import type { Rejection } from './watermark.ts';

/** What quarantine needs. */
export interface QuarantineParts {
  readonly outbox: Pick<Outbox, 'quarantine' | 'release' | 'quarantinedRows' | 'fetch'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly acknowledgedBy: 'broker' | 'receiver';
  readonly resends: Pick<Resends, 'add'>;
}

/** A row and where it belongs. */
export interface PlacedRow {
  readonly stream: number;
  readonly source: string;
  readonly lane: Lane;
  readonly row: StoredRow;
}

/** What became of a person's request for one row; `why` says in words what speaks against it. */
export interface RowAnswer extends RowIdentity {
  readonly taken: boolean;
  readonly why?: string | undefined;
}

/**
 * Rows that the other side refused for good. Each is told to the receiver as an event and stays until a person has
 * decided: sent again, and out only once it is taken, or given up.
 */
export class Quarantine {
  readonly #parts: QuarantineParts;
  /** Rows that were put aside in this run, so that a receiver may name them in every `ack`. */
  readonly #known = new Remembered<true>(KNOWN_MAX);
  /** Rows that were sent again and that the broker has, while the receiver has not spoken. */
  readonly #awaiting = new Remembered<PlacedRow>(KNOWN_MAX);
  #late: Promise<void> = Promise.resolve();
  #lateWaiting = 0;
  #count = 0;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  /** How many rows were put aside since the start. */
  get count(): number {
    return this.#count;
  }

  /** Puts a row aside, and tells it to the receiver unless it is such a message itself. */
  put({ stream, source, lane, row }: PlacedRow, code: string, message: string): void {
    const { outbox, clock, log } = this.#parts;
    const { sequence, kind, subject } = row;
    this.#count += 1;
    this.#known.set(keyOf({ stream, sequence }), true);
    const content = { source, id: String(sequence), code, message, subject, kind };
    outbox.quarantine({ stream, lane, sequence, code, message }, kind === 'quarantine' ? undefined : { kind: 'quarantine', stamp: clock.stamp(), content });
    log.error('a reading was put into quarantine', { source, sequence, code, why: message });
  }

  /** The receiver refuses rows that are settled, as it does when the broker's word settles them. */
  rejected(stream: number, source: string, rejections: readonly Rejection[]): void {
    const news = rejections.filter(({ sequence }) => !this.#known.has(keyOf({ stream, sequence })));
    if (news.length === 0 || this.#lateWaiting >= KNOWN_MAX) return;
    for (const { sequence } of news) this.#known.set(keyOf({ stream, sequence }), true);
    this.#lateWaiting += news.length;
    this.#late = this.#late.then(async () => {
      try {
        await this.#putLate(stream, source, news);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        for (const { sequence } of news) this.#known.delete(keyOf({ stream, sequence }));
        this.#parts.log.error('rejected readings could not be put into quarantine', { why: error.message });
      } finally {
        this.#lateWaiting -= news.length;
      }
    });
  }

  /** The receiver has spoken about rows that were sent again: it has counted them, or refuses them once more. */
  acknowledged(source: string, has: (sequence: number) => boolean, rejections: readonly Rejection[]): void {
    for (const [key, placed] of this.#awaiting.entries()) {
      if (placed.source !== source) continue;
      const { stream, lane, row: { sequence } } = placed;
      const rejection = rejections.find((candidate) => candidate.sequence === sequence);
      if (rejection === undefined && !has(sequence)) continue;
      this.#awaiting.delete(key);
      if (rejection === undefined) this.#release({ stream, sequence });
      else this.#parts.outbox.quarantine({ stream, lane, sequence, code: rejection.code, message: rejection.message });
    }
  }

  /**
   * Sends rows again that are in quarantine, after everything else. They leave it when they are taken, and stay with
   * the new reason when they are not. A reading that a later one of its meter has overtaken goes only with `force`.
   */
  async retry(rows: readonly RowIdentity[], { force = false }: { readonly force?: boolean } = {}): Promise<readonly RowAnswer[]> {
    const listed = await this.#parts.outbox.quarantinedRows();
    const answers: RowAnswer[] = [];
    for (const [index, { stream, sequence }] of rows.entries()) {
      const row = listed.find((candidate) => candidate.stream === stream && candidate.sequence === sequence);
      const why = index >= RETRY_MAX ? `at most ${RETRY_MAX} at a time` : row === undefined ? NOT_THERE : row.overtaken && !force ? OVERTAKEN : await this.#sendAgain(row);
      answers.push({ stream, sequence, taken: why === undefined, why });
    }
    return answers;
  }

  /** Gives rows up that are in quarantine: they will never be delivered. */
  async drop(rows: readonly RowIdentity[]): Promise<readonly RowAnswer[]> {
    const listed = await this.#parts.outbox.quarantinedRows();
    return rows.map(({ stream, sequence }) => {
      const taken = listed.some((candidate) => candidate.stream === stream && candidate.sequence === sequence);
      if (taken) this.#parts.outbox.release({ stream, sequence });
      return { stream, sequence, taken, why: taken ? undefined : NOT_THERE };
    });
  }

  async #putLate(stream: number, source: string, rejections: readonly Rejection[]): Promise<void> {
    const { outbox } = this.#parts;
    const listed = new Set((await outbox.quarantinedRows()).map(keyOf));
    for (const { sequence, code, message } of rejections) {
      if (listed.has(keyOf({ stream, sequence }))) continue;
      const row = await this.#rowOf(stream, sequence);
      if (row !== undefined) this.put({ stream, source, lane: row.lane, row }, code, message);
    }
  }

  async #sendAgain(quarantined: QuarantinedRow): Promise<string | undefined> {
    const { stream, sequence, lane, source } = quarantined;
    const row = await this.#rowOf(stream, sequence);
    if (row === undefined) return 'its bytes are no longer kept';
    const settled = (fault: { readonly message: string } | undefined): void => {
      if (fault !== undefined) this.#parts.outbox.quarantine({ stream, lane, sequence, code: 'broker_refused', message: fault.message });
      else if (this.#parts.acknowledgedBy === 'broker') this.#release({ stream, sequence });
      else this.#awaiting.set(keyOf({ stream, sequence }), { stream, source, lane, row });
    };
    this.#parts.resends.add([{ source, row, old: false, settled, sentMs: 0, refusals: 0, losses: 0 }]);
    return undefined;
  }

  async #rowOf(stream: number, sequence: number) {
    const { rows } = await this.#parts.outbox.fetch({ stream, from: sequence, to: sequence, rowsMax: 1 });
    return rows.find((row) => row.sequence === sequence);
  }

  /** From now on a rejection of it is news again. */
  #release(row: RowIdentity): void {
    this.#known.delete(keyOf(row));
    this.#parts.outbox.release(row);
    this.#parts.log.info('a reading left the quarantine: it was delivered', { stream: row.stream, sequence: row.sequence });
  }
}

function keyOf({ stream, sequence }: RowIdentity): string {
  return `${stream}/${sequence}`;
}

/** As many as one `ack` can name. */
const KNOWN_MAX = 10_000;
const RETRY_MAX = 1000;
const NOT_THERE = 'it is not in quarantine';
const OVERTAKEN = 'a later reading of the same meter was delivered, so that this one would come out of order: send it with force, or drop it';

import { LANES } from '../../core/reading.ts';
import type { Batch } from '../calls.ts';
import { checksum } from './checksum.ts';
import { columnsOf } from './row-columns.ts';
import { rowKey } from '../row-key.ts';
import type { NewRow } from '../row.ts';
import type { Statements } from './statements.ts';
import type { StreamBook } from './stream-book.ts';

/** What a RowWriter is made of. */
export interface RowWriterParts {
  readonly statements: Statements;
  readonly book: StreamBook;
  readonly boots: Boots;
}

/** Writes batches, each inside a transaction that its caller has begun. */
export class RowWriter {
  readonly #parts: RowWriterParts;

  constructor(parts: RowWriterParts) {
    this.#parts = parts;
  }

  /** Everything of a batch, its rows with the sequences `first` and on; `sealed` says that no time of theirs is corrected any more. */
  write(batch: Batch, first: number, sealed: boolean): void {
    const { statements, book } = this.#parts;
    this.insert(batch.rows, first, { ...batch, sealed });
    for (const [key, value] of batch.notes) this.#note(key, value);
    for (const { stream, lane, sequence, code, message } of batch.quarantined) {
      if (!book.has(stream)) continue;
      statements.quarantine.run(rowKey(stream, sequence), LANES.indexOf(lane), code, message, batch.now.wallMs);
    }
    for (const { stream, sequence } of batch.released) statements.release.run(rowKey(stream, sequence));
    // A stream can have been put aside since the batch was made.
    for (const settlement of batch.settlements) if (book.has(settlement.stream)) book.write(settlement);
  }

  /** Rows of the own stream. */
  insert(rows: readonly NewRow[], first: number, { now, historical, sealed = false }: Pick<Batch, 'now' | 'historical'> & { readonly sealed?: boolean }): void {
    const { statements, book, boots } = this.#parts;
    const { own } = book;
    for (const [index, row] of rows.entries()) {
      const boot = row.bootId === undefined ? null : boots.number(row.bootId);
      statements.insert[row.lane].run(...columnsOf(rowKey(own, first + index), row, { recordedMs: now.wallMs, historical, boot, sealed }));
    }
  }

  /** Removes every row of the own stream from a sequence on, and sets notes to what they were. */
  takeBack(first: number, notes: ReadonlyMap<string, string>, keys: Iterable<string>): void {
    const { statements, book } = this.#parts;
    for (const lane of LANES) statements.removeAbove[lane].run(rowKey(book.own, first - 1));
    for (const key of keys) this.#note(key, notes.get(key) ?? null);
  }

  #note(key: string, value: string | null): void {
    const { statements } = this.#parts;
    if (value === null) statements.removeNote.run(key);
    else statements.putNote.run(key, value, checksum([key, value]));
  }
}

/** The numbers that stand for boot ids in rows. */
export class Boots {
  readonly #statements: Statements;
  readonly #numbers = new Map<string, number>();
  /** Added by the transaction that is running: they count only once it is committed. */
  readonly #added = new Map<string, number>();

  constructor(statements: Statements) {
    this.#statements = statements;
    for (const { number, id } of statements.boots.all()) this.#numbers.set(id, number);
  }

  /** The number of a boot id, a new one when it has none; in a transaction. */
  number(id: string): number {
    const known = this.#numbers.get(id) ?? this.#added.get(id);
    if (known !== undefined) return known;
    this.#statements.addBoot.run(id);
    const added = this.#statements.boots.all().find((boot) => boot.id === id);
    if (added === undefined) throw new TypeError('a boot was not added');
    this.#added.set(id, added.number);
    return added.number;
  }

  /** The boot id of a number. */
  id(number: number | null): string | undefined {
    if (number === null) return undefined;
    for (const [id, known] of this.#numbers) if (known === number) return id;
    return undefined;
  }

  /** The transaction is committed. */
  confirm(): void {
    for (const [id, number] of this.#added) this.#numbers.set(id, number);
    this.#added.clear();
  }

  /** The transaction was rolled back. */
  discard(): void {
    this.#added.clear();
  }
}

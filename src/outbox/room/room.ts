import { statfsSync } from 'node:fs';
import { StorageError } from '../../core/errors.ts';
import type { Stamp } from '../../core/reading.ts';
import { Ballast } from './ballast.ts';
import type { Batch, News, OutboxLimits, Usage } from '../calls.ts';
import { Retention } from './retention.ts';
import { Shedding } from './shedding.ts';
import { bytesOf } from '../row.ts';
import type { Store } from '../file/store.ts';

/** What a Room is made of. */
export interface RoomParts {
  readonly store: Store;
  readonly directory: string;
  readonly limits: OutboxLimits;
  readonly tell: (news: News) => void;
}

/**
 * Keeps the outbox within its bounds: of the file, and of the free space on the disk. What is delivered goes first, then
 * meter readings are thinned; a scan that was stored never goes, and when there is nothing else left, new readings
 * are refused, which the person at the scanner hears.
 */
export class Room {
  readonly #parts: RoomParts;
  readonly #ballast: Ballast;
  readonly #retention: Retention;
  readonly #shedding: Shedding;
  #rowBytes = ROW_BYTES_ASSUMED;
  /** Looked at once a second while there is plenty: a disk that fills up within that refuses a commit by itself. */
  #free: number | undefined;
  #freeMs = Number.NEGATIVE_INFINITY;
  /** What the file took when that was last looked at, which is in each commit. */
  #file: { readonly used: number; readonly size: number } | undefined;

  constructor(parts: RoomParts) {
    this.#parts = parts;
    this.#ballast = new Ballast(parts);
    this.#retention = new Retention(parts);
    this.#shedding = new Shedding(parts);
  }

  /** How much is taken, as it was at the last commit, and how much there is, as it was within the last second. */
  usage(): Usage {
    const { used, size } = this.#file ?? this.#look();
    return { usedBytes: used, limitBytes: this.#limitBytes(size), waitingBytes: Math.round(Math.min(used, this.#parts.store.book.waiting * this.#rowBytes)) };
  }

  /** Asks SQLite, which outside a transaction begins one for it: locks that are not worth it at each commit. */
  #look(): { readonly used: number; readonly size: number } {
    const { store } = this.#parts;
    this.#file = store.guarded(() => store.statements.usedBytes.get()) ?? { used: 0, size: 0 };
    return this.#file;
  }

  /** Makes room for a batch; throws a StorageError when there is none to make. */
  make({ rows, read, now }: Batch): void {
    for (const { stream, sequence } of read) this.#parts.store.book.read(stream, 'meter', sequence);
    if (now.monotonicMs - this.#freeMs >= LOOK_EVERY_MS) [this.#free, this.#freeMs] = [undefined, now.monotonicMs];
    const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 0);
    if (rows.length > 0) this.#rowBytes += ((bytes / rows.length) * STORED_SHARE - this.#rowBytes) * AVERAGE_OVER;
    const needed = rows.length === 0 ? 0 : bytes * GROWTH + PAGES_ASIDE;
    if (this.#isFarFromFull(needed)) return;
    this.#free = undefined;
    this.#look();
    let { usedBytes, limitBytes } = this.usage();
    // A little at each commit long before it is full, so that no scan waits for a great clearance.
    if (usedBytes + needed > limitBytes * NEARLY_FULL && !this.#retention.purge('all')) this.#shedding.shed(now);
    while (usedBytes + needed > limitBytes) {
      if (!this.#retention.purge('all') && !this.#shedding.shed(now)) throw this.#full(limitBytes);
      this.#look();
      ({ usedBytes, limitBytes } = this.usage());
    }
  }

  /** Removes inside a transaction what was delivered and is kept no longer. */
  tidyInside({ rows, now }: Batch): void {
    const rowsMax = Math.max(TIDY_ROWS_LEAST, rows.length * 2); // more than come, or it would never be done
    this.#look();
    const { usedBytes, waitingBytes } = this.usage();
    if (usedBytes - waitingBytes > this.#parts.limits.keepBytesMax) this.#retention.purgeInside('all', rowsMax);
    else this.#retention.purgeAgedInside(now, rowsMax);
  }

  /** The disk is full, whatever our own bounds say: gives up the ballast, so that something can be deleted. */
  relieve(now: Stamp): void {
    this.#ballast.giveUp();
    this.#free = undefined;
    if (!this.#retention.purge('all')) this.#shedding.shed(now);
  }

  /** Looks after the ballast; to be called after openings and commits. */
  settle(): void {
    this.#ballast.restore(this.#freeBytes());
  }

  /** What a person should know. */
  alarms(): readonly string[] {
    const free = this.#freeBytes();
    const { freeBytesMin } = this.#parts.limits;
    const low = free < freeBytesMin ? [`only ${Math.round(free / 1024 / 1024)} MiB are free on the disk of ${this.#parts.directory}: free some, or readings will be refused`] : [];
    const { gone } = this.#shedding;
    return gone === 0 ? low : [...low, `${gone} meter readings were given up since the start for want of room: the broker has been away too long for outbox.sizeMax`];
  }

  /** By what is known without asking SQLite. */
  #isFarFromFull(needed: number): boolean {
    return this.#file !== undefined && this.#file.used + needed <= this.#limitBytes(this.#file.size) * FAR_FROM_FULL;
  }

  #limitBytes(size: number): number {
    const { bytesMax, freeBytesMin } = this.#parts.limits;
    return Math.min(bytesMax, size + Math.max(0, this.#freeBytes() - freeBytesMin));
  }

  #freeBytes(): number {
    this.#free ??= this.#looked();
    return this.#free;
  }

  #looked(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#parts.directory);
      return bavail * bsize;
    } catch (error) {
      throw new StorageError({ where: this.#parts.directory, what: 'its free space cannot be told', cause: error });
    }
  }

  #full(limitBytes: number): StorageError {
    const what = `it is full: ${Math.round(limitBytes / 1024 / 1024)} MiB hold what waits for the broker, and nothing of it may go`;
    return new StorageError({ where: this.#parts.store.file, what, remedy: 'Bring the broker back, free some disk space, or raise outbox.sizeMax' });
  }
}

/** What a row takes until one was seen, and how much of its size in the gather buffer it takes in the file. */
const ROW_BYTES_ASSUMED = 250;
const STORED_SHARE = 0.9;
/** How fast the average follows. */
const AVERAGE_OVER = 0.02;
/** What rows take in the file at most, pages that are half full and their places in the trees included. */
const GROWTH = 1.3;
const PAGES_ASIDE = 64 * 1024;
const LOOK_EVERY_MS = 1000;
/** A little at a time: it happens while scans wait for their commit. */
const TIDY_ROWS_LEAST = 250;
/** From here on a little is cleared at each commit. */
const NEARLY_FULL = 0.9;
/** Until here a commit and what a salvage adds beside it are nothing to look at. */
const FAR_FROM_FULL = 0.5;

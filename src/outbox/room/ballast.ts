import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { OutboxLimits } from '../calls.ts';

/**
 * A file that holds room and nothing else. On a full disk SQLite in WAL mode cannot even delete; giving the ballast up
 * lets it.
 */
export class Ballast {
  readonly #file: string;
  readonly #freeBytesMin: number;
  readonly #bytes: number;
  #isKept = false;

  constructor({ directory, limits }: { readonly directory: string; readonly limits: OutboxLimits }) {
    this.#file = join(directory, 'ballast');
    this.#freeBytesMin = limits.freeBytesMin;
    this.#bytes = Math.min(BYTES_MAX, Math.floor(limits.freeBytesMin / 2));
  }

  /** Makes it, if it is not there and there is room enough beside the reserve. */
  restore(freeBytes: number): void {
    if (this.#isKept || freeBytes < this.#freeBytesMin + this.#bytes) return;
    this.#isKept = this.#isThere();
    if (this.#isKept) return;
    try {
      const file = openSync(this.#file, 'w', 0o600);
      try {
        const zeros = Buffer.alloc(CHUNK_BYTES);
        for (let left = this.#bytes; left > 0; left -= CHUNK_BYTES) writeSync(file, zeros, 0, Math.min(left, CHUNK_BYTES));
        fsyncSync(file);
        this.#isKept = true;
      } finally {
        closeSync(file);
      }
    } catch {
      this.giveUp(); // half a ballast is none; it is tried again later, and the commits themselves tell what is wrong
    }
  }

  /** Removes it. */
  giveUp(): void {
    this.#isKept = false;
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // On a read-only disk it cannot go, and would not help.
    }
  }

  #isThere(): boolean {
    return (statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) >= this.#bytes;
  }
}

/** More than the WAL and what a delete moves. */
const BYTES_MAX = 16 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

import { readSync, writeSync } from 'node:fs';

/** The calls that can fail: writing and truncating, syncing, or making, renaming and removing files. */
export type StorageCall = 'write' | 'sync' | 'name';

/** Which calls fail, and how. */
export interface StorageFault {
  readonly calls: readonly StorageCall[];
  /** The first of these calls that fails, counted from 1 at the moment the fault is set. */
  readonly from: number;
  /** Which of them fail: "1" and "0" for one after the other, at most 64; or "for good". */
  readonly which: string;
  readonly error: keyof typeof ERRORS;
}

/** How many calls were made under the watched folder since the control file was made. */
export interface StorageCounts {
  readonly write: number;
  readonly sync: number;
  readonly name: number;
  /** Calls that failed since the last fault was set. */
  readonly failed: number;
}

/** The file through which a running shim is switched and read; a child process can hold the other end of it. */
export class ShimControl {
  readonly #file: number;

  /** Takes the open file. */
  constructor(file: number) {
    this.#file = file;
  }

  /** What an empty one holds. */
  static readonly EMPTY: Uint8Array = new Uint8Array(10 * 8);

  /** Fails calls from now on; undefined ends it. */
  set fault(fault: StorageFault | undefined) {
    this.#write(WORD.kinds, [0]); // off while the rest changes
    if (fault === undefined) return;
    this.#write(WORD.from, [fault.from, whichBits(fault.which), ERRORS[fault.error]]);
    this.#write(WORD.seen, [0, 0]);
    this.#write(WORD.kinds, [fault.calls.reduce((sum, call) => sum + KINDS[call], 0)]);
  }

  /** Delays every sync by so many milliseconds from now on. */
  set syncMs(delayMs: number) {
    this.#write(WORD.syncMs, [delayMs]);
  }

  /** What was counted so far. */
  get counts(): StorageCounts {
    const words = new BigUint64Array(4);
    readSync(this.#file, new Uint8Array(words.buffer), 0, words.byteLength, WORD.failed * 8);
    const [failed = 0, write = 0, sync = 0, name = 0] = [...words].map(Number);
    return { write, sync, name, failed };
  }

  #write(first: number, values: readonly (number | bigint)[]): void {
    writeSync(this.#file, new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer), 0, values.length * 8, first * 8);
  }
}

function whichBits(which: StorageFault['which']): bigint {
  if (which === 'for good') return 0n;
  return BigInt(`0b${which.split('').toReversed().join('')}`);
}

/** Linux' own numbers, the same on x64 and arm64 (asm-generic/errno-base.h). */
const ERRORS = { EIO: 5, ENOSPC: 28, EROFS: 30 } as const;

/** enum kind in storage-shim/storage-shim.c. */
const KINDS: Readonly<Record<StorageCall, number>> = { write: 1, sync: 2, name: 4 };

/** struct control in the same file, as indices of its words. */
const WORD = { kinds: 0, from: 1, syncMs: 4, seen: 5, failed: 6 } as const;

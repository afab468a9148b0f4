import { closeSync, fsyncSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_NAME } from '../file/store.ts';

/**
 * A file that stands beside the outbox from the first commit of a run to its orderly end. Where it stands and there is no
 * write-ahead log, somebody has removed the log, and with it the newest readings: their sequences must not be given out
 * again.
 */
export class RunningMark {
  readonly #directory: string;
  readonly #file: string;
  #isSet = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, 'running');
  }

  /** Whether the log of the run before is missing; asked before the file is opened. */
  get isLogMissing(): boolean {
    return sizeOf(this.#file) !== undefined && sizeOf(join(this.#directory, FILE_NAME)) !== undefined && (sizeOf(join(this.#directory, `${FILE_NAME}-wal`)) ?? 0) === 0;
  }

  /** Whether there is no outbox at all in this directory, though there may have been one. */
  get isFileMissing(): boolean {
    return sizeOf(join(this.#directory, FILE_NAME)) === undefined;
  }

  /** Sets it, after a commit. */
  set(): void {
    if (this.#isSet) return;
    writeFileSync(this.#file, '');
    this.#isSet = true;
  }

  /** Removes it, on the disk too: before the log is emptied at the start, and after the file is closed. */
  clear(): void {
    this.#isSet = false;
    if (sizeOf(this.#file) === undefined) return;
    rmSync(this.#file, { force: true });
    const folder = openSync(this.#directory, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

import { messageOf, StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Observation } from '../core/observation.ts';
import type { Stamp } from '../core/reading.ts';
import type { Notes } from '../core/record.ts';
import type { DeviceStatus } from './device-status.ts';

/** What one frame said, stamped at its last byte. */
export interface Report {
  readonly observations: readonly Observation[];
  readonly stamp: Stamp;
  /** Stored in the same transaction. */
  readonly notes?: Notes | undefined;
  /** Names the code that was sent, of a device that marks what it sends again: remembered with it. */
  readonly code?: string | undefined;
  /** Somebody wished these values now, or the one meter that is named: they are published whatever the reading policy says. */
  readonly demanded?: { readonly meter?: string | undefined } | undefined;
}

/** What became of a frame, as the person at the device is told. */
export type Outcome = 'stored' | 'questioned' | 'refused';

/** What Commits is made of. */
export interface CommitsParts {
  readonly device: string;
  readonly status: DeviceStatus;
  readonly log: Log;
  /** Resolves after the commit; rejects with a StorageError when it was not stored. */
  readonly report: (report: Report) => Promise<'questioned' | void>;
  /** Gets what was thrown and is neither. */
  readonly crash: (bug: unknown) => void;
}

/**
 * Hands one device's frames over to be stored, without waiting for the ones before: bytes are never held back by a slow
 * disk. So many may wait at once, and what is beyond that is refused.
 */
export class Commits {
  readonly #parts: CommitsParts;
  #waiting = 0;
  #refusing = false;

  constructor(parts: CommitsParts) {
    this.#parts = parts;
  }

  /** Resolves after the commit, or when there will be none; it never rejects. */
  store(report: Report): Promise<Outcome> {
    if (this.#waiting >= WAITING_MAX) {
      this.#parts.status.counts.refused += report.observations.length;
      return Promise.resolve(this.#refused(`${WAITING_MAX} scans wait to be stored already`));
    }
    this.#waiting += 1;
    try {
      return this.#parts.report(report).then(this.#stored, this.#failed);
    } catch (bug) {
      return Promise.resolve(this.#failed(bug));
    }
  }

  /** One for all scans, as is the next: thousands can wait. */
  readonly #stored = (verdict: 'questioned' | void): Outcome => {
    const { device, log } = this.#parts;
    this.#waiting -= 1;
    if (this.#refusing) log.info(`${device}: scans are stored again`, { device });
    this.#refusing = false;
    return verdict ?? 'stored';
  };

  readonly #failed = (error: unknown): Outcome => {
    this.#waiting -= 1;
    if (!(error instanceof StorageError)) this.#parts.crash(error);
    return this.#refused(messageOf(error));
  };

  #refused(why: string): Outcome {
    const { device, log } = this.#parts;
    if (!this.#refusing) log.error(`${device}: scans are refused: ${why}`, { device });
    this.#refusing = true;
    return 'refused';
  }
}

/** Seventeen seconds of a fast scanner at 115200 baud, longer than a checkpoint on storage that takes two for each sync; each takes some 1.8 KB in memory while it waits. */
const WAITING_MAX = 8192;

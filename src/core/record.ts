import type { Reading } from './reading.ts';

/** Small keyed facts that must not part from the readings they belong to; null removes one. */
export type Notes = Readonly<Record<string, string | null>>;

/** What the outbox gave to recorded readings. */
export interface Recorded {
  /** The CloudEvents source. */
  readonly source: string;
  /** The sequence numbers, one a reading, in the order given. */
  readonly sequences: readonly number[];
}

/** How long readings may wait for company before they are committed. */
export interface RecordOptions {
  /** 0 commits as soon as the commit rate allows; polled readings may linger, since they can be read again. */
  readonly lingerMs?: number;
}

/**
 * Stores readings and notes in one transaction and resolves after the commit; rejects with a StorageError when they
 * are not stored.
 */
export type RecordReadings = (readings: readonly Reading[], notes?: Notes, options?: RecordOptions) => Promise<Recorded>;

import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Lane } from '../core/reading.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Track } from './track.ts';

/** What a forwarder needs of the outbox. */
export type ForwardedOutbox = Pick<Outbox, 'follow' | 'page' | 'fetch' | 'record' | 'quarantine' | 'release' | 'quarantinedRows' | 'settlementChanged' | 'connected' | 'source'>;

/** What a forwarder needs. */
export interface ForwarderParts {
  readonly outbox: ForwardedOutbox;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The topic under which everything goes, without a slash at its end. */
  readonly root: string;
  /** The most messages in flight; the broker's receive maximum can make it fewer. */
  readonly window: number;
  readonly publishDeadlineMs: number;
  readonly acknowledgedBy: 'broker' | 'receiver';
  readonly noSubscribers: 'keep' | 'accept';
  /** With `acknowledgedBy: receiver`: a row that the receiver has not confirmed for this long goes again. */
  readonly overdueMs: number;
  /** How long rows with an unsynced time are held after the broker was reached, for the clock to be set. */
  readonly clockWaitMs: number;
  /** After an outage of ten minutes the backlog of meter readings starts after a random time up to this. */
  readonly spreadMs: number;
  /** The most meter readings of a backlog, and rows sent once more, a second; no limit when left out. */
  readonly drainPerSecond?: number | undefined;
  /** The receiver knows more of this source than was ever given out: the outbox is an old copy of itself. */
  readonly copied: (source: string) => void;
}

/** What the forwarder did since the gateway's start, and what waits. */
export interface ForwarderReport {
  readonly waiting: Readonly<Record<Lane, number>>;
  readonly inFlight: number;
  readonly unconfirmed: number;
  readonly published: number;
  readonly settled: number;
  readonly refused: number;
  readonly quarantined: number;
  readonly lastAcknowledgedMs: number | undefined;
  /** Why something is not sent although a broker is connected, in words. */
  readonly held: string | undefined;
  /** What a person should know and do something about. */
  readonly alarms: readonly string[];
  readonly tracks: readonly Track[];
}

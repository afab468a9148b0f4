import type { Arrival, Eviction, RowIdentity, Settlement, StreamReport } from './calls.ts';
import type { StoredRow } from './row.ts';

/** Who moves rows on: told what changes in the outbox, in the order in which it changes, and asked what is settled. */
export interface Follower {
  /** A stream stands in the outbox: at its opening, in place of a damaged one, or after the salvage of an old one. */
  opened(stream: StreamReport): void;
  /** A stream's file was put aside: nothing of it can be read or settled until it is opened again. */
  withdrawn(stream: number): void;
  /** Rows were added to a stream: these, as a page would give them, or ones that have to be read. */
  arrived(arrival: Arrival, rows?: readonly StoredRow[]): void;
  /** Rows were given up for want of room; the outbox itself tells the receiver. */
  evicted(eviction: Eviction): void;
  /** The settled ranges of every lane, asked for when they are written. */
  settlements(): readonly Settlement[];
  /** Of each stream the last meter reading that was read to be sent, asked for at each commit. */
  read(): readonly RowIdentity[];
}

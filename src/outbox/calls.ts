import type { Range } from '../core/ranges.ts';
import type { Lane, Stamp } from '../core/reading.ts';
import type { LaneRow, NewRow, StoredRow } from './row.ts';

/** What the main thread asks of the outbox's worker thread: a request and its answer, by name. */
export interface Calls {
  open: { request: OpenRequest; answer: { readonly fault: string | undefined } };
  /** Opens the file now if it could not be opened before. */
  ready: { request: undefined; answer: undefined };
  commit: { request: Batch; answer: Committed };
  page: { request: PageRequest; answer: Page };
  fetch: { request: FetchRequest; answer: Fetched };
  quarantine: { request: undefined; answer: readonly QuarantinedRow[] };
  correct: { request: Stamp; answer: undefined };
  restart: { request: RestartRequest; answer: undefined };
  ping: { request: undefined; answer: undefined };
  close: { request: undefined; answer: undefined };
}

/** What the worker tells without being asked, in the order in which it happened; what comes of a commit is told in its answer, which comes after the news of its time. */
export type News =
  | Opened
  | { readonly news: 'withdrawn'; readonly streams: readonly number[] }
  | { readonly news: 'arrived'; readonly arrivals: readonly Arrival[] }
  | { readonly news: 'evicted'; readonly evictions: readonly Eviction[] }
  | { readonly news: 'usage'; readonly usage: Usage }
  | { readonly news: 'alarms'; readonly alarms: readonly string[] };

/** Where the outbox lies and whose it is. */
export interface OpenRequest {
  readonly directory: string;
  readonly site: string;
  readonly gateway: string;
  readonly fingerprint: string;
  /** Eight random hexadecimal digits, used if a new stream has to start. */
  readonly newStreamId: string;
  readonly limits: OutboxLimits;
  readonly now: Stamp;
}

/** A new stream is begun, since the present one must not be continued. */
export interface RestartRequest {
  readonly reason: StreamReason;
  readonly newStreamId: string;
  readonly now: Stamp;
}

/** How much the outbox may take and keep. */
export interface OutboxLimits {
  /** The most that the file may hold. */
  readonly bytesMax: number;
  /** What stays free on the disk whatever waits. */
  readonly freeBytesMin: number;
  /** How long delivered rows are kept for replay, and how much of them at most. */
  readonly keepMs: number;
  readonly keepBytesMax: number;
}

/** How much room is taken. */
export interface Usage {
  /** The part of the file that holds something. */
  readonly usedBytes: number;
  /** What it may grow to, by the configuration and by the free space of the disk. */
  readonly limitBytes: number;
  /** About what the rows take that are not delivered yet. */
  readonly waitingBytes: number;
}

/** What stands in the file, or was added to it by a salvage. */
export interface Opened {
  readonly news: 'opened';
  readonly streams: readonly StreamReport[];
  /** The stream that new readings go to; undefined when it is another than these. */
  readonly own: number | undefined;
  readonly notes: Readonly<Record<string, string>>;
  /** The settings that durability hangs on, as SQLite reads them back. */
  readonly pragmas: Readonly<Record<string, string | number>>;
  /** The wall time of the newest reading that was taken with a synchronised clock, where there is one. */
  readonly lastGoodMs: number | undefined;
}

/** Why a stream was begun. */
export type StreamReason = 'new' | 'renamed' | 'other-hardware' | 'damaged' | 'incomplete' | 'copied';

/** One stream: its identity and how far its rows are settled. */
export interface StreamReport {
  readonly number: number;
  readonly source: string;
  readonly reason: StreamReason;
  /** When it was begun, in wall time. */
  readonly createdMs: number;
  /** The sequence of the last row that was given out, 0 before the first. */
  readonly last: number;
  readonly lanes: Readonly<Record<Lane, LaneReport>>;
}

/** One lane of one stream. */
export interface LaneReport {
  /** Ranges of settled sequences, lowest first. */
  readonly settled: readonly Range[];
  /** Rows that are not settled. */
  readonly waiting: number;
  /** When the first of those that waited at the opening was stored, in wall time; undefined when none did. */
  readonly waitingSinceMs?: number | undefined;
  /** The highest sequence that may have been sent. */
  readonly sentUpto: number;
}

/** New rows of a lane, told after their commit. */
export interface Arrival {
  readonly stream: number;
  readonly lane: Lane;
  /** The highest sequence in this lane. */
  readonly last: number;
  readonly rows: number;
}

/** Rows that were given up although they were not settled, told after the commit that records it. */
export interface Eviction {
  readonly stream: number;
  readonly lane: Lane;
  /** Their sequences and no others, lowest first. */
  readonly ranges: readonly Range[];
}

/** Everything that goes into one transaction. */
export interface Batch {
  readonly rows: readonly NewRow[];
  readonly notes: readonly (readonly [key: string, value: string | null])[];
  readonly settlements: readonly Settlement[];
  readonly quarantined: readonly Quarantined[];
  /** Rows that are in quarantine no longer. */
  readonly released: readonly RowIdentity[];
  /** Of each stream the last meter reading that was read to be sent: up to there they may be on their way at any moment. */
  readonly read: readonly RowIdentity[];
  /** The moment of the commit. */
  readonly now: Stamp;
  readonly historical: boolean;
}

/** The settled ranges of a lane, in full: they replace what stands there. */
export interface Settlement {
  readonly stream: number;
  readonly lane: Lane;
  readonly ranges: readonly Range[];
  /** The highest sequence of this lane that may have been sent. */
  readonly sentUpto: number;
  /** Rows of this lane that are not settled. */
  readonly waiting: number;
}

/** One row. */
export interface RowIdentity {
  readonly stream: number;
  readonly sequence: number;
}

/** A row that the other side refused for good. */
export interface Quarantined extends RowIdentity {
  readonly lane: Lane;
  readonly code: string;
  readonly message: string;
}

/** A row in quarantine, as a person wants to see it. */
export interface QuarantinedRow extends Quarantined {
  readonly source: string;
  readonly kind: string;
  readonly subject: string;
  readonly takenMs: number;
  readonly quarantinedMs: number;
  /** A later reading of the same meter was delivered: sending this one now would put them out of order. */
  readonly overtaken: boolean;
}

/** The sequences that a batch's rows got, `first` and on in order, and where they have arrived. */
export interface Committed {
  readonly source: string;
  readonly first: number;
  readonly arrivals: readonly Arrival[];
  readonly usage: Usage;
}

/** A piece of a lane, in order. */
export interface PageRequest {
  readonly stream: number;
  readonly lane: Lane;
  /** Only rows with a higher sequence. */
  readonly after: number;
  readonly rowsMax: number;
  /** Whether rows whose time may still be corrected are given out as they are from now on, or waited for. */
  readonly sealing: 'wait' | 'now';
}

/** Rows that are not settled, in order. */
export interface Page {
  readonly rows: readonly StoredRow[];
  /** There are more, and they wait for the clock to be set. */
  readonly held: boolean;
}

/** Rows by their sequences, in both lanes and whether settled or not. */
export interface FetchRequest {
  readonly stream: number;
  readonly from: number;
  readonly to: number;
  readonly rowsMax: number;
}

/** What is still kept of what was asked for, in the order of the sequences. */
export interface Fetched {
  readonly rows: readonly LaneRow[];
  /** The lowest and the highest sequence that the stream still keeps; undefined when it keeps none. */
  readonly kept: Range | undefined;
}

/** A call on its way to the worker. */
export type CallMessage = { [Name in keyof Calls]: { id: number; name: Name; request: Calls[Name]['request'] } }[keyof Calls];

/** A worker's answer on its way back. */
export type AnswerMessage =
  | { readonly id: number; readonly answer: Calls[keyof Calls]['answer'] }
  | { readonly id: number; readonly fault: { readonly where: string; readonly what: string; readonly remedy: string | undefined } };

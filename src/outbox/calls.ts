import type { Range } from '../core/ranges.ts';
import type { Lane } from '../core/reading.ts';
import type { NewRow, StoredRow } from './row.ts';

/** What the main thread asks of the outbox's worker thread: a request and its answer, by name. */
export interface Calls {
  open: { request: OpenRequest; answer: Opened };
  commit: { request: Batch; answer: Committed };
  page: { request: PageRequest; answer: readonly StoredRow[] };
  close: { request: undefined; answer: undefined };
}

/** Where the outbox lies and whose it is. */
export interface OpenRequest {
  readonly directory: string;
  readonly site: string;
  readonly gateway: string;
  readonly fingerprint: string;
  /** Eight random hexadecimal digits, used if a new stream has to start. */
  readonly newStreamId: string;
  readonly nowMs: number;
}

/** What was found. */
export interface Opened {
  /** The stream that new readings go to. */
  readonly stream: StreamReport;
  /** Every stream of the file, oldest first. */
  readonly streams: readonly StreamReport[];
  readonly notes: Readonly<Record<string, string>>;
  /** The settings that durability hangs on, as SQLite reads them back. */
  readonly pragmas: Readonly<Record<string, string | number>>;
  readonly usedBytes: number;
}

/** One stream: its identity and how far its rows are settled. */
export interface StreamReport {
  readonly number: number;
  readonly source: string;
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
}

/** Everything that goes into one transaction. */
export interface Batch {
  readonly rows: readonly NewRow[];
  readonly notes: readonly (readonly [key: string, value: string | null])[];
  readonly settlements: readonly Settlement[];
  readonly quarantined: readonly Quarantined[];
  readonly nowMs: number;
  readonly historical: boolean;
}

/** The settled ranges of a lane, in full: they replace what stands there. */
export interface Settlement {
  readonly stream: number;
  readonly lane: Lane;
  readonly ranges: readonly Range[];
}

/** A row that the other side refused for good. */
export interface Quarantined {
  readonly stream: number;
  readonly lane: Lane;
  readonly sequence: number;
  readonly code: string;
  readonly message: string;
}

/** The sequences that a batch's rows got: `first` and on, in order. */
export interface Committed {
  readonly first: number;
  /** The part of the file that holds something. */
  readonly usedBytes: number;
}

/** A piece of a lane, in order. */
export interface PageRequest {
  readonly stream: number;
  readonly lane: Lane;
  /** Only rows with a higher sequence. */
  readonly after: number;
  readonly rowsMax: number;
}

/** A call on its way to the worker. */
export type CallMessage = { [Name in keyof Calls]: { id: number; name: Name; request: Calls[Name]['request'] } }[keyof Calls];

/** A worker's answer on its way back. */
export type AnswerMessage =
  | { readonly id: number; readonly answer: Calls[keyof Calls]['answer'] }
  | { readonly id: number; readonly fault: { readonly where: string; readonly what: string; readonly remedy: string | undefined } };

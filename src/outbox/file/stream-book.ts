import { Ranges } from '../../core/ranges.ts';
import { type Lane, LANES } from '../../core/reading.ts';
import type { LaneReport, OpenRequest, Settlement, StreamReason, StreamReport } from '../calls.ts';
import { checksum, isIntact } from './checksum.ts';
import { isOtherHardware } from './fingerprint.ts';
import { rowKey, SEQUENCE_MAX, sequenceOf, STREAM_MAX } from '../row-key.ts';
import type { Statements, StreamRecord } from './statements.ts';
import { damage } from './storage-fault.ts';
import { StorageError } from '../../core/errors.ts';

/** One lane of a stream as it is kept in memory. */
interface LaneBook {
  settled: Ranges;
  sentUpto: number;
  /** Up to where rows were given out in this run, and may be sent before that is written down. */
  readUpto: number;
  waiting: number;
  /** When the first row that waited at the opening was stored. */
  waitingSinceMs?: number | undefined;
}

/** The streams of a file, and how far each is settled: what stands in the file as of the last commit. */
export class StreamBook {
  readonly #file: string;
  readonly #statements: Statements;
  readonly #streams = new Map<number, StreamRecord>();
  /** Written by the transaction that is running: they count only once it is committed. */
  readonly #written = new Map<number, StreamRecord>();
  readonly #lanes = new Map<string, LaneBook>();

  /** Reads it; throws damage when a row of it is not as it was written. */
  constructor(statements: Statements, file: string) {
    this.#statements = statements;
    this.#file = file;
    this.#load();
  }

  /** Reads it anew, after a salvage has added to the file. */
  reload(): void {
    this.#streams.clear();
    this.#lanes.clear();
    this.#load();
  }

  /** The number of the stream that new readings go to; 0 while there is none. */
  get own(): number {
    return Math.max(0, ...this.#streams.keys(), ...this.#written.keys());
  }

  /** Every stream, oldest first. */
  get numbers(): readonly number[] {
    return [...this.#streams.keys()].sort((a, b) => a - b);
  }

  /** The source of a stream. */
  sourceOf(number: number): string {
    return (this.#written.get(number) ?? this.#streams.get(number))?.source ?? '';
  }

  /** The number of the stream with a source; undefined when there is none. */
  numberOf(source: string): number | undefined {
    return [...this.#streams.values(), ...this.#written.values()].find((stream) => stream.source === source)?.number;
  }

  /** Whether the file holds a stream. */
  has(number: number): boolean {
    return this.#streams.has(number);
  }

  /** What is known of a lane. */
  lane(stream: number, lane: Lane): LaneBook {
    const name = `${stream}/${lane}`;
    const known = this.#lanes.get(name) ?? { settled: new Ranges(), sentUpto: 0, readUpto: 0, waiting: 0 };
    this.#lanes.set(name, known);
    return known;
  }

  /** Rows up to a sequence were given out, or are known to be. */
  read(stream: number, lane: Lane, upto: number): void {
    if (!this.has(stream)) return;
    const known = this.lane(stream, lane);
    known.readUpto = Math.max(known.readUpto, upto);
  }

  /** Rows of every lane that are not settled. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** The sequence of the last row that was given out. */
  lastOf(stream: number): number {
    const [from, to] = [rowKey(stream, 0), rowKey(stream, SEQUENCE_MAX)];
    const highest = LANES.map((lane) => this.#statements.highest[lane].get(from, to)?.key ?? from);
    return Math.max((this.#written.get(stream) ?? this.#streams.get(stream))?.floor ?? 0, ...highest.map(sequenceOf));
  }

  /** Everything of one stream. */
  report(number: number): StreamReport {
    const { source, reason, created_ms: createdMs } = this.#record(number);
    const report = (lane: Lane): LaneReport => {
      const { settled, sentUpto, waiting, waitingSinceMs } = this.lane(number, lane);
      return { settled: settled.list(), sentUpto, waiting, waitingSinceMs };
    };
    return { number, source, reason: reason as StreamReason, createdMs, last: this.lastOf(number), lanes: { scan: report('scan'), meter: report('meter') } };
  }

  /**
   * Goes on with the newest stream, or begins a new one when it is another gateway's or another machine's. To be called in
   * a transaction.
   */
  openOwn(request: OpenRequest, reason: StreamReason = 'new'): void {
    const newest = this.#streams.get(this.own);
    const why = reasonToBegin(newest, request, reason);
    if (why !== undefined) this.begin({ ...request, reason: why, nowMs: request.now.wallMs });
    else if (newest !== undefined && request.fingerprint !== '' && newest.fingerprint !== request.fingerprint) this.#put({ ...newest, fingerprint: request.fingerprint });
  }

  /** Begins a stream of its own; in a transaction. */
  begin(parts: { readonly site: string; readonly gateway: string; readonly fingerprint: string; readonly newStreamId: string; readonly reason: StreamReason; readonly nowMs: number; readonly number?: number }): void {
    const { site, gateway, fingerprint, newStreamId, reason, nowMs, number = this.own + 1 } = parts;
    if (number > STREAM_MAX) throw new StorageError({ where: this.#file, what: `${STREAM_MAX} streams are the most`, remedy: 'Begin with an empty directory under outbox.directory' });
    this.#put({ number, source: `urn:tailgate:${site}:${gateway}:${newStreamId}`, site, gateway, fingerprint, created_ms: nowMs, floor: 0, reason, crc: 0 });
  }

  /** Begins a stream with the same names as the present one, for another reason. */
  beginAnother(parts: { readonly newStreamId: string; readonly reason: StreamReason; readonly nowMs: number }): void {
    const { site, gateway, fingerprint } = this.#record(this.own);
    this.begin({ site, gateway, fingerprint, ...parts });
  }

  /** Adds a stream that was salvaged; in a transaction. */
  add(record: StreamRecord): void {
    this.#put(record);
  }

  /** Writes a lane's settlement if it says something new; in a transaction. `settled()` follows after the commit. */
  write({ stream, lane, ranges, sentUpto }: Settlement): void {
    const known = this.lane(stream, lane);
    const number = LANES.indexOf(lane);
    if (sentUpto > known.sentUpto) this.#statements.putSent.run(stream, number, sentUpto);
    if (sameRanges(known.settled, ranges)) return;
    this.#statements.clearSettled.run(stream, number);
    for (const [first, last] of ranges) this.#statements.putSettled.run(stream, number, first, last, checksum([stream, number, first, last]));
  }

  /** The settlement stands in the file now. */
  settled({ stream, lane, ranges, sentUpto, waiting }: Settlement): void {
    const known = this.lane(stream, lane);
    known.settled = new Ranges(ranges);
    known.sentUpto = Math.max(known.sentUpto, sentUpto);
    known.waiting = waiting;
  }

  /** Rows are about to be deleted: whatever is gone, no sequence is given out twice. In a transaction. */
  raiseFloor(stream: number): void {
    const record = this.#record(stream);
    const floor = this.lastOf(stream);
    if (floor > record.floor) this.#put({ ...record, floor });
  }

  /** Rows of an uncertain commit were taken back: so is what it said of the count. In a transaction. */
  lowerFloor(stream: number, last: number): void {
    const record = this.#record(stream);
    if (record.floor > last) this.#put({ ...record, floor: last });
  }

  /** The count has come farther than any row that is there or was delivered: rows are hidden. */
  get isShort(): boolean {
    const own = this.#streams.get(this.own);
    if (own === undefined || own.floor === 0) return false;
    const [from, to] = [rowKey(own.number, own.floor - 1), rowKey(own.number, SEQUENCE_MAX)];
    return LANES.every((lane) => this.#statements.count[lane].get(from + 1, to)?.rows === 0 && !this.lane(own.number, lane).settled.has(own.floor));
  }

  /** Forgets an old stream of which nothing is kept; in a transaction. */
  remove(stream: number): void {
    for (const lane of LANES) {
      this.#statements.clearSettled.run(stream, LANES.indexOf(lane));
      this.#lanes.delete(`${stream}/${lane}`);
    }
    this.#statements.clearSent.run(stream);
    this.#statements.removeStream.run(stream);
    this.#streams.delete(stream);
  }

  /** The transaction is committed. */
  confirm(): void {
    for (const [number, record] of this.#written) this.#streams.set(number, record);
    this.#written.clear();
  }

  /** The transaction was rolled back. */
  discard(): void {
    this.#written.clear();
  }

  #load(): void {
    for (const record of this.#statements.streams.all()) this.#take(record);
    for (const { stream, lane, first, last, crc } of this.#statements.settled.all()) {
      if (!isIntact(crc, [stream, lane, first, last])) throw damage(this.#file, 'a range of settled readings is damaged');
      this.lane(stream, laneNumbered(lane)).settled.add(first, last);
    }
    for (const { stream, lane, upto } of this.#statements.sent.all()) this.lane(stream, laneNumbered(lane)).sentUpto = upto;
    for (const number of this.#streams.keys()) for (const lane of LANES) this.#countWaiting(number, lane);
  }

  #record(number: number): StreamRecord {
    const record = this.#written.get(number) ?? this.#streams.get(number);
    if (record === undefined) throw new TypeError(`there is no stream ${number}`);
    return record;
  }

  #take(record: StreamRecord): void {
    if (!isIntactStream(record)) throw damage(this.#file, `the entry of stream ${record.number} is damaged`);
    this.#streams.set(record.number, record);
  }

  #put(record: StreamRecord): void {
    this.#statements.putStream.run(...columnsOf(record), checksum(columnsOf(record)));
    this.#written.set(record.number, record);
  }

  /** Between the settled ranges only: there can be a week of settled rows, and none of them is looked at. */
  #countWaiting(stream: number, lane: Lane): void {
    const known = this.lane(stream, lane);
    let from = 0;
    for (const [first, last] of [...known.settled.list(), [SEQUENCE_MAX + 1, SEQUENCE_MAX + 1] as const]) {
      const [after, upto] = [rowKey(stream, 0) + from - 1, rowKey(stream, 0) + first - 1];
      known.waiting += this.#statements.count[lane].get(after + 1, upto)?.rows ?? 0;
      known.waitingSinceMs ??= this.#statements.keys[lane].get(after, upto, 1)?.recorded_ms;
      from = last + 1;
    }
  }
}

/** The lane of a number in the file. */
export function laneNumbered(number: number): Lane {
  return LANES[number] ?? 'scan';
}

function reasonToBegin(newest: StreamRecord | undefined, { site, gateway, fingerprint }: OpenRequest, reason: StreamReason): StreamReason | undefined {
  if (newest === undefined) return reason;
  if (newest.site !== site || newest.gateway !== gateway) return 'renamed';
  return isOtherHardware(newest.fingerprint, fingerprint) ? 'other-hardware' : undefined;
}

/** Whether the entry of a stream is as it was written. */
export function isIntactStream(record: StreamRecord): boolean {
  return isIntact(record.crc, columnsOf(record));
}

function columnsOf({ number, source, site, gateway, fingerprint, created_ms: createdMs, floor, reason }: StreamRecord): readonly [number, string, string, string, string, number, number, string] {
  return [number, source, site, gateway, fingerprint, createdMs, floor, reason];
}

function sameRanges(known: Ranges, ranges: Settlement['ranges']): boolean {
  const list = known.list();
  return list.length === ranges.length && list.every(([first, last], index) => ranges[index]?.[0] === first && ranges[index]?.[1] === last);
}

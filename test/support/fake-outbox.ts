import type { Lane, Reading } from '../../src/core/reading.ts';
import { laneOf } from '../../src/core/reading.ts';
import { Ranges, type Range } from '../../src/core/ranges.ts';
import type { ForwardedOutbox } from '../../src/delivery/forwarder-parts.ts';
import type { Fetched, FetchRequest, Page, PageRequest, Quarantined, QuarantinedRow, RowIdentity, StreamReport } from '../../src/outbox/calls.ts';
import type { Follower } from '../../src/outbox/follower.ts';
import { type LaneRow, rowOf } from '../../src/outbox/row.ts';

/** The source of a fake outbox's stream. */
export const sourceOf = (stream: number): string => `urn:tailgate:bedford:truck-17:${String(stream).padStart(8, '0')}`;

/** An outbox in memory, which does what a test wants: holds rows back, gives them up, loses whole streams. */
export class FakeOutbox implements ForwardedOutbox {
  connected = false;
  /** The number of the stream that new readings go to. */
  own = 1;
  /** Rows from this sequence on are not given out with `sealing: 'wait'`. */
  heldFrom = Number.POSITIVE_INFINITY;
  /** Whether it hands over the rows that it tells of, as far as they are not held back. */
  handsOver = true;
  readonly pages: PageRequest[] = [];
  readonly quarantined: Quarantined[] = [];
  readonly released: RowIdentity[] = [];
  /** What `quarantinedRows` says beside them. */
  overtaken = new Set<number>();
  /** What is told of the rows that wait when a stream is opened: since when they do. */
  waitingSinceMs: number | undefined;
  /** Everything below is no longer kept. */
  keptFrom = 1;
  settlementChanges = 0;
  /** How often the quarantine was asked for. */
  lists = 0;
  readonly #rows = new Map<number, LaneRow[]>();
  #follower: Follower | undefined;

  get source(): string {
    return sourceOf(this.own);
  }

  follow(follower: Follower): void {
    this.#follower = follower;
    for (const stream of this.#rows.keys()) follower.opened(this.reportOf(stream));
  }

  /** Adds readings to a stream and tells so. */
  add(readings: readonly Reading[], stream = this.own, historical = false): readonly number[] {
    const rows = this.#rows.get(stream) ?? [];
    const first = (rows.at(-1)?.sequence ?? 0) + 1;
    const known = this.#rows.has(stream);
    const added = readings.map((reading, index): LaneRow => ({ ...rowOf(reading), sequence: first + index, recordedMs: 0, historical, lane: laneOf(reading.kind) }));
    this.#rows.set(stream, [...rows, ...added]);
    if (!known) this.#follower?.opened({ ...this.reportOf(stream), last: 0, lanes: { scan: { settled: [], waiting: 0, sentUpto: 0 }, meter: { settled: [], waiting: 0, sentUpto: 0 } } });
    for (const lane of ['scan', 'meter'] as const) {
      const ofLane = added.filter((row) => row.lane === lane);
      const last = ofLane.at(-1)?.sequence;
      const handed = this.handsOver && last !== undefined && last < this.heldFrom ? ofLane : undefined;
      if (last !== undefined) this.#follower?.arrived({ stream, lane, last, rows: ofLane.length }, handed);
    }
    return added.map(({ sequence }) => sequence);
  }

  /** Opens a stream again with what is settled of it, as after a salvage. */
  open(stream: number, settled: readonly Range[] = []): void {
    this.#follower?.opened(this.reportOf(stream, settled));
  }

  withdraw(stream: number): void {
    this.#follower?.withdrawn(stream);
  }

  evict(lane: Lane, ranges: readonly Range[], stream = this.own): void {
    const gone = new Ranges(ranges);
    this.#rows.set(stream, (this.#rows.get(stream) ?? []).filter((row) => row.lane !== lane || !gone.has(row.sequence)));
    this.#follower?.evicted({ stream, lane, ranges });
  }

  reportOf(stream: number, settled: readonly Range[] = []): StreamReport {
    const rows = this.#rows.get(stream) ?? [];
    const done = new Ranges(settled);
    const laneReport = (lane: Lane) => ({ settled, waiting: rows.filter((row) => row.lane === lane && !done.has(row.sequence)).length, waitingSinceMs: this.waitingSinceMs, sentUpto: done.list().at(-1)?.[1] ?? 0 });
    return { number: stream, source: sourceOf(stream), reason: 'new', createdMs: 0, last: rows.at(-1)?.sequence ?? 0, lanes: { scan: laneReport('scan'), meter: laneReport('meter') } };
  }

  async page(request: PageRequest): Promise<Page> {
    this.pages.push(request);
    await Promise.resolve();
    const { stream, lane, after, rowsMax, sealing } = request;
    const rows = (this.#rows.get(stream) ?? []).filter((row) => row.lane === lane && row.sequence > after);
    const open = sealing === 'now' ? rows : rows.filter(({ sequence }) => sequence < this.heldFrom);
    return { rows: open.slice(0, rowsMax), held: open.length < rows.length && open.length <= rowsMax };
  }

  async fetch({ stream, from, to, rowsMax }: FetchRequest): Promise<Fetched> {
    await Promise.resolve();
    const rows = (this.#rows.get(stream) ?? []).filter(({ sequence }) => sequence >= this.keptFrom);
    const [first, last] = [rows[0]?.sequence, rows.at(-1)?.sequence];
    return { rows: rows.filter(({ sequence }) => sequence >= from && sequence <= to).slice(0, rowsMax), kept: first === undefined || last === undefined ? undefined : [first, last] };
  }

  readonly record: ForwardedOutbox['record'] = async (readings) => {
    await Promise.resolve();
    return { source: this.source, sequences: this.add(readings) };
  };

  quarantine(row: Quarantined, event?: Reading): void {
    this.quarantined.push(row);
    if (event !== undefined) void Promise.resolve().then(() => this.add([event]));
  }

  release(row: RowIdentity): void {
    this.released.push(row);
  }

  async quarantinedRows(): Promise<readonly QuarantinedRow[]> {
    this.lists += 1;
    await Promise.resolve();
    const there = this.quarantined.filter(({ sequence }) => !this.released.some((row) => row.sequence === sequence));
    return there.map((row) => {
      const { kind = '', subject = '', takenMs = 0 } = (this.#rows.get(row.stream) ?? []).find(({ sequence }) => sequence === row.sequence) ?? {};
      return { ...row, source: sourceOf(row.stream), kind, subject, takenMs, quarantinedMs: 0, overtaken: this.overtaken.has(row.sequence) };
    });
  }

  settlementChanged(): void {
    this.settlementChanges += 1;
  }
}

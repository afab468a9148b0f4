import type { Clock } from '../../src/core/clock.ts';
import type { Log } from '../../src/core/log.ts';
import type { MeterReading, ScanReading, Stamp } from '../../src/core/reading.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import type { Arrival, Eviction, RowIdentity, Settlement, StreamReport } from '../../src/outbox/calls.ts';
import type { Follower } from '../../src/outbox/follower.ts';
import type { StoredRow } from '../../src/outbox/row.ts';
import { WorkerThread } from '../../src/outbox/worker-thread.ts';
import { Outbox, type OutboxParts } from '../../src/outbox/outbox.ts';

/** The built worker thread. */
export const WORKER_FILE = new URL('../../dist/outbox-worker.js', import.meta.url);

/** A log that says nothing. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The real clock, believed to be right. */
export const CLOCK: Clock = systemClock(() => 'synced');

/** Limits that no test reaches by chance. */
export const LIMITS = { bytesMax: 2 ** 31, freeBytesMin: 2 ** 20, keepMs: 7 * 86_400_000, keepBytesMax: 100 * 2 ** 20 } as const;

/** Opens a real outbox in a folder. */
export function openOutbox(directory: string, parts: Partial<OutboxParts> = {}): Promise<Outbox> {
  return Outbox.open({
    worker: new WorkerThread(WORKER_FILE),
    directory,
    site: 'bedford',
    gateway: 'truck-17',
    fingerprint: '',
    newStreamId: '3f9c1e7a',
    commitsPerSecond: 50,
    limits: LIMITS,
    clock: CLOCK,
    log: SILENT,
    ...parts,
  });
}

/** A scan of a text. */
export function scanOf(text: string, stamp: Stamp = CLOCK.stamp()): ScanReading {
  const hex = Buffer.from(text).toString('hex').toUpperCase();
  return { kind: 'scan', device: 'cab-scanner', stamp, content: { device: 'cab-scanner', text, hex, role: 'unknown' } };
}

/** A meter's value. */
export function meterOf(value: string, meter = 'engine-hours', stamp: Stamp = CLOCK.stamp()): MeterReading {
  const decimal = Decimal.parse(value);
  if (decimal === undefined) throw new TypeError(`not a decimal: ${value}`);
  return {
    kind: 'reading',
    device: 'generator',
    stamp,
    content: { device: 'generator', meter, kind: 'counter', value: decimal, unit: 'h', raw: value, epoch: 0, quality: 'good' },
  };
}

/** A follower that keeps what it was told, and settles what a test says. */
export class RecordingFollower implements Follower {
  readonly streams = new Map<number, StreamReport>();
  readonly withdrawals: number[] = [];
  readonly arrivals: Arrival[] = [];
  /** The rows that came with each of them. */
  readonly handed: (readonly StoredRow[] | undefined)[] = [];
  readonly evictions: Eviction[] = [];
  settling: readonly Settlement[] = [];
  reading: readonly RowIdentity[] = [];

  opened(stream: StreamReport): void {
    this.streams.set(stream.number, stream);
  }

  withdrawn(stream: number): void {
    this.streams.delete(stream);
    this.withdrawals.push(stream);
  }

  arrived(arrival: Arrival, rows?: readonly StoredRow[]): void {
    this.arrivals.push(arrival);
    this.handed.push(rows);
  }

  evicted(eviction: Eviction): void {
    this.evictions.push(eviction);
  }

  settlements(): readonly Settlement[] {
    return this.settling;
  }

  read(): readonly RowIdentity[] {
    return this.reading;
  }

  /** The stream that new readings go to. */
  get own(): StreamReport {
    const own = this.streams.get(Math.max(...this.streams.keys()));
    if (own === undefined) throw new Error('no stream was opened');
    return own;
  }
}

/** Follows an outbox. */
export function follow(outbox: Outbox): RecordingFollower {
  const follower = new RecordingFollower();
  outbox.follow(follower);
  return follower;
}

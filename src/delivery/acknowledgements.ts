import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { Ranges } from '../core/ranges.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Quarantine } from './quarantine.ts';
import type { Entry } from './subject.ts';
import type { Track } from './track.ts';
import type { Rejection, Watermark } from './watermark.ts';

/** What the receiver's word acts on. */
export interface AcknowledgementsParts {
  readonly outbox: Pick<Outbox, 'source'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly acknowledgedBy: 'broker' | 'receiver';
  readonly quarantine: Quarantine;
  readonly settle: (entry: Entry) => void;
  readonly putAside: (entry: Entry, code: string, message: string) => void;
  readonly copied: (source: string) => void;
}

/**
 * What the receiver says it has, against what was handed over to it. A watermark that is late, repeated, foreign or
 * mistaken settles nothing that was not sent; one that knows more than was ever given out, or less than before, is
 * told to a person.
 */
export class Acknowledgements {
  readonly #parts: AcknowledgementsParts;
  readonly #highest = new Map<string, number>();
  readonly #wentBack = new Map<string, number>();
  #copied: string | undefined;
  #copiedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: AcknowledgementsParts) {
    this.#parts = parts;
  }

  /** Acts on a watermark. */
  heard(watermark: Watermark, tracks: readonly Track[]): void {
    const { source, upto, missing, rejected } = watermark;
    const lanes = tracks.filter((track) => track.source === source);
    const [first] = lanes;
    if (first === undefined) {
      this.#parts.log.debug('an ack for another source was ignored', { upto });
      return;
    }
    const last = Math.max(...lanes.map((track) => track.last));
    if (upto > last && source === this.#parts.outbox.source) {
      this.#knowsMore(source, upto, last);
      return;
    }
    this.#compare(source, Math.min(upto, last));
    this.#reject(first.stream, source, rejected, lanes);
    const holes = new Ranges(missing);
    this.#parts.quarantine.acknowledged(source, (sequence) => sequence <= upto && !holes.has(sequence), rejected);
    if (this.#parts.acknowledgedBy === 'broker') return;
    for (const track of lanes) {
      for (const entry of track.handedOver(upto)) if (!holes.has(entry.sequence)) this.#parts.settle(entry);
    }
  }

  /** What a person should know. */
  alarms(): readonly string[] {
    const back = [...this.#wentBack].map(
      ([source, upto]) =>
        `the receiver's watermark of ${source} went back from ${this.#highest.get(source) ?? 0} to ${upto}: it may have been restored from a backup. Have it ask for what it lacks with cmd/replay`,
    );
    if (this.#copied === undefined || this.#copied !== this.#parts.outbox.source) return back;
    return [...back, `the receiver has counted more of ${this.#copied} than this gateway ever gave out: the outbox is an old copy, or another box runs with a copy of it. New readings need a new stream`];
  }

  #compare(source: string, upto: number): void {
    const highest = this.#highest.get(source) ?? 0;
    if (upto >= highest) {
      this.#highest.set(source, upto);
      this.#wentBack.delete(source);
      return;
    }
    if (!this.#wentBack.has(source)) this.#parts.log.warn('the receiver\'s watermark went back', { source, from: highest, to: upto });
    this.#wentBack.set(source, upto);
  }

  /** Acting on it costs a stream, so a receiver that is mistaken, or hostile, is not followed without end. */
  #knowsMore(source: string, upto: number, last: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#copied === source || nowMs - this.#copiedMs < COPIED_EVERY_MS) return;
    this.#copied = source;
    this.#copiedMs = nowMs;
    this.#parts.log.error('the receiver has counted more than was ever given out: this outbox is an old copy', { source, upto, last });
    this.#parts.copied(source);
  }

  #reject(stream: number, source: string, rejections: readonly Rejection[], lanes: readonly Track[]): void {
    const late: Rejection[] = [];
    for (const rejection of rejections) {
      const { sequence, code, message } = rejection;
      const entry = lanes.map((track) => track.open(sequence)).find((open) => open !== undefined);
      if (entry === undefined) {
        if (lanes.some((track) => track.wasSent(sequence) && sequence <= track.sentUpto)) late.push(rejection);
      } else if (entry.tries > 0) {
        this.#parts.putAside(entry, code, message);
      }
    }
    this.#parts.quarantine.rejected(stream, source, late);
  }
}

/** How often an outbox may be taken for a copy. */
const COPIED_EVERY_MS = 3_600_000;

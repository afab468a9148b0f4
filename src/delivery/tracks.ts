import { type Lane, LANES } from '../core/reading.ts';
import type { Eviction, RowIdentity, Settlement, StreamReport } from '../outbox/calls.ts';
import type { Entry } from './subject.ts';
import { Track } from './track.ts';

/** The lanes of every stream, in the order in which they are served: all scan lanes first, older streams first. */
export class Tracks {
  #list: readonly Track[] = [];

  /** All of them, in order. */
  get list(): readonly Track[] {
    return this.#list;
  }

  /** A stream stands in the outbox. Returns its lanes. */
  opened({ number, source, last, lanes }: StreamReport): readonly Track[] {
    const added = LANES.map((lane) => new Track({ stream: number, source, lane, last, report: lanes[lane] }));
    this.#list = [...this.#list, ...added].sort((a, b) => LANES.indexOf(a.lane) - LANES.indexOf(b.lane) || a.stream - b.stream);
    return added;
  }

  /** A stream is no more. Returns its lanes. */
  withdrawn(stream: number): readonly Track[] {
    const gone = this.#list.filter((track) => track.stream === stream);
    this.#list = this.#list.filter((track) => track.stream !== stream);
    return gone;
  }

  /** A lane of a stream, unless it is no more. */
  of({ stream, lane }: { readonly stream: number; readonly lane: Lane }): Track | undefined {
    return this.#list.find((track) => track.stream === stream && track.lane === lane);
  }

  /** Whether everything that stands in this lane of every stream has been read. */
  isRead(lane: Lane): boolean {
    return this.#list.every((track) => track.lane !== lane || track.unread === undefined);
  }

  /** Rows were given up. Returns those that were read already. */
  evicted(eviction: Eviction): readonly Entry[] {
    return this.of(eviction)?.evict(eviction) ?? [];
  }

  /** The settled ranges of every lane. */
  settlements(): readonly Settlement[] {
    return this.#list.map((track) => track.settlement());
  }

  /** Of each stream the last meter reading that was read. */
  read(): readonly RowIdentity[] {
    return this.#list.filter(({ lane }) => lane === 'meter').map(({ stream, readUpto }) => ({ stream, sequence: readUpto }));
  }

  /** Rows that are not settled. */
  waiting(lane: Lane): number {
    return sum(this.#list, (track) => (track.lane === lane ? track.waiting : 0));
  }

  /** Rows that the broker has and that are not done. */
  get unconfirmed(): number {
    return sum(this.#list, (track) => track.unconfirmed);
  }

  /** About what those take in memory. */
  get unconfirmedBytes(): number {
    return sum(this.#list, (track) => track.unconfirmedBytes);
  }
}

function sum(tracks: readonly Track[], of: (track: Track) => number): number {
  let total = 0;
  for (const track of tracks) total += of(track);
  return total;
}

import type { ScanObservation } from '../core/observation.ts';

/** One stay of a radio tag in a reader's field. Times are monotonic milliseconds. */
export interface Stay<Outcome> {
  readonly tag: string;
  readonly firstMs: number;
  /** What was read last. */
  readonly scan: ScanObservation;
  readonly lastMs: number;
  /** How often it was read. */
  readonly count: number;
  /** What became of its arrival. */
  readonly outcome: Outcome | undefined;
}

/**
 * What reading a tag once more says: it *arrived*, it *moved* to another antenna, it is *known*, or the field is *full* and
 * it is not followed. `leaving` has to be told *departed* to make room.
 */
export type Sight<Outcome> =
  | { readonly kind: 'arrived' | 'known'; readonly stay: Stay<Outcome> }
  | { readonly kind: 'moved'; readonly stay: Stay<Outcome>; readonly from: number | undefined }
  | { readonly kind: 'full'; readonly leaving: Stay<Outcome> | undefined };

/** A tag that leaves while it is read again. */
export interface ReadAgain {
  readonly scan: ScanObservation;
  readonly atMs: number;
}

/**
 * Follows which tags are in the field of one reader, so that a tag that is read a hundred times a second makes two events.
 * It asks for no time: `due` is to be called when a stay may have ended, and each departure that it gives is to be
 * settled by `departed` or `kept`.
 */
export class Presence<Outcome> {
  readonly #departAfterMs: number;
  readonly #tagsMax: number;
  /** In the order in which they were last read. */
  readonly #stays = new Map<string, Entry<Outcome>>();

  constructor({ departAfterMs, tagsMax = TAGS_MAX }: { readonly departAfterMs: number; readonly tagsMax?: number }) {
    this.#departAfterMs = departAfterMs;
    this.#tagsMax = tagsMax;
  }

  /** How many tags are followed. */
  get size(): number {
    return this.#stays.size;
  }

  /** A tag was read. */
  see(tag: string, scan: ScanObservation, atMs: number): Sight<Outcome> {
    const known = this.#stays.get(tag);
    if (known !== undefined) return this.#again(known, scan, atMs);
    if (this.#stays.size >= this.#tagsMax) return { kind: 'full', leaving: this.#leave(this.#oldest()) };
    const antenna = scan.tag?.antenna;
    const stay: Entry<Outcome> = { tag, scan, firstMs: atMs, lastMs: atMs, count: 1, outcome: undefined, antenna, antennaMs: atMs, dueMs: atMs + this.#departAfterMs, isLeaving: false, again: undefined };
    this.#stays.set(tag, stay);
    return { kind: 'arrived', stay };
  }

  /** What is to become of an arrival, for the sights until it is known. */
  expect(stay: Stay<Outcome>, outcome: Outcome): void {
    const entry = this.#stays.get(stay.tag);
    if (entry === stay) entry.outcome = outcome;
  }

  /** The arrival was not stored: the tag arrives when it is read again. */
  unarrived(stay: Stay<Outcome>): void {
    if (this.#stays.get(stay.tag) === stay) this.#stays.delete(stay.tag);
  }

  /** The move was not stored: it is told when the tag is read again. */
  unmoved(stay: Stay<Outcome>, from: number | undefined): void {
    const entry = this.#stays.get(stay.tag);
    if (entry === stay) entry.antenna = from;
  }

  /** The stays that have ended by now. */
  due(nowMs: number): readonly Stay<Outcome>[] {
    const ended = [...this.#stays.values()].filter(({ isLeaving, dueMs }) => !isLeaving && dueMs <= nowMs);
    return ended.flatMap((entry) => this.#leave(entry) ?? []);
  }

  /** When to ask `due` again; undefined when no tag is followed. */
  get nextDueMs(): number | undefined {
    let nextMs: number | undefined;
    for (const { isLeaving, dueMs } of this.#stays.values()) if (!isLeaving) nextMs = Math.min(nextMs ?? dueMs, dueMs);
    return nextMs;
  }

  /** The departure is stored. What was read meanwhile begins another stay. */
  departed(stay: Stay<Outcome>): ReadAgain | undefined {
    const entry = this.#stays.get(stay.tag);
    if (entry !== stay) return undefined;
    this.#stays.delete(stay.tag);
    return entry.again;
  }

  /** The departure is not stored: the stay goes on, and ends again after a while if it was not read meanwhile. */
  kept(stay: Stay<Outcome>, nowMs: number): void {
    const entry = this.#stays.get(stay.tag);
    if (entry !== stay) return;
    const { again } = entry;
    entry.isLeaving = false;
    entry.again = undefined;
    entry.dueMs = nowMs + Math.max(this.#departAfterMs, RETRY_LEAST_MS);
    if (again !== undefined) this.#again(entry, again.scan, again.atMs);
  }

  #again(entry: Entry<Outcome>, scan: ScanObservation, atMs: number): Sight<Outcome> {
    if (entry.isLeaving) {
      entry.again = { scan, atMs };
      return { kind: 'known', stay: entry };
    }
    const from = entry.antenna;
    const antenna = scan.tag?.antenna;
    const isMoved = antenna !== undefined && antenna !== from && (from === undefined || atMs - entry.antennaMs >= MOVED_AFTER_MS);
    entry.scan = scan;
    entry.lastMs = atMs;
    entry.dueMs = atMs + this.#departAfterMs;
    entry.count += 1;
    if (isMoved) entry.antenna = antenna;
    if (antenna === entry.antenna) entry.antennaMs = atMs;
    this.#stays.delete(entry.tag);
    this.#stays.set(entry.tag, entry);
    return isMoved ? { kind: 'moved', stay: entry, from } : { kind: 'known', stay: entry };
  }

  #oldest(): Entry<Outcome> | undefined {
    for (const entry of this.#stays.values()) if (!entry.isLeaving) return entry;
    return undefined;
  }

  #leave(entry: Entry<Outcome> | undefined): Stay<Outcome> | undefined {
    if (entry !== undefined) entry.isLeaving = true;
    return entry;
  }
}

interface Entry<Outcome> {
  readonly tag: string;
  readonly firstMs: number;
  scan: ScanObservation;
  lastMs: number;
  count: number;
  outcome: Outcome | undefined;
  /** The antenna that it was told at last, and when that last read it. */
  antenna: number | undefined;
  antennaMs: number;
  dueMs: number;
  /** Its departure is being stored. */
  isLeaving: boolean;
  again: ReadAgain | undefined;
}

/** A gate sees some hundred tags at once; each costs less than 1 KB. */
const TAGS_MAX = 4096;
/** A tag between two antennas is read by both in turn: it moves when the old one has not read it for this long. */
const MOVED_AFTER_MS = 1000;
/** A departure that a full disk refused is not tried more often than this. */
const RETRY_LEAST_MS = 1000;

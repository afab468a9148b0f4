import type { Cancel, Clock } from '../core/clock.ts';
import type { Stamp } from '../core/reading.ts';
import { standsAt } from '../driver-kit/bytes.ts';
import type { Framing } from '../driver-kit/framing.ts';
import { FrameReader } from './frame-reader.ts';

/** What an answer is looked for with. */
export interface AnswerSearch {
  readonly request: Uint8Array;
  readonly reply: Framing;
  /** Whether the request itself comes back first. */
  readonly echo: boolean;
  readonly clock: Clock;
  /** Told of every byte that is not part of the answer. */
  readonly discarded: (bytes: number, reason: string) => void;
}

/** A frame, stamped at its last byte. */
export interface StampedFrame {
  readonly frame: Uint8Array;
  readonly stamp: Stamp;
}

/** Looks for the answer to one question in the bytes that come. */
export class Answer {
  /** Resolves with the answer; it stays open when none comes. */
  readonly arrived: Promise<StampedFrame>;
  readonly #search: AnswerSearch;
  readonly #reader: FrameReader;
  #found: StampedFrame | undefined;
  #arrive: (found: StampedFrame) => void = () => undefined; // replaced by the promise's own below
  #echo: Echo;
  #unusable = 0;
  #lastByte: Stamp;
  #cancelGap: Cancel = () => undefined; // no gap to wait for yet

  constructor(search: AnswerSearch) {
    this.#search = search;
    this.#echo = search.echo ? { state: 'awaited', got: new Uint8Array(0) } : { state: 'none' };
    this.#lastByte = search.clock.stamp();
    this.arrived = new Promise((resolve) => (this.#arrive = resolve));
    this.#reader = new FrameReader(search.reply, {
      frame: (frame) => this.#take(frame),
      discarded: (bytes, reason) => this.#discard(bytes, reason),
    });
  }

  /** Takes a chunk of any size. */
  receive(chunk: Uint8Array): void {
    this.#lastByte = this.#search.clock.stamp();
    const rest = this.#afterEcho(chunk);
    if (rest.length === 0) return;
    if (this.#found !== undefined) {
      this.#discard(rest.length, AFTER);
      return;
    }
    this.#reader.push(rest);
    this.#awaitGap();
  }

  /** Ends the search: what is left over is counted. Resolves nothing. */
  end(): void {
    this.#cancelGap();
    if (this.#echo.state === 'awaited') this.#discard(this.#echo.got.length, NO_ECHO);
    this.#reader.end(this.#found === undefined ? 'cut off' : AFTER);
  }

  /** What came in place of an answer, before the search is ended. */
  get shortfall(): 'silence' | 'unusable bytes' | 'no echo' | 'another echo' {
    if (this.#echo.state === 'wrong') return 'another echo';
    if (this.#echo.state === 'awaited') return 'no echo';
    return this.#unusable + this.#reader.waiting === 0 ? 'silence' : 'unusable bytes';
  }

  #afterEcho(chunk: Uint8Array): Uint8Array {
    const { request } = this.#search;
    if (this.#echo.state === 'wrong') {
      this.#discard(chunk.length, NO_ECHO);
      return chunk.subarray(chunk.length);
    }
    if (this.#echo.state !== 'awaited') return chunk;
    const missing = request.length - this.#echo.got.length;
    const got = Buffer.concat([this.#echo.got, chunk.subarray(0, missing)]);
    const fits = standsAt(request, 0, got);
    if (fits && got.length < request.length) {
      this.#echo = { state: 'awaited', got };
    } else {
      this.#echo = { state: fits ? 'passed' : 'wrong' };
      this.#search.discarded(got.length, fits ? 'echo' : NO_ECHO);
    }
    return this.#echo.state === 'wrong' ? this.#afterEcho(chunk.subarray(missing)) : chunk.subarray(missing);
  }

  #take(frame: Uint8Array): void {
    if (this.#found !== undefined) {
      this.#discard(frame.length, AFTER);
      return;
    }
    this.#found = { frame, stamp: this.#lastByte }; // where silence ends a frame, now is later
    this.#arrive(this.#found);
  }

  #discard(bytes: number, reason: string): void {
    if (bytes === 0) return;
    this.#unusable += bytes;
    this.#search.discarded(bytes, reason);
  }

  #awaitGap(): void {
    const { clock, reply } = this.#search;
    if (reply.gapMs === undefined) return;
    this.#cancelGap();
    this.#cancelGap = clock.after(reply.gapMs, () => this.#reader.gap());
  }
}

type Echo =
  | { readonly state: 'none' | 'passed' | 'wrong' }
  | { readonly state: 'awaited'; readonly got: Uint8Array };

const AFTER = 'after the answer';
const NO_ECHO = 'not the echo';

import type { Cancel, Clock } from '../core/clock.ts';
import type { Stamp } from '../core/reading.ts';
import { standsAt } from '../driver-kit/bytes.ts';
import type { Framing } from '../driver-kit/framing.ts';
import { FrameReader } from './frame-reader.ts';

/** What an answer is looked for with. */
export interface AnswerSearch {
  readonly request: Uint8Array;
  readonly reply: Framing;
  /** What the line brought a short while before this question. */
  readonly heardBefore?: (() => Uint8Array) | undefined;
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
  /** Whether another master's question was heard to which this could be the answer. */
  readonly hasRival: boolean;
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
  #heard: Uint8Array = new Uint8Array(0);
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
    this.#heard = Buffer.concat([this.#heard, rest]).subarray(-HEARD_BYTES_MAX);
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

  /** What the line brought since the question, but for its echo. */
  get heard(): Uint8Array {
    return this.#withoutOwnQuestion(this.#heard);
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

  #heardUpTo(end: number): Uint8Array {
    const own = this.#withoutOwnQuestion(this.#heard.subarray(0, Math.max(end, 0)));
    return Buffer.concat([this.#search.heardBefore?.() ?? new Uint8Array(0), own]);
  }

  /** An echo that nobody configured is no other master's question. */
  #withoutOwnQuestion(heard: Uint8Array): Uint8Array {
    const { request } = this.#search;
    const at = Buffer.from(heard).indexOf(request);
    return at < 0 ? heard : Buffer.concat([heard.subarray(0, at), heard.subarray(at + request.length)]);
  }

  #take(frame: Uint8Array): void {
    if (this.#found !== undefined) {
      this.#discard(frame.length, AFTER);
      return;
    }
    const hasRival = this.#search.reply.hasRival?.(this.#heardUpTo(this.#heard.length - this.#reader.waiting - frame.length)) ?? false;
    this.#found = { frame, stamp: this.#lastByte, hasRival }; // where silence ends a frame, now is later
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

/** How much of what is heard on the line is kept to look for another master's question in. */
export const HEARD_BYTES_MAX = 4096;
const AFTER = 'after the answer';
const NO_ECHO = 'not the echo';

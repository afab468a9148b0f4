import type { Framing } from '../driver-kit/framing.ts';

/** Where a FrameReader's findings go. */
export interface FrameSink {
  /** `atGap` is true when silence ended the frame. */
  frame(frame: Uint8Array, atGap: boolean): void;
  discarded(bytes: number, reason: string): void;
  /**
   * Told of a frame that is dropped whole since it is too long, beside the discards that count its bytes: that it goes on, some times,
   * and once that it has ended, by itself or by silence.
   */
  tooLong?(how: 'goes on' | 'ended'): void;
}

/**
 * Cuts a stream of bytes into frames: owns the buffering, the size bound and the resynchronisation that framings
 * leave to it. Every byte becomes part of a frame or of a counted discard. One link, one reader: a half frame from
 * before a reconnect never meets the half after it.
 */
export class FrameReader {
  readonly #framing: Framing;
  readonly #sink: FrameSink;
  readonly #buffer: Uint8Array;
  #from = 0;
  #to = 0;
  #skipping = false;

  constructor(framing: Framing, sink: FrameSink) {
    this.#framing = framing;
    this.#sink = sink;
    this.#buffer = new Uint8Array(framing.bytesMax * 2);
  }

  /** Takes a chunk of any size. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#to === this.#buffer.length) this.#moveToStart();
      const taken = Math.min(chunk.length - at, this.#buffer.length - this.#to);
      this.#buffer.set(chunk.subarray(at, at + taken), this.#to);
      this.#to += taken;
      at += taken;
      this.#read(false);
      this.#bound();
    }
  }

  /** The line fell silent for the framing's gap. */
  gap(): void {
    this.#read(true);
  }

  /** Counts what is left over as discarded; the reader is empty afterwards. */
  end(reason: string): void {
    this.#drop(this.waiting, reason);
    this.#skipping = false;
  }

  /** Bytes that are not yet part of a frame or a discard. */
  get waiting(): number {
    return this.#to - this.#from;
  }

  #read(atGap: boolean): void {
    while (this.waiting > 0) {
      const found = this.#framing.next(this.#buffer.subarray(this.#from, this.#to), atGap);
      if (found.kind === 'incomplete') return;
      const length = Math.min(Math.max(found.length, 1), this.waiting);
      const skipping = this.#skipping;
      this.#skipping = false; // whatever was found ends the frame that was too long
      if (skipping) this.#sink.tooLong?.('ended');
      if (found.kind === 'discard') {
        this.#drop(length, found.reason);
      } else if (skipping) {
        this.#drop(length, TOO_LONG);
      } else if (length > this.#framing.bytesMax) {
        const isWhole = this.#framing.overflow === 'frame';
        this.#drop(isWhole ? length : 1, TOO_LONG); // as if it had come byte by byte
        if (isWhole) this.#sink.tooLong?.('ended');
      } else {
        this.#from += length;
        this.#sink.frame(found.frame, atGap);
      }
    }
  }

  #bound(): void {
    while (this.waiting >= this.#framing.bytesMax) {
      if (this.#framing.overflow === 'frame') {
        this.#skipping = true;
        this.#drop(this.waiting - Math.min(DELIMITER_MOST, this.#framing.bytesMax - 1), TOO_LONG);
        this.#sink.tooLong?.('goes on');
      } else {
        this.#drop(1, TOO_LONG);
        this.#read(false);
      }
    }
  }

  #drop(bytes: number, reason: string): void {
    if (bytes === 0) return;
    this.#from += bytes;
    this.#sink.discarded(bytes, reason);
  }

  #moveToStart(): void {
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }
}

/** The reason that bytes beyond the framing's bound are counted under. */
export const TOO_LONG = 'too long';

/** What is kept of a frame that grew too long, so that a delimiter which has come in part is still found whole. */
const DELIMITER_MOST = 8;

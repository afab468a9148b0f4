/** What a framing makes of the start of a buffer. */
export type Framed =
  /** The first `length` bytes are one frame; `frame` is what the decoder gets of them. */
  | { readonly kind: 'frame'; readonly length: number; readonly frame: Uint8Array }
  /** The first `length` bytes belong to no frame; they are counted under the reason. */
  | { readonly kind: 'discard'; readonly length: number; readonly reason: string }
  /** More bytes are needed to tell. */
  | { readonly kind: 'incomplete' };

/**
 * Finds one frame in a buffer of bytes. It is stateless, looks at the start of the buffer only and never throws.
 * After a bad checksum it discards one byte, never the claimed length: a length byte that is noise must not swallow
 * the good frame behind it.
 */
export interface Framing {
  /** Looks at a buffer of at least one byte. `atGap` is true when the line fell silent for `gapMs` after its last byte. */
  readonly next: (buffer: Uint8Array, atGap: boolean) => Framed;
  /** The silence that ends a frame, for framings that need one. */
  readonly gapMs?: number | undefined;
  /** The longest frame with its delimiters, in bytes; what grows beyond it is discarded. */
  readonly bytesMax: number;
  /**
   * What to do with a frame that grew beyond `bytesMax`: 'byte' drops its first byte and looks again; 'frame' drops
   * all of it up to its end, for delimited text whose tail would pass for a frame of its own.
   */
  readonly overflow: 'byte' | 'frame';
  /** What to write or set where frames are longer than that and all is well with the line, in words. */
  readonly remedy?: string | undefined;
  /**
   * For answers on a line that others may share: whether the bytes, heard on the line before the answer, hold another
   * master's question that the answer could be to. Pure; called with up to some hundred bytes of anything.
   */
  readonly hasRival?: ((heard: Uint8Array) => boolean) | undefined;
}

/** More bytes are needed. */
export const INCOMPLETE: Framed = { kind: 'incomplete' };

/** One frame, of which the decoder gets all bytes unless told otherwise. */
export function frameOf(buffer: Uint8Array, length: number, from = 0, to = length): Framed {
  return { kind: 'frame', length, frame: buffer.slice(from, to) };
}

/** Bytes that belong to no frame. */
export function discard(length: number, reason: string): Framed {
  return { kind: 'discard', length, reason };
}

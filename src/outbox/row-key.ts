/**
 * The integer key of a row: the stream's number above 40 bits of sequence. 40 bits last 34 years at 1,000 readings a
 * second; the 13 bits that JavaScript's safe integers leave above them hold 8,191 streams.
 */
export function rowKey(stream: number, sequence: number): number {
  return stream * SEQUENCES + sequence;
}

/** The sequence in a row's key. */
export function sequenceOf(key: number): number {
  return key % SEQUENCES;
}

/** The highest sequence a stream can give out. */
export const SEQUENCE_MAX = 2 ** 40 - 1;

/** The highest number a stream can have. */
export const STREAM_MAX = 2 ** 13 - 1;

const SEQUENCES = 2 ** 40;

/**
 * Reads unsigned integers of any number of bits from bytes, the most significant bit first, as EPC memory is laid out
 * (TDS 1.13, section 9.2). It never reads beyond the end: bits that are not there are zero, and `left` says beforehand.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bits have not been read. */
  get left(): number {
    return Math.max(this.#bytes.length * 8 - this.#at, 0);
  }

  /** The next bits as a number; at most 53, since a number keeps no more exactly. */
  take(count: number): number {
    let value = 0;
    for (let wanted = count; wanted > 0; ) {
      const free = 8 - (this.#at & 7);
      const used = Math.min(free, wanted);
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = value * (1 << used) + ((byte >> (free - used)) & ((1 << used) - 1));
      this.#at += used;
      wanted -= used;
    }
    return value;
  }

  /** The next bits as a decimal numeral without leading zeros; any number of bits. */
  takeNumeral(count: number): string {
    if (count <= 53) return String(this.take(count));
    let value = 0n;
    for (let wanted = count; wanted > 0; wanted -= 32) {
      const used = Math.min(wanted, 32);
      value = (value << BigInt(used)) | BigInt(this.take(used));
    }
    return value.toString();
  }

  /** Reads bits, and says whether all of them were zero. */
  takeZeros(count: number): boolean {
    let ones = 0;
    for (let wanted = count; wanted > 0; wanted -= 32) ones += this.take(Math.min(wanted, 32));
    return ones === 0;
  }
}

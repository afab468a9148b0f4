/**
 * Watches what a broker sends for packets that are larger than they may be, by the lengths that they announce (MQTT
 * 5.0, section 2.1.4). A 3.1.1 broker cannot be told a limit, and the library would gather any packet in memory.
 */
export class InboundBound {
  readonly #bytesMax: number;
  /** Bytes of the packet's body still to come; undefined while its length is read. */
  #body: number | undefined;
  #length = 0;
  #digits = -1;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether everything up to the end of the chunk is within bounds; not to be called again after it is not. */
  allows(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body !== undefined) {
        const taken = Math.min(this.#body, chunk.length - at);
        this.#body -= taken;
        at += taken;
      } else {
        if (!this.#header(chunk[at] ?? 0)) return false;
        at += 1;
      }
      if (this.#body === 0) this.#body = undefined;
    }
    return true;
  }

  /** Takes one byte of the fixed header: the type, then a length of up to four bytes with seven bits each, lowest first. */
  #header(byte: number): boolean {
    if (this.#digits < 0) {
      this.#digits = 0;
      this.#length = 0;
      return true;
    }
    if (this.#digits > 3) return false;
    this.#length += (byte & 0x7f) * 128 ** this.#digits;
    this.#digits += 1;
    if (this.#length > this.#bytesMax) return false;
    if ((byte & 0x80) !== 0) return true;
    this.#body = this.#length;
    this.#digits = -1;
    return true;
  }
}

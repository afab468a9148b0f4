/** One packet from a host: a command or a piece of a link's bytes, its type byte included. */
export interface H4Packet {
  readonly kind: 'command' | 'acl';
  readonly bytes: Buffer;
}

/** Cuts a UART's bytes into packets (Bluetooth Core 5.4, volume 4, part A). */
export class H4Reader {
  #waiting = Buffer.alloc(0);

  /** Every packet that is whole with these bytes. */
  push(chunk: Uint8Array): H4Packet[] {
    this.#waiting = Buffer.concat([this.#waiting, chunk]);
    const packets: H4Packet[] = [];
    for (let length = this.#length(); length !== undefined && this.#waiting.length >= length; length = this.#length()) {
      const bytes = Buffer.from(this.#waiting.subarray(0, length));
      this.#waiting = this.#waiting.subarray(length);
      packets.push({ kind: bytes[0] === 0x02 ? 'acl' : 'command', bytes });
    }
    return packets;
  }

  #length(): number | undefined {
    const kind = this.#waiting[0];
    if (kind === undefined) return undefined;
    if (kind === 0x01) return this.#waiting.length < 4 ? undefined : 4 + this.#waiting.readUInt8(3);
    if (kind === 0x02) return this.#waiting.length < 5 ? undefined : 5 + this.#waiting.readUInt16LE(3);
    throw new Error(`the host sent a packet of type ${kind}`);
  }
}

/** Random numbers that are the same in every run, so that what fails once fails again (xorshift, 32 bits). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** A whole number from 0 up to, and not with, the limit; limits of up to 2^32. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** One of them. */
  oneOf<Item>(items: ArrayLike<Item>): Item {
    return items[this.below(items.length)]!;
  }

  /** Text of so many of the characters. */
  text(length: number, characters: string): string {
    return Array.from({ length }, () => this.oneOf(characters)).join('');
  }

  /** A number below 2^bits and at most so many digits, without leading zeros; small and large ones alike. */
  numeral(bits: number, digitsMax = Infinity): string {
    for (;;) {
      let value = 0n;
      const used = 1 + this.below(bits);
      for (let at = 0; at < used; at += 1) value = (value << 1n) | BigInt(this.below(2));
      if (value.toString().length <= digitsMax) return value.toString();
    }
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** An inclusive range of whole numbers. */
export type Range = readonly [first: number, last: number];

/** A set of whole numbers, kept as sorted ranges that neither overlap nor touch. */
export class Ranges {
  #ranges: [number, number][] = [];

  constructor(ranges: Iterable<Range> = []) {
    for (const [first, last] of ranges) this.add(first, last);
  }

  /** Adds every number from first to last. */
  add(first: number, last = first): void {
    if (last < first) return;
    const newest = this.#ranges.at(-1);
    if (newest === undefined || first > newest[1] + 1) {
      this.#ranges.push([first, last]);
      return;
    }
    if (first >= newest[0]) {
      newest[1] = Math.max(newest[1], last);
      return;
    }
    const from = this.#firstEndingAtOrAfter(first - 1);
    let to = from;
    let [low, high] = [first, last];
    for (let range = this.#ranges[to]; range !== undefined && range[0] <= last + 1; range = this.#ranges[to]) {
      low = Math.min(low, range[0]);
      high = Math.max(high, range[1]);
      to += 1;
    }
    this.#ranges.splice(from, to - from, [low, high]);
  }

  /** Removes every number from first to last. */
  remove(first: number, last = first): void {
    const kept: [number, number][] = [];
    const from = this.#firstEndingAtOrAfter(first);
    let to = from;
    for (let range = this.#ranges[to]; range !== undefined && range[0] <= last; range = this.#ranges[to]) {
      if (range[0] < first) kept.push([range[0], first - 1]);
      if (range[1] > last) kept.push([last + 1, range[1]]);
      to += 1;
    }
    this.#ranges.splice(from, to - from, ...kept);
  }

  /** Whether the number is in the set. */
  has(number: number): boolean {
    const range = this.#ranges[this.#firstEndingAtOrAfter(number)];
    return range !== undefined && range[0] <= number;
  }

  /** The end of the range that holds the number; undefined when none does. */
  endOf(number: number): number | undefined {
    const range = this.#ranges[this.#firstEndingAtOrAfter(number)];
    return range !== undefined && range[0] <= number ? range[1] : undefined;
  }

  /** How many numbers are in the set. */
  get size(): number {
    return this.#ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  /** The ranges, lowest first. */
  list(): readonly Range[] {
    return this.#ranges.map(([first, last]) => [first, last] as const);
  }

  #firstEndingAtOrAfter(number: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range[1] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

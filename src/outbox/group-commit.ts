import type { Cancel, Clock } from '../core/clock.ts';

/** Something that waits for its commit. */
export interface Waiting {
  readonly rows: number;
  readonly bytes: number;
  /** How long it may wait for company. */
  readonly lingerMs: number;
}

/**
 * Decides when what was gathered is committed: at once after a quiet moment, at most `commitsPerSecond` times a second
 * under load, one commit at a time. It holds at most `rowsMax` rows and `bytesMax` bytes; beyond that it takes none.
 */
export class GroupCommit<Entry extends Waiting> {
  readonly #clock: Clock;
  readonly #commit: (entries: readonly Entry[]) => Promise<void>;
  readonly #intervalMs: number;
  readonly #limits: { readonly rowsMax: number; readonly bytesMax: number };
  #entries: Entry[] = [];
  #rows = 0;
  #bytes = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #committing: Promise<void> | undefined;
  #cancel: Cancel | undefined;

  constructor(parts: {
    readonly clock: Clock;
    readonly commitsPerSecond: number;
    readonly rowsMax: number;
    readonly bytesMax: number;
    /** Stores all entries in one transaction; never rejects. */
    readonly commit: (entries: readonly Entry[]) => Promise<void>;
  }) {
    this.#clock = parts.clock;
    this.#commit = parts.commit;
    this.#intervalMs = 1000 / parts.commitsPerSecond;
    this.#limits = parts;
  }

  /** Takes an entry, or returns false when the buffer is full. */
  add(entry: Entry): boolean {
    if (this.#rows + entry.rows > this.#limits.rowsMax || this.#bytes + entry.bytes > this.#limits.bytesMax) return false;
    this.#entries.push(entry);
    this.#rows += entry.rows;
    this.#bytes += entry.bytes;
    this.#expect(this.#clock.monotonicMs() + entry.lingerMs);
    return true;
  }

  /** Rows that wait for their commit to start. */
  get rows(): number {
    return this.#rows;
  }

  /** Asks for a commit by a moment, even if nothing but notes or settlements waits. */
  expectWithin(delayMs: number): void {
    this.#expect(this.#clock.monotonicMs() + delayMs);
  }

  /** Commits what waits without lingering; resolves when nothing waits any more. */
  async flush(): Promise<void> {
    while (this.#committing !== undefined || this.#entries.length > 0 || this.#dueMs !== Number.POSITIVE_INFINITY) {
      if (this.#committing === undefined) this.#start();
      await this.#committing;
    }
  }

  #expect(dueMs: number): void {
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#committing !== undefined || this.#dueMs === Number.POSITIVE_INFINITY) return;
    this.#cancel?.();
    const atMs = Math.max(this.#dueMs, this.#lastStartMs + this.#intervalMs);
    this.#cancel = this.#clock.after(Math.max(0, atMs - this.#clock.monotonicMs()), () => this.#start());
  }

  #start(): void {
    this.#cancel?.();
    if (this.#committing !== undefined) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#rows = 0;
    this.#bytes = 0;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#lastStartMs = this.#clock.monotonicMs();
    this.#committing = this.#commit(entries).finally(() => {
      this.#committing = undefined;
      this.#schedule();
    });
  }
}

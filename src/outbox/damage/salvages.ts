import type { Stamp } from '../../core/reading.ts';
import type { News } from '../calls.ts';
import type { Store } from '../file/store.ts';
import { salvagedFolders, waitingForSalvage } from './put-aside.ts';
import { Salvage } from './salvage.ts';

/** Everything damaged of one directory: what is being copied, one after the other, and what waits for a person to remove it. */
export class Salvages {
  readonly #directory: string;
  readonly #tell: (news: News) => void;
  #waiting: Salvage[] = [];
  #salvaged: readonly string[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: { readonly directory: string; readonly tell: (news: News) => void }) {
    this.#directory = parts.directory;
    this.#tell = parts.tell;
  }

  /** Whether something damaged waits to be copied. */
  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Begins to copy what stands there into a file. */
  start(store: Store): void {
    this.#waiting = waitingForSalvage(this.#directory).map((aside) => new Salvage({ aside, store, tell: this.#tell }));
  }

  /** Forgets what is under way: the file it goes to is closed. */
  stop(): void {
    this.#waiting = [];
  }

  /** Copies a piece; true when that was the last one of a file. Throws a StorageError when the present file does not take it. */
  step(now: Stamp): boolean {
    if (this.#waiting[0]?.step(now) !== true) return false;
    this.#waiting.shift();
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    return true;
  }

  /** What a person should know of damaged files. */
  alarms({ monotonicMs }: Stamp): readonly string[] {
    if (this.#waiting.length > 0) {
      return this.#waiting.map(({ copied }) => `the outbox was damaged; it goes on with a new one, and ${copied} readings of the old one are salvaged so far`);
    }
    if (monotonicMs - this.#lookedMs >= LOOK_EVERY_MS) {
      this.#salvaged = salvagedFolders(this.#directory);
      this.#lookedMs = monotonicMs;
    }
    return this.#salvaged.map((folder) => `the outbox was damaged; what could be read is salvaged. Check the disk, then remove ${folder}`);
  }
}

/** A person removes a folder now and then; it is no work for each commit. */
const LOOK_EVERY_MS = 10_000;

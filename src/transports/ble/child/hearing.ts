import { AddressResolver } from '../address-resolver.ts';
import type { FromRadio, HearingFilter, Report } from '../messages.ts';

/** Filters packets by what is wanted and sends them in batches, so that a flood costs few messages. */
export class Hearing {
  readonly #send: (message: FromRadio, sent: () => void) => void;
  #wanted: ReadonlySet<string> | 'all' = new Set();
  #resolver = new AddressResolver([]);
  #reports: Report[] = [];
  #heard = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;

  constructor(send: (message: FromRadio, sent: () => void) => void) {
    this.#send = send;
  }

  set filter(filter: HearingFilter) {
    this.#wanted = filter?.addresses === 'all' ? 'all' : new Set(filter?.addresses);
    this.#resolver = new AddressResolver(filter?.irks ?? []);
  }

  /** How many packets came since it was last asked. */
  takeHeard(): number {
    const heard = this.#heard;
    this.#heard = 0;
    return heard;
  }

  /** Takes one packet. */
  take(report: Report): void {
    this.#heard += 1;
    if (!this.#isWanted(report)) return;
    if (this.#underWay >= BATCHES_MAX && this.#reports.length >= BATCH_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#reports.push({ ...report, bytes: Uint8Array.from(report.bytes) }); // its buffer is a piece of a whole read
    if (this.#reports.length >= BATCH_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  #isWanted({ address, addressType }: Report): boolean {
    return this.#wanted === 'all' || this.#wanted.has(address) || this.#resolver.fits(address, addressType);
  }

  /** A gateway that reads slowly gets no more than so many batches at once; the rest waits, then goes. */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#reports.length === 0 || this.#underWay >= BATCHES_MAX) return;
    const reports = this.#reports;
    const dropped = this.#dropped;
    this.#reports = [];
    this.#dropped = 0;
    this.#underWay += 1;
    this.#send({ kind: 'heard', reports, heard: this.takeHeard(), dropped }, () => {
      this.#underWay -= 1;
      if (this.#reports.length > 0) this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
    });
  }
}

const BATCH_MS = 20;
const BATCH_MAX = 256;
const BATCHES_MAX = 4;

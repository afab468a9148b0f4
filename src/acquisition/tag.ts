import type { Clock } from '../core/clock.ts';
import type { Notes } from '../core/record.ts';
import type { Advertisement } from '../driver-kit/advertisement.ts';
import type { AdvertisingDriver, Heard } from '../driver-kit/define-driver.ts';

/** One device that advertises. */
export interface TagParts {
  /** The device's name in the configuration. */
  readonly device: string;
  readonly driver: AdvertisingDriver;
  /** The driver's parsed options, with secrets read. */
  readonly options: unknown;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** What was recorded for a key, in this run or an earlier one. */
  readonly note: (key: string) => string | undefined;
}

/** What an advertisement came to, news to be recorded with its notes in one transaction. */
export interface HeardTag extends Omit<Heard, 'state'> {
  readonly notes: Notes;
  /** To be called when it could not be stored: the tag's next repeat then counts as news again. */
  readonly unstored: () => void;
}

/** Remembers between advertisements what the driver of one tag wants to know for the next, across restarts what it notes. */
export class Tag {
  readonly #parts: TagParts;
  #state: unknown;
  /** What it wants to have noted. */
  #noted: string | undefined;
  /** What of that was handed out to be recorded. */
  #handed: string | undefined;
  #isRestored = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Counts its news; repeats of the last are none. */
  #news = 0;

  constructor(parts: TagParts) {
    this.#parts = parts;
  }

  /** Decodes an advertisement of this tag. Throws the driver's ProtocolError, also for a note that cannot be read. */
  hear(advertisement: Advertisement): HeardTag {
    const { driver, options, clock } = this.#parts;
    this.#restore();
    const nowMs = clock.monotonicMs();
    const before = { state: this.#state, noted: this.#noted, handed: this.#handed, lastMs: this.#lastMs };
    const { state, ...heard } = driver.decode(advertisement, options, before.state, nowMs - before.lastMs);
    [this.#state, this.#lastMs] = [state, nowMs];
    this.#noted = (state === undefined ? undefined : driver.note?.text(state)) ?? this.#noted;
    const isNews = heard.observations.length > 0;
    if (isNews) this.#news += 1;
    const news = this.#news;
    return {
      ...heard,
      notes: isNews ? this.takeNotes() : {},
      unstored: () => {
        if (this.#news !== news) return; // what was heard since rests on it
        [this.#state, this.#noted, this.#handed, this.#lastMs] = [before.state, before.noted, before.handed, before.lastMs];
      },
    };
  }

  /** Whether a repeat brought something to be noted, such as an encryption counter, without news to note it with. */
  get hasNotes(): boolean {
    return this.#noted !== this.#handed;
  }

  /** What is to be noted now; the caller has it recorded. */
  takeNotes(): Notes {
    const text = this.#noted;
    if (text === undefined || text === this.#handed) return {};
    this.#handed = text;
    return { [this.#key]: text };
  }

  /** Forgets everything, since a person says that the tag was changed; the notes say so for good once they are recorded. */
  reset(): Notes {
    [this.#state, this.#noted, this.#handed, this.#lastMs, this.#isRestored] = [undefined, undefined, undefined, Number.NEGATIVE_INFINITY, true];
    this.#news += 1;
    return { [this.#key]: null };
  }

  #restore(): void {
    if (this.#isRestored) return;
    const text = this.#parts.note(this.#key);
    if (text !== undefined) this.#state = this.#parts.driver.note?.restored(text);
    [this.#noted, this.#handed] = [text, text];
    this.#isRestored = true;
  }

  get #key(): string {
    return `tag/${this.#parts.device}`;
  }
}

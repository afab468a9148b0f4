import { encodeJson } from '../core/json.ts';
import { noteMembers, stampIn, stampJson } from '../core/note-json.ts';
import type { Stamp } from '../core/reading.ts';
import type { Notes } from '../core/record.ts';
import type { SentCode } from '../driver-kit/define-driver.ts';
import type { Outcome } from './commits.ts';

/** What the SentAgain of one device is made of. */
export interface SentAgainParts {
  readonly device: string;
  /** What was recorded for a key, in this run or an earlier one. */
  readonly note: (key: string) => string | undefined;
}

/**
 * Remembers the last code of one device that marks what it sends again, over relinks, and by a note that is committed with the code over
 * restarts too: where only the answer was lost, the code that comes again has the outcome of its first time.
 */
export class SentAgain {
  readonly #parts: SentAgainParts;
  #last: Last | undefined;
  /** The note tells of the code before the start only. */
  #isNoteOver = false;

  constructor(parts: SentAgainParts) {
    this.#parts = parts;
  }

  /** The outcome of the first time of what is sent again now; undefined for what is new. */
  before({ code, part, again }: SentCode, now: Stamp): Promise<Outcome> | undefined {
    const last = (this.#last ??= this.#noted());
    if (!again || last === undefined || !isRecent(last.at, now)) return undefined;
    const isSame = code === undefined ? part !== undefined && part === last.part : code === last.code;
    return isSame ? last.outcome : undefined;
  }

  /** Takes a code as the last, with what becomes of it. */
  took({ code, part }: { readonly code: string; readonly part?: string | undefined }, at: Stamp, outcome: Promise<Outcome>): void {
    this.#isNoteOver = true;
    this.#last = { code, part, at, outcome };
  }

  /** What came again has an outcome of its own: its first time was not stored. */
  retried(outcome: Promise<Outcome>): void {
    if (this.#last !== undefined) this.#last = { ...this.#last, outcome };
  }

  /** Another code has begun: a part that comes alone is from now on one of that. */
  began(): void {
    if (this.#last !== undefined) this.#last = { ...this.#last, part: undefined };
  }

  /** Something came that could not be read: it may have been a new code, and what comes again is then that one. */
  doubt(): void {
    this.#isNoteOver = true;
    this.#last = undefined;
  }

  /** Not the part: with the process the knowledge went whether another code had begun, whose end may be the same. */
  #noted(): Last | undefined {
    if (this.#isNoteOver) return undefined;
    const found = noteMembers(this.#parts.note(sentAgainKey(this.#parts.device)));
    const { code, questioned } = found ?? {};
    const at = stampIn(found?.['at']);
    if (found?.['v'] !== VERSION || typeof code !== 'string' || at === undefined) return undefined;
    return { code, part: undefined, at, outcome: Promise.resolve(questioned === true ? 'questioned' : 'stored') };
  }
}

/** The note of a code that may be sent again, to be committed with it. */
export function sentAgainNotes(device: string, code: string, at: Stamp, isQuestioned: boolean): Notes {
  return { [sentAgainKey(device)]: encodeJson({ v: VERSION, code, at: stampJson(at), questioned: isQuestioned }) };
}

interface Last {
  readonly code: string;
  readonly part: string | undefined;
  readonly at: Stamp;
  readonly outcome: Promise<Outcome>;
}

/** By the monotonic clock within one boot, and by wall time across boots, where it can be trusted. */
function isRecent(at: Stamp, now: Stamp): boolean {
  if (at.bootId === now.bootId) return now.monotonicMs - at.monotonicMs < RESENT_WITHIN_MS;
  const ageMs = now.wallMs - at.wallMs;
  return at.clock !== 'unsynced' && now.clock !== 'unsynced' && ageMs >= 0 && ageMs < RESENT_WITHIN_MS;
}

function sentAgainKey(device: string): string {
  return `resend/${device}`;
}

/** `v` grows when a member changes its meaning, not when one is added. */
const VERSION = 1;

/**
 * A scanner sends a code twice more, each time after its response time-out, and has given up after the third: that is 6 s with the
 * 2 s of the factory, and 29.7 s with the longest that can be set (SSI, 9.9 s). What comes later is another scan.
 */
const RESENT_WITHIN_MS = 30_000;

import { StorageError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import type { Range } from '../core/ranges.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { LaneRow } from '../outbox/row.ts';
import { type Answer, type Command, refusal } from './commands.ts';
import type { Resends } from './resends.ts';
import type { Track } from './track.ts';

/** What a replay needs. */
export interface ReplayParts {
  readonly outbox: Pick<Outbox, 'fetch'>;
  readonly log: Log;
  readonly resends: Pick<Resends, 'add'>;
  /** The lanes of every stream. */
  readonly tracks: () => readonly Track[];
}

/**
 * `cmd/replay`: sends a range once more, with the same bytes, when nothing else has to be sent. Only what was sent
 * before is: the rest comes by itself. One at a time, and not more than some thousand numbers each.
 */
export class Replay {
  readonly #parts: ReplayParts;
  #running: Running | undefined;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /** The command, for the table of commands. */
  readonly command: Command = ({ source, from, to }, answer) => {
    if (typeof source !== 'string' || !isSequence(from) || !isSequence(to) || from > to) {
      answer(refusal('malformed', 'source has to be a text, from and to sequence numbers with from not above to'));
      return;
    }
    const stream = this.#parts.tracks().find((track) => track.source === source)?.stream;
    if (stream === undefined) answer(refusal('unknown_source', 'this gateway keeps nothing of that source'));
    else if (to - from >= NUMBERS_MAX) answer(refusal('range_too_large', `at most ${NUMBERS_MAX} numbers at a time`));
    else if (this.#running !== undefined) answer(refusal('busy', 'another replay is running'));
    else this.#begin({ source, stream, to, next: from, sent: 0, refused: 0, waiting: 0, kept: undefined, answer });
  };

  #begin(running: Running): void {
    this.#running = running;
    this.#read(running, true);
  }

  #read(running: Running, first: boolean): void {
    this.#page(running, first).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      this.#running = undefined;
      this.#parts.log.error('a replay could not be read', { why: error.message });
      running.answer(refusal('storage', 'the outbox cannot be read now', { count: running.sent }));
    });
  }

  async #page(running: Running, first: boolean): Promise<void> {
    const { stream, source, next, to } = running;
    const { rows, kept } = await this.#parts.outbox.fetch({ stream, from: next, to, rowsMax: PAGE_ROWS });
    running.kept = this.#sentOf(stream, kept) ?? running.kept;
    if (first && !this.#answerFirst(running)) return;
    const sent = rows.filter((row) => this.#wasSent(stream, row));
    running.next = (rows.at(-1)?.sequence ?? to) + 1;
    running.waiting = sent.length;
    if (sent.length === 0) this.#goOn(running);
    this.#parts.resends.add(sent.map((row) => ({ source, row, old: true, settled: (fault) => this.#settled(running, fault), sentMs: 0, refusals: 0, losses: 0 })));
  }

  /** Whether there is anything to send. */
  #answerFirst(running: Running): boolean {
    const { kept, next, to, answer } = running;
    if (kept === undefined || to < kept[0] || next > kept[1]) {
      this.#running = undefined;
      answer(refusal('not_kept', 'nothing of that range was sent and is still kept', keptOf(kept)));
      return false;
    }
    answer({ accepted: true, done: false, ...keptOf(kept) });
    return true;
  }

  #settled(running: Running, fault: unknown): void {
    if (fault === undefined) running.sent += 1;
    else running.refused += 1;
    running.waiting -= 1;
    if (running.waiting === 0) this.#goOn(running);
  }

  #goOn(running: Running): void {
    if (running.next <= running.to) {
      this.#read(running, false);
      return;
    }
    this.#running = undefined;
    const { sent, refused, kept, answer } = running;
    this.#parts.log.info('a replay is done', { source: running.source, sent, refused });
    answer({ accepted: true, done: true, count: sent, refused, ...keptOf(kept) });
  }

  /** Of what is kept, the part up to the last that was sent: what lies behind it may still change its time. */
  #sentOf(stream: number, kept: Range | undefined): Range | undefined {
    const last = Math.max(...this.#lanesOf(stream).map((track) => track.sentUpto));
    return kept === undefined || last < kept[0] ? undefined : [kept[0], Math.min(kept[1], last)];
  }

  #wasSent(stream: number, { lane, sequence }: LaneRow): boolean {
    return this.#lanesOf(stream).some((track) => track.lane === lane && track.wasSent(sequence));
  }

  #lanesOf(stream: number): readonly Track[] {
    return this.#parts.tracks().filter((track) => track.stream === stream);
  }
}

interface Running {
  readonly source: string;
  readonly stream: number;
  readonly to: number;
  readonly answer: Answer;
  /** The first number that was not read yet. */
  next: number;
  kept: Range | undefined;
  sent: number;
  refused: number;
  /** Rows of the page that have no outcome yet. */
  waiting: number;
}

function keptOf(kept: Range | undefined): JsonObject {
  return kept === undefined ? {} : { kept: [...kept] };
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

const NUMBERS_MAX = 10_000;
const PAGE_ROWS = 200;

import { appendFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/core/errors.ts';
import { LANES, type Lane, type Reading } from '../../src/core/reading.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { follow, LIMITS, meterOf, openOutbox, type RecordingFollower, scanOf } from './open-outbox.ts';
import { ShimControl, type StorageFault } from './storage-shim-control.ts';

/** One run of the workload: an outbox in a folder of its own, under a fault that begins with its opening or just after it. */
export interface FaultCase {
  readonly name: string;
  readonly during: 'opening' | 'recording';
  readonly fault?: StorageFault;
  /** The process is killed after the rounds under the fault, or goes on after that and is killed at its own end. */
  readonly killed?: 'under the fault' | 'later';
}

/** What happened in a case, one line of the journal each. */
export type JournalLine =
  | { readonly name: string; readonly did: 'open'; readonly refused?: string; readonly kind?: string }
  | { readonly name: string; readonly did: 'record'; readonly round: number; readonly lifted: boolean; readonly failedBefore: number; readonly failedAfter: number; readonly stored?: Stored; readonly refused?: string; readonly kind?: string }
  | { readonly name: string; readonly did: 'read'; readonly lifted: boolean; readonly failed: number; readonly refused?: string; readonly kind?: string }
  | { readonly name: string; readonly did: 'end'; readonly failed: number; readonly writes: number; readonly syncs: number; readonly names: number; readonly note: string | undefined; readonly rows: readonly InProcessRow[]; readonly evicted: readonly number[] }
  | { readonly name: string; readonly did: 'close'; readonly refused?: string; readonly kind?: string }
  /** Something that must never happen: an error of the wrong kind, or a call that is not answered. */
  | { readonly name: string; readonly did: 'break'; readonly why: string };

/** Where readings were stored. */
export interface Stored {
  readonly source: string;
  readonly sequences: readonly number[];
}

/** A row as the outbox gave it out in the process that recorded it. */
export interface InProcessRow {
  readonly stream: number;
  readonly lane: Lane;
  readonly sequence: number;
  readonly kind: string;
  readonly content: string;
}

/** The readings of a round; the same whenever they are asked for. */
export function readingsOf(round: number): Reading[] {
  const stamp = { wallMs: 1_700_000_000_000 + round * 1000, monotonicMs: round * 1000, bootId: 'boot', clock: round % 3 === 0 ? 'unsynced' : 'synced' } as const;
  return Array.from({ length: 1 + (round % 3) }, (_, index) => ((round + index) % 2 === 0 ? scanOf(`R${round}-${index}`, stamp) : meterOf(`${round}.${index}`, `m${index}`, stamp)));
}

/** Rounds under the fault, and after it. */
export const ROUNDS = { faulted: 8, lifted: 3 } as const;

/** The ballast is one write, so that there are not dozens of them that all mean the same. */
const SMALL_LIMITS = { ...LIMITS, freeBytesMin: 65_536 };

/** Far above what anything takes here. */
const ANSWER_MS = 10_000;

interface FaultRunParts {
  /** Where the case's folder goes. */
  readonly folder: string;
  readonly control: ShimControl;
  readonly journal: string;
  readonly marks: number | undefined;
}

class FaultRun {
  readonly #parts: FaultRunParts;
  readonly #case: FaultCase;

  constructor(faultCase: FaultCase, parts: FaultRunParts) {
    this.#case = faultCase;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { control } = this.#parts;
    const before = control.counts;
    control.fault = this.#case.during === 'opening' ? this.#case.fault : { calls: [], from: 1, which: '1', error: 'EIO' };
    let outbox = await this.#open();
    const atOpening = control.counts;
    if (this.#case.during === 'recording') control.fault = this.#case.fault;
    let round = 1;
    for (; round <= ROUNDS.faulted; round += 1) {
      if (outbox !== undefined && this.#case.killed !== 'later') await this.#round(outbox, round, false);
    }
    if (this.#case.killed === 'under the fault') process.kill(process.pid, 'SIGKILL');
    const faulted = control.counts;
    control.fault = undefined;
    outbox ??= await this.#open();
    if (outbox === undefined) throw new Error('it does not open without a fault');
    const follower = follow(outbox);
    for (; round <= ROUNDS.faulted + ROUNDS.lifted; round += 1) await this.#round(outbox, round, true);
    if (this.#case.killed === 'later') process.kill(process.pid, 'SIGKILL');
    const since = this.#case.during === 'recording' ? atOpening : before;
    this.#write({
      did: 'end',
      failed: faulted.failed,
      writes: (this.#case.during === 'opening' ? atOpening : faulted).write - since.write,
      syncs: (this.#case.during === 'opening' ? atOpening : faulted).sync - since.sync,
      names: (this.#case.during === 'opening' ? atOpening : faulted).name - since.name,
      note: outbox.note('round'),
      rows: await this.#rows(outbox, follower),
      evicted: follower.evictions.flatMap(({ ranges }) => ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))),
    });
    const closing = outbox;
    const { refusal } = await this.#attempt(async () => closing.close());
    this.#write({ did: 'close', ...refusal });
  }

  async #open(): Promise<Outbox | undefined> {
    const { value, refusal } = await this.#attempt(async () => openOutbox(join(this.#parts.folder, this.#case.name), { commitsPerSecond: 1000, limits: SMALL_LIMITS }));
    await value?.ping(); // the ballast is made when the opening is answered
    this.#write({ did: 'open', ...refusal });
    return value;
  }

  async #round(outbox: Outbox, round: number, lifted: boolean): Promise<void> {
    const failedBefore = this.#parts.control.counts.failed;
    const { value, refusal } = await this.#attempt(async () => outbox.record(readingsOf(round), { round: String(round), [`of-${round}`]: 'x'.repeat(3000) }));
    if (value !== undefined && this.#parts.marks !== undefined) writeSync(this.#parts.marks, JSON.stringify({ name: this.#case.name, round, ...value }));
    const failedAfter = this.#parts.control.counts.failed;
    this.#write({ did: 'record', round, lifted, failedBefore, failedAfter, ...(value === undefined ? {} : { stored: value }), ...refusal });
    const read = await this.#attempt(async () => outbox.page({ stream: 1, lane: 'scan', after: 0, rowsMax: 100, sealing: 'wait' }));
    this.#write({ did: 'read', lifted, failed: this.#parts.control.counts.failed, ...read.refusal });
  }

  async #rows(outbox: Outbox, follower: RecordingFollower): Promise<InProcessRow[]> {
    const rows: InProcessRow[] = [];
    for (const stream of follower.streams.keys()) {
      for (const lane of LANES) {
        const page = await outbox.page({ stream, lane, after: 0, rowsMax: 1000, sealing: 'now' });
        rows.push(...page.rows.map(({ sequence, kind, content }) => ({ stream, lane, sequence, kind, content })));
      }
    }
    return rows;
  }

  /** Does something that may be refused with a StorageError, and must be answered in time. */
  async #attempt<T>(action: () => Promise<T>): Promise<{ readonly value?: T; readonly refusal?: { readonly refused: string; readonly kind: string } }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not answered within ${ANSWER_MS} ms`)), ANSWER_MS);
    });
    try {
      return { value: await Promise.race([action(), late]) };
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
      return { refusal: { refused: messageOf(error) + cause, kind: error instanceof Error ? error.name : typeof error } };
    } finally {
      clearTimeout(timer);
    }
  }

  #write(line: Record<string, unknown>): void {
    appendFileSync(this.#parts.journal, `${JSON.stringify({ name: this.#case.name, ...line })}\n`);
  }
}

async function runAll(folder: string, controlFile: string, casesFile: string, journal: string, marksFile: string | undefined): Promise<void> {
  const control = new ShimControl(openSync(controlFile, 'r+'));
  const marks = marksFile === undefined ? undefined : openSync(marksFile, 'a');
  for (const faultCase of JSON.parse(readFileSync(casesFile, 'utf8')) as FaultCase[]) {
    try {
      await new FaultRun(faultCase, { folder, control, journal, marks }).run();
    } catch (error) {
      appendFileSync(journal, `${JSON.stringify({ name: faultCase.name, did: 'break', why: error instanceof Error ? `${messageOf(error)} (${messageOf(error.cause)})` : String(error) })}\n`);
    }
  }
  process.exit(0); // an outbox that did not close in order would hold the process
}

const [, , folder, controlFile, casesFile, journal, marksFile] = process.argv;
if (process.argv[1] === import.meta.filename && folder !== undefined && controlFile !== undefined && casesFile !== undefined && journal !== undefined) await runAll(folder, controlFile, casesFile, journal, marksFile);

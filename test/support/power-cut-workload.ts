import { openSync, writeSync } from 'node:fs';
import type { Clock } from '../../src/core/clock.ts';
import { LANES, type Reading } from '../../src/core/reading.ts';
import type { Settlement } from '../../src/outbox/calls.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { CLOCK, follow, meterOf, openOutbox, scanOf } from './open-outbox.ts';

/** What the workload says of itself, as a mark in the trace. */
export type WorkloadMark =
  /** `record` has resolved for every batch up to this one. */
  | { readonly stored: number; readonly sequences: readonly number[] }
  /** The outbox was asked to write that everything up to this sequence is settled. */
  | { readonly settling: number };

/** The readings of a batch, of both lanes; the same whenever they are asked for. */
export function readingsOf(batch: number): Reading[] {
  const stamp = { wallMs: 1_700_000_000_000 + batch, monotonicMs: batch, bootId: 'boot', clock: batch % 5 === 0 ? 'unsynced' : 'synced' } as const;
  return Array.from({ length: 1 + (batch % 4) }, (_, index) => {
    const name = `B${batch}-${index}-${'x'.repeat((batch * 7 + index) % 90)}`;
    return (batch + index) % 2 === 0 ? scanOf(name, stamp) : meterOf(`${batch}.${index}`, name, stamp);
  });
}

/** The notes that go along with it: which batch it is, and enough else to fill the write-ahead log several times over. */
export function notesOf(batch: number): Record<string, string | null> {
  const large = Array.from({ length: NOTES }, (_, index) => [`large-${index}`, `${batch}-${index}-`.padEnd(700, '.')] as const);
  return { batch: String(batch), removed: batch % 3 === 0 ? null : String(batch), ...Object.fromEntries(large) };
}

const NOTES = 45;

/** Real time, so fast that what the outbox writes once a second is written many times in a run. */
const FAST_CLOCK: Clock = {
  ...CLOCK,
  monotonicMs: () => CLOCK.monotonicMs() * 50,
  stamp: () => ({ ...CLOCK.stamp(), monotonicMs: Math.round(CLOCK.monotonicMs() * 50) }),
  after: (delayMs, action) => CLOCK.after(delayMs / 50, action),
};

async function run(folder: string, marksFile: string, batches: number): Promise<void> {
  const marks = openSync(marksFile, 'a');
  const mark = (content: WorkloadMark): void => void writeSync(marks, JSON.stringify(content));
  let highest = 0;
  const open = async (): Promise<Outbox> => {
    const outbox = await openOutbox(folder, { clock: FAST_CLOCK, commitsPerSecond: 20 });
    const follower = follow(outbox);
    follower.settlements = (): Settlement[] => {
      mark({ settling: highest });
      return LANES.map((lane) => ({ stream: 1, lane, ranges: [[0, highest]], sentUpto: highest, waiting: 0 }));
    };
    return outbox;
  };
  let outbox = await open();
  for (let batch = 1; batch <= batches; ) {
    const together = Array.from({ length: Math.min(1 + (batch % 3), batches - batch + 1) }, (_, index) => batch + index);
    await Promise.all(
      together.map(async (number) => {
        const { sequences } = await outbox.record(readingsOf(number), notesOf(number));
        mark({ stored: number, sequences });
        highest = sequences.at(-1) ?? highest;
      }),
    );
    batch += together.length;
    if (batch % 4 === 0) outbox.settlementChanged();
    if (together.includes(Math.floor(batches / 2))) {
      await outbox.close();
      outbox = await open();
    }
  }
  await outbox.close();
}

const [, , folder, marksFile, batches] = process.argv;
if (process.argv[1] === import.meta.filename && folder !== undefined && marksFile !== undefined) await run(folder, marksFile, Number(batches));

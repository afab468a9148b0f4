import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/core/errors.ts';
import { LANES } from '../../src/core/reading.ts';
import { type NewRow, rowOf } from '../../src/outbox/row.ts';
import { runChild } from '../support/child-script.ts';
import { type Crash, CRASHES, CrashedDisk } from '../support/crashed-disk.ts';
import { memoryFolder } from '../support/folders.ts';
import { isSameRow, tryFindOutbox } from '../support/found-outbox.ts';
import { openOutbox } from '../support/open-outbox.ts';
import { notesOf, readingsOf, type WorkloadMark } from '../support/power-cut-workload.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { COMPILER, StorageShim } from '../support/storage-shim.ts';
import { readTrace, type TraceRecord } from '../support/storage-trace.ts';

const LONG = process.env['TAILGATE_LONG'] === '1';
const STATES = Number(process.env['TAILGATE_STATES'] ?? (LONG ? 6000 : 1000));
const BATCHES = LONG ? 600 : 200;
const SEED = Number(process.env['TAILGATE_SEED'] ?? 20_261_124);
const CONTROL_STATES = LONG ? 600 : 120;

/** Every reading of the workload in the order of its sequence, and after which sequence each batch ends. */
const expected = { rows: [] as NewRow[], batchEnds: [0] };
for (let batch = 1; batch <= BATCHES; batch += 1) {
  expected.rows.push(...readingsOf(batch).map(rowOf));
  expected.batchEnds.push(expected.rows.length);
}

/** What was acknowledged, and what may be settled, at a point of the trace. */
interface Promised {
  readonly batch: number;
  readonly settling: number;
}

/** Runs the workload in a process of its own and resolves with the trace of its storage. */
async function traceOf(pragmas: Readonly<Record<string, string>> = {}): Promise<TraceRecord[]> {
  const shim = StorageShim.over(memoryFolder());
  const parameters = [shim.folder, shim.marksFile, String(BATCHES)];
  expect(await runChild({ script: 'power-cut-workload.ts', parameters, environment: shim.environment({ traced: true }), pragmas })).toBe(0);
  return readTrace(shim.traceFile);
}

/** So many points of the trace to cut the power at: all of the first opening, around every removal and truncate, and evenly else. */
function pointsOf(trace: readonly TraceRecord[], count: number): number[] {
  const points = new Set<number>();
  const add = (point: number): void => {
    if (point > 0 && point <= trace.length && points.size < count) points.add(point);
  };
  add(trace.length);
  for (let point = 1; point < count / 5; point += 1) add(point);
  for (const [index, { type }] of trace.entries()) {
    if (NAME_CALLS.has(type) && points.size < count / 2) for (const near of [0, 1, 2]) add(index + near);
  }
  for (let step = trace.length / (count - points.size); points.size < Math.min(count, trace.length); step /= 2) {
    for (let point = step; point < trace.length; point += step) add(Math.floor(point));
  }
  return [...points].sort((a, b) => a - b);
}

const NAME_CALLS: ReadonlySet<TraceRecord['type']> = new Set(['create', 'truncate', 'unlink', 'rename']);

interface Outcome {
  states: number;
  /** Readings that were acknowledged before the cut, over all states. */
  acknowledged: number;
  lost: number;
  /** States that fell into a checkpoint: the main file had been written to and not synced. */
  insideCheckpoints: number;
  /** States before the first acknowledged reading. */
  beforeFirst: number;
  /** How much the outbox was told to be settled, at the end. */
  settled: number;
  readonly problems: string[];
}

/** Cuts the power at many points of a trace and looks at what the outbox makes of each. */
async function replay(trace: readonly TraceRecord[], states: number, ignoresLogSyncs = false): Promise<Outcome> {
  const outcome: Outcome = { states: 0, acknowledged: 0, lost: 0, insideCheckpoints: 0, beforeFirst: 0, settled: 0, problems: [] };
  const random = seededRandom(SEED);
  const disk = new CrashedDisk();
  const parent = memoryFolder();
  let promised: Promised = { batch: 0, settling: 0 };
  const inodes = new Map<string, number>();
  let checkpointing = false;
  let at = 0;
  for (const point of pointsOf(trace, states / CRASHES.length)) {
    for (const record of trace.slice(at, point)) {
      if (record.type === 'create') inodes.set(record.name, record.inode);
      if ('inode' in record && record.inode === inodes.get('outbox.db')) checkpointing = record.type !== 'sync';
      if (record.type === 'mark') promised = afterMark(promised, JSON.parse(record.text) as WorkloadMark);
      if (!(ignoresLogSyncs && record.type === 'sync' && record.inode === inodes.get('outbox.db-wal'))) disk.apply(record);
    }
    at = point;
    for (const crash of CRASHES) {
      const folder = join(parent, String(outcome.states));
      mkdirSync(folder);
      for (const [name, bytes] of disk.cut(crash, random)) writeFileSync(join(folder, name), bytes);
      const { lost, problems } = judge(folder, promised);
      outcome.problems.push(...problems.map((problem) => `call ${point}, ${crash}: ${problem}`));
      outcome.states += 1;
      outcome.acknowledged += expected.batchEnds[promised.batch] ?? 0;
      outcome.lost += lost;
      if (checkpointing) outcome.insideCheckpoints += 1;
      if (promised.batch === 0) outcome.beforeFirst += 1;
      if (outcome.states % 200 === 0) await opensAsOutbox(folder, outcome, crash);
      rmSync(folder, { recursive: true });
    }
  }
  outcome.settled = promised.settling;
  return outcome;
}

function afterMark(promised: Promised, mark: WorkloadMark): Promised {
  if ('settling' in mark) return { ...promised, settling: mark.settling };
  const [from, to] = [expected.batchEnds[mark.stored - 1] ?? 0, expected.batchEnds[mark.stored] ?? 0];
  expect(mark.sequences).toEqual(Array.from({ length: to - from }, (_, index) => from + 1 + index));
  return { ...promised, batch: Math.max(promised.batch, mark.stored) };
}

/** Opens what the cut left as the gateway would, and compares it with what was promised. */
function judge(directory: string, promised: Promised): { lost: number; problems: string[] } {
  const acknowledged = expected.batchEnds[promised.batch] ?? 0;
  const outbox = tryFindOutbox(directory);
  if (typeof outbox === 'string') return { lost: acknowledged, problems: [outbox] };
  const problems: string[] = [];
  const [stream, ...others] = outbox.streams;
  if (stream === undefined || others.length > 0 || stream.reason !== 'new') problems.push(`there are the streams ${outbox.streams.map(({ source, reason }) => `${source} (${reason})`).join(', ')}`);
  if (stream === undefined) return { lost: acknowledged, problems };
  if (acknowledged > 0 && stream.source !== 'urn:tailgate:bedford:truck-17:3f9c1e7a') problems.push(`the stream is gone, a new one is ${stream.source}`);
  const found = new Set<number>();
  for (const lane of LANES) {
    for (const [from, to] of stream.lanes[lane].settled) {
      if (to > promised.settling) problems.push(`${lane} counts as settled up to ${to}, and no more than ${promised.settling} were`);
      for (let sequence = from; sequence <= to; sequence += 1) if (expected.rows[sequence - 1]?.lane === lane) found.add(sequence);
    }
  }
  for (const row of outbox.rows) {
    const given = expected.rows[row.sequence - 1];
    if (given !== undefined && isSameRow(row, given)) found.add(row.sequence);
    else problems.push(`${row.lane} ${row.sequence} holds ${row.content}`);
  }
  let lost = 0;
  for (let sequence = 1; sequence <= acknowledged; sequence += 1) if (!found.has(sequence)) lost += 1;
  if (lost > 0) problems.push(`${lost} of ${acknowledged} acknowledged readings are lost`);
  problems.push(...notesProblems(outbox.notes, promised.batch, stream.last));
  if (outbox.next.sequence <= Math.max(acknowledged, ...found)) problems.push(`sequence ${outbox.next.sequence} is given out a second time`);
  return { lost, problems };
}

/** The notes are those of the last batch whose readings are there, and that is none before the last acknowledged. */
function notesProblems(notes: Readonly<Record<string, string>>, acknowledgedBatch: number, last: number): string[] {
  const batch = Number(notes['batch'] ?? 0);
  if (batch < acknowledgedBatch) return [`the notes are of batch ${batch}, and ${acknowledgedBatch} was acknowledged`];
  if (expected.batchEnds[batch] !== last) return [`the notes are of batch ${batch}, and the readings end at ${last}`];
  const wanted = batch === 0 ? {} : Object.fromEntries(Object.entries(notesOf(batch)).filter(([, value]) => value !== null));
  const same = Object.keys(notes).length === Object.keys(wanted).length && Object.entries(wanted).every(([key, value]) => notes[key] === value);
  return same ? [] : [`the notes of batch ${batch} are not whole`];
}

/** Every now and then in full, with the thread and all: what the store can open, the gateway can. */
async function opensAsOutbox(folder: string, outcome: Outcome, crash: Crash): Promise<void> {
  try {
    const outbox = await openOutbox(folder);
    await outbox.close();
  } catch (error) {
    outcome.problems.push(`${crash}: the outbox does not open: ${messageOf(error)}`);
  }
}

// Not where there is no C compiler: the README's test command has to pass with Node alone, and the pipeline installs one.
describe.skipIf(COMPILER === undefined)('a power cut (needs a C compiler)', () => {
  it(
    `loses no acknowledged reading in ${STATES} states of the disk, where a weaker setting and a disk that lies do`,
    async () => {
      const trace = await traceOf();
      const outcome = await replay(trace, STATES / 2);
      // Once more with a checkpoint after every few commits, since there are only a few in the first.
      const often = await replay(await traceOf({ wal_autocheckpoint: '60' }), STATES / 2);
      for (const key of ['states', 'acknowledged', 'lost', 'insideCheckpoints', 'beforeFirst', 'settled'] as const) outcome[key] += often[key];
      outcome.problems.push(...often.problems);
      const weak = await replay(await traceOf({ synchronous: 'NORMAL' }), CONTROL_STATES);
      const lying = await replay(trace, CONTROL_STATES, true);

      console.log(
        `${outcome.states} states of the disk after a power cut (seed ${SEED}): ${outcome.acknowledged} acknowledged readings looked for, ${outcome.lost} lost; ` +
          `${outcome.insideCheckpoints} states inside a checkpoint, ${outcome.beforeFirst} at the first opening; ` +
          `controls: ${weak.lost} of ${weak.acknowledged} lost with synchronous NORMAL, ${lying.lost} of ${lying.acknowledged} on a disk that lies`,
      );
      expect(outcome.problems).toEqual([]);
      expect(outcome.lost).toBe(0);
      expect(outcome.states).toBeGreaterThanOrEqual(STATES);
      expect(outcome.acknowledged).toBeGreaterThan(STATES);
      expect(outcome.settled).toBeGreaterThan(0);
      expect(outcome.insideCheckpoints).toBeGreaterThan(STATES / 20);
      expect(outcome.beforeFirst).toBeGreaterThan(STATES / 10);
      expect(weak.lost).toBeGreaterThan(0);
      expect(lying.lost).toBeGreaterThan(0);
    },
    LONG ? 900_000 : 120_000,
  );
});

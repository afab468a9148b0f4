import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowOf } from '../../src/outbox/row.ts';
import { runChild } from '../support/child-script.ts';
import { CrashedDisk } from '../support/crashed-disk.ts';
import { memoryFolder, temporaryFolder } from '../support/folders.ts';
import { type FoundOutbox, isSameRow, tryFindOutbox } from '../support/found-outbox.ts';
import { type FaultCase, type JournalLine, readingsOf, type Stored } from '../support/io-fault-workload.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { COMPILER, StorageShim } from '../support/storage-shim.ts';
import type { StorageCall, StorageFault } from '../support/storage-shim-control.ts';
import { readTrace } from '../support/storage-trace.ts';

const LONG = process.env['TAILGATE_LONG'] === '1';
/** How many cases of a kind the short form runs, evenly over all. */
const SHORT_CASES = Number(process.env['TAILGATE_CASES'] ?? 16);
const TIMEOUT_MS = LONG ? 1_200_000 : 120_000;

/** What became of a case: its part of the journal, and its folder. */
interface Ran {
  readonly faultCase: FaultCase;
  readonly folder: string;
  readonly lines: readonly JournalLine[];
}

/** Runs cases in two processes and resolves with what they wrote down. */
async function runCases(cases: readonly FaultCase[]): Promise<Ran[]> {
  const halves = [0, 1].map((half) => cases.filter((_, index) => index % 2 === half)).filter((half) => half.length > 0);
  return (await Promise.all(halves.map((half) => runInOneProcess(half)))).flat();
}

async function runInOneProcess(cases: readonly FaultCase[], traced?: StorageShim): Promise<Ran[]> {
  const shim = traced ?? StorageShim.over(memoryFolder());
  const state = temporaryFolder();
  const [casesFile, journal] = [join(state, 'cases.json'), join(state, 'journal')];
  const lines = new Map<string, JournalLine[]>();
  // A case that brings its process down is over; the others go on in the next.
  for (let left = cases; left.length > 0; left = left.filter(({ name }) => !lines.has(name))) {
    writeFileSync(casesFile, JSON.stringify(left));
    writeFileSync(journal, '');
    const ended = await runChild({
      script: 'io-fault-workload.ts',
      parameters: [shim.folder, shim.controlFile, casesFile, journal, ...(traced === undefined ? [] : [shim.marksFile])],
      environment: shim.environment({ traced: traced !== undefined }),
      pragmas: { wal_autocheckpoint: '20' },
    });
    const written = readFileSync(journal, 'utf8').split('\n').filter((line) => line !== '');
    for (const line of written.map((text) => JSON.parse(text) as JournalLine)) lines.set(line.name, [...(lines.get(line.name) ?? []), line]);
    const last = left.filter(({ name }) => lines.has(name)).at(-1) ?? left[0]!;
    if (ended !== 0) lines.set(last.name, [...(lines.get(last.name) ?? []), { name: last.name, did: 'break', why: `the process ended with ${ended}` }]);
  }
  return cases.map((faultCase) => ({ faultCase, folder: join(shim.folder, faultCase.name), lines: lines.get(faultCase.name) ?? [] }));
}

/**
 * Once; twice and three times, which hits what is done about the first; two, and again one later, which hits the closing
 * of the connection that failed; and until the fault is gone.
 */
const WHICH = ['1', '11', '111', '1101', '11011', 'for good'] as const;

/** Cases of a kind of calls: in the long form each of its calls in turn, with each error, each number of times. */
function casesOf(during: FaultCase['during'], call: StorageCall, calls: number, errors: readonly StorageFault['error'][] = call === 'name' ? ['EIO', 'EROFS'] : ['EIO', 'ENOSPC']): FaultCase[] {
  const cases: FaultCase[] = [];
  for (let from = 1; from <= calls; from += 1) {
    for (const error of errors) {
      for (const which of WHICH) cases.push({ name: `${during}-${call}-${from}-${error}-${which.replace(' ', '-')}`, during, fault: { calls: [call], from, which, error } });
    }
  }
  // An odd step, so that every kind of case comes up.
  const step = LONG ? 1 : Math.floor(cases.length / SHORT_CASES / 2) * 2 + 1;
  return cases.filter((_, index) => index % step === 0);
}

/** What of the contract a case broke. */
function breaches({ faultCase, folder, lines }: Ran): string[] {
  const fault = faultCase.fault;
  const problems: string[] = lines.flatMap((line) => (line.did === 'break' ? [line.why] : []));
  const refusals = lines.flatMap((line) => ('refused' in line && line.refused !== undefined ? [{ what: line.did, kind: line.kind, why: line.refused }] : []));
  for (const { what, kind, why } of refusals) if (kind !== 'StorageError') problems.push(`${what} was refused with ${kind}: ${why}`);
  const end = lines.find((line) => line.did === 'end');
  if (end === undefined) return [...problems, 'it did not come to its end'];
  if (fault !== undefined && end.failed === 0 && !fault.which.includes('0')) problems.push('the fault did not strike');
  problems.push(...recordBreaches(lines, fault));
  const records = lines.filter((line) => line.did === 'record');
  const storedRounds = records.filter((line) => line.stored !== undefined);
  const lastStored = storedRounds.at(-1)?.round;
  if (end.note !== String(lastStored)) problems.push(`the note is of round ${end.note}, and ${lastStored} was stored last`);
  problems.push(...rowBreaches('in the same process', end.rows, storedRounds, end.evicted));
  const found = tryFindOutbox(folder);
  if (typeof found === 'string') return [...problems, found];
  problems.push(...rowBreaches('after a restart', found.rows, storedRounds, gone(found)));
  problems.push(...identityBreaches(found, storedRounds));
  if (found.notes['round'] !== String(lastStored)) problems.push(`after a restart the note is of round ${found.notes['round']}, and ${lastStored} was stored last`);
  return problems;
}

type RecordLine = Extract<JournalLine, { did: 'record' }>;

function recordBreaches(lines: readonly JournalLine[], fault: StorageFault | undefined): string[] {
  const problems: string[] = [];
  for (const line of lines) {
    if (line.did === 'record' && line.lifted && line.refused !== undefined) problems.push(`round ${line.round} was refused after the fault was gone: ${line.refused}`);
    if (line.did === 'record' && line.stored === undefined && line.failedAfter === 0) problems.push(`round ${line.round} was refused before any fault: ${line.refused}`);
    if (line.did === 'record' && fault?.error === 'EIO' && fault.which === '1' && line.refused !== undefined) problems.push(`round ${line.round} was refused although the fault came once: ${line.refused}`);
    // While no sync is done nothing can be durable.
    const noSync = line.did === 'record' && !line.lifted && fault?.which === 'for good' && fault.calls.includes('sync') && line.failedBefore > 0;
    if (noSync && line.stored !== undefined) problems.push(`round ${line.round} was told as stored although no sync was done`);
    if (line.did === 'read' && line.lifted && line.refused !== undefined) problems.push(`reading was refused after the fault was gone: ${line.refused}`);
    if (line.did === 'close' && line.refused !== undefined) problems.push(`closing was refused: ${line.refused}`);
  }
  return problems;
}

/** Every stored reading is there once with its bytes, and no refused one. */
function rowBreaches(when: string, rows: readonly { readonly sequence: number; readonly content: string; readonly kind: string }[], stored: readonly RecordLine[], evicted: readonly number[]): string[] {
  const problems: string[] = [];
  const wanted = new Map<string, number>();
  for (const { round, stored: where } of stored) readingsOf(round).map(rowOf).forEach(({ content }, index) => wanted.set(content, where?.sequences[index] ?? 0));
  const seen = new Set<string>();
  for (const { sequence, content, kind } of rows) {
    if (kind === 'gap') continue;
    if (seen.has(content)) problems.push(`${when} ${content} is there twice`);
    seen.add(content);
    if (!wanted.has(content)) problems.push(`${when} ${content} is there as ${sequence}, and was refused`);
    else if (wanted.get(content) !== sequence) problems.push(`${when} ${content} is ${sequence}, and was stored as ${wanted.get(content)}`);
  }
  for (const [content, sequence] of wanted) if (!seen.has(content) && !evicted.includes(sequence)) problems.push(`${when} ${sequence}, ${content}, is lost`);
  return problems;
}

/** What was given up for want of room, and told as a gap. */
function gone({ rows }: FoundOutbox): number[] {
  return rows
    .filter(({ kind }) => kind === 'gap')
    .flatMap(({ content }) => (JSON.parse(`{${content}}`) as { ranges: [number, number][] }).ranges)
    .flatMap(([from, to]) => Array.from({ length: Math.min(to - from + 1, 1000) }, (_, index) => from + index));
}

/** No sequence stands for two readings, nor is one given out again; the rows are in the bytes that were recorded. */
function identityBreaches(found: FoundOutbox, stored: readonly RecordLine[]): string[] {
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const { round, stored: where } of stored) {
    const { source, sequences } = where as Stored;
    readingsOf(round).map(rowOf).forEach((row, index) => {
      const identity = `${source} ${sequences[index]}`;
      if (given.has(identity)) problems.push(`${identity} was given to ${given.get(identity)} and to ${row.content}`);
      given.set(identity, row.content);
      const there = found.rows.find((other) => other.source === source && other.sequence === sequences[index]);
      if (there !== undefined && !isSameRow(there, row)) problems.push(`${identity} holds ${there.content} in place of ${row.content}`);
    });
  }
  if (given.has(`${found.next.source} ${found.next.sequence}`)) problems.push(`${found.next.sequence} is given out a second time`);
  return problems;
}

function report(title: string, ran: readonly Ran[]): string[] {
  const problems = ran.flatMap((one) => breaches(one).map((problem) => `${one.faultCase.name}: ${problem}`));
  const records = ran.flatMap(({ lines }) => lines.filter((line) => line.did === 'record'));
  const reads = ran.flatMap(({ lines }) => lines.filter((line) => line.did === 'read' && !line.lifted && line.failed > 0));
  const readable = reads.filter((line) => !('refused' in line && line.refused !== undefined)).length;
  const refused = records.filter(({ stored }) => stored === undefined).length;
  console.log(`${title}: ${ran.length} faults, ${records.length - refused} batches stored, ${refused} refused, read ${readable} of ${reads.length} times under a fault, ${problems.length} breaches`);
  return problems;
}

/** How many calls there are to fail, from a run without a fault, which has to be without a breach itself. */
async function countAnew(during: FaultCase['during']): Promise<Record<StorageCall, number>> {
  const [ran] = await runCases([{ name: `no-fault-${during}`, during }]);
  const end = ran?.lines.find((line) => line.did === 'end');
  if (ran === undefined || end === undefined) throw new Error('the workload did not come to its end without a fault');
  expect(breaches(ran)).toEqual([]);
  return { write: end.writes, sync: end.syncs, name: end.names };
}

const counted = new Map<FaultCase['during'], Record<StorageCall, number>>();

async function countCalls(during: FaultCase['during']): Promise<Record<StorageCall, number>> {
  const counts = counted.get(during) ?? (await countAnew(during));
  counted.set(during, counts);
  return counts;
}

// Not where there is no C compiler: the README's test command has to pass with Node alone, and the pipeline installs one.
describe.skipIf(COMPILER === undefined)('storage that fails (needs a C compiler)', () => {
  it.each(['write', 'sync'] as const)(
    'at any %s of a recording loses nothing that was told as stored and shows nothing that was refused',
    async (call) => {
      const calls = (await countCalls('recording'))[call];
      const ran = await runCases(casesOf('recording', call, calls));
      expect(report(`recording, ${calls} ${call}s`, ran)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.each(['write', 'sync', 'name'] as const)(
    'at any %s of an opening is told in words or mended, and it works once the fault is gone',
    async (call) => {
      const calls = (await countCalls('opening'))[call];
      const ran = await runCases(casesOf('opening', call, calls));
      expect(report(`opening, ${calls} ${call}s`, ran)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'at a sync leaves no hole that a later power cut opens',
    async () => {
      const calls = (await countCalls('recording')).sync;
      const shim = StorageShim.over(memoryFolder());
      const cases = casesOf('recording', 'sync', calls, ['EIO']);
      await runInOneProcess(cases, shim);
      const { states, promised, problems } = cutAfterFaults(shim);
      console.log(`power cuts after a failed sync: ${cases.length} faults, ${states} states of the disk, ${promised} stored readings looked for, ${problems.length} breaches`);
      expect(problems).toEqual([]);
      expect(promised).toBeGreaterThan(states);
    },
    TIMEOUT_MS,
  );
  it(
    'that fails one call or another by chance loses nothing that was told as stored and shows nothing that was refused',
    async () => {
      const cases = Array.from({ length: LONG ? 400 : 2 * SHORT_CASES }, (_, seed): FaultCase => {
        const random = seededRandom(seed + 1);
        const probability = [0.15, 0.3, 0.5, 0.7][seed % 4]!;
        const which = Array.from({ length: 60 }, () => (random() < probability ? '1' : '0')).join('');
        const calls: readonly StorageCall[] = seed % 3 === 0 ? ['sync', 'write'] : seed % 3 === 1 ? ['sync'] : ['sync', 'write', 'name'];
        return { name: `flaky-${seed}`, during: seed % 2 === 0 ? 'recording' : 'opening', fault: { calls, from: 1, which, error: 'EIO' } };
      });
      expect(report('by chance', await runCases(cases))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'at a sync before the process is killed leaves no hole after which the next one writes',
    async () => {
      const calls = (await countCalls('recording')).sync;
      const outcome = { faults: 0, states: 0, promised: 0, problems: [] as string[] };
      for (let from = 1; from <= calls; from += LONG ? 1 : 4) {
        const shim = StorageShim.over(memoryFolder());
        const fault: StorageFault = { calls: ['sync'], from, which: 'for good', error: 'EIO' };
        await runInOneProcess([{ name: 'killed', during: 'recording', fault, killed: 'under the fault' }], shim);
        shim.control.fault = undefined;
        await runInOneProcess([{ name: 'killed', during: 'recording', killed: 'later' }], shim);
        const { states, promised, problems } = cutAfterFaults(shim);
        outcome.faults += 1;
        outcome.states += states;
        outcome.promised += promised;
        outcome.problems.push(...problems.map((problem) => `sync ${from}: ${problem}`));
      }
      console.log(`power cuts after a failed sync and a kill: ${outcome.faults} faults, ${outcome.states} states of the disk, ${outcome.promised} stored readings looked for, ${outcome.problems.length} breaches`);
      expect(outcome.problems).toEqual([]);
      expect(outcome.promised).toBeGreaterThan(outcome.states);
    },
    TIMEOUT_MS,
  );
});

interface StoredMark extends Stored {
  readonly name: string;
  readonly round: number;
}

/**
 * Cuts the power after each round that was told as stored in a run with a failed sync. What was written before a failed sync is on the disk
 * only if it was written and synced again.
 */
function cutAfterFaults(shim: StorageShim): { readonly states: number; readonly promised: number; readonly problems: string[] } {
  const random = seededRandom(1);
  const disk = new CrashedDisk();
  const parent = memoryFolder();
  const outcome = { states: 0, promised: 0, problems: [] as string[] };
  let stored: StoredMark[] = [];
  let hasFailed = false;
  for (const record of readTrace(shim.traceFile)) {
    disk.apply(record);
    if (record.type === 'sync' && record.failed) hasFailed = true;
    if (record.type !== 'mark') continue;
    const mark = JSON.parse(record.text) as StoredMark;
    if (stored[0]?.name !== mark.name) [stored, hasFailed] = [[], hasFailed && mark.round > 1];
    stored.push(mark);
    if (!hasFailed) continue;
    for (const crash of ['none', 'torn'] as const) {
      const folder = join(parent, String(outcome.states));
      mkdirSync(folder);
      for (const [name, bytes] of disk.cut(crash, random)) {
        if (!name.startsWith(`${mark.name}/`)) continue;
        const file = join(folder, name.slice(mark.name.length + 1));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, bytes);
      }
      outcome.states += 1;
      outcome.promised += stored.reduce((sum, { sequences }) => sum + sequences.length, 0);
      outcome.problems.push(...lostAfterCut(folder, stored).map((problem) => `${mark.name}, round ${mark.round}, ${crash}: ${problem}`));
      rmSync(folder, { recursive: true });
    }
  }
  return outcome;
}

function lostAfterCut(folder: string, stored: readonly StoredMark[]): string[] {
  const found = tryFindOutbox(folder);
  if (typeof found === 'string') return [found];
  return stored.flatMap(({ round, source, sequences }) =>
    readingsOf(round)
      .map(rowOf)
      .filter((row, index) => !found.rows.some((other) => other.source === source && other.sequence === sequences[index] && isSameRow(other, row)))
      .map(({ content }) => `${content} is lost`),
  );
}

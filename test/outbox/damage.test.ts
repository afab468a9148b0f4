import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { temporaryFolder } from '../support/folders.ts';
import { SeededRandom } from '../support/random.ts';
import { follow, meterOf, openOutbox, type RecordingFollower, scanOf } from '../support/open-outbox.ts';

const FIRST = 'urn:tailgate:bedford:truck-17:3f9c1e7a';
/** Each opens, damages and salvages an outbox. */
const ROUNDS = process.env['TAILGATE_LONG'] === '1' ? 1000 : 25;

/** Another each time, and told when something is found: TAILGATE_SEED takes it up again. */
const SEED = Number(process.env['TAILGATE_SEED'] ?? Date.now() % 2 ** 31);

const within = { timeout: 15_000, interval: 20 };

/** An outbox with scans A-0.. and meter readings, closed in order. */
async function filled(folder: string, count = 500): Promise<void> {
  const outbox = await openOutbox(folder);
  for (let at = 0; at < count; at += 100) {
    await outbox.record(Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? scanOf(`A-${at + index}`) : meterOf(String(at + index)))), { [`note-${at}`]: 'kept' });
  }
  await outbox.close();
}

/** Everything that can be read of a source, after the salvage. */
async function readAll(outbox: Outbox, follower: RecordingFollower, source: string): Promise<{ sequences: number[]; texts: string[] }> {
  const stream = [...follower.streams.values()].find((candidate) => candidate.source === source);
  if (stream === undefined) return { sequences: [], texts: [] };
  const pages = await Promise.all((['scan', 'meter'] as const).map((lane) => outbox.page({ stream: stream.number, lane, after: 0, rowsMax: 10_000, sealing: 'now' })));
  const rows = pages.flatMap(({ rows: found }) => found).sort((a, b) => a.sequence - b.sequence);
  return { sequences: rows.map(({ sequence }) => sequence), texts: rows.map(({ content }) => content) };
}

interface GapContent {
  readonly source: string;
  readonly ranges: readonly [number, number][];
  readonly count: number;
  readonly reason: string;
}

async function gapsOf(outbox: Outbox, follower: RecordingFollower): Promise<readonly GapContent[]> {
  const { rows } = await outbox.page({ stream: follower.own.number, lane: 'scan', after: 0, rowsMax: 10_000, sealing: 'now' });
  return rows.filter(({ kind }) => kind === 'gap').map(({ content }) => JSON.parse(`{${content}}`) as GapContent);
}

/** Waits until nothing is left to be salvaged, and that was told. */
async function salvageOver(folder: string, outbox: Outbox, empty: readonly string[] = []): Promise<void> {
  await vi.waitUntil(() => {
    const names = readdirSync(folder).filter((name) => !empty.includes(name));
    if (names.some((name) => name.startsWith('damaged-'))) return false;
    return !names.some((name) => name.startsWith('salvaged-')) || outbox.alarms.some((alarm) => alarm.includes('is salvaged'));
  }, within);
}

/** Opens after damage and waits until the salvage is over. */
async function reopened(folder: string, newStreamId = '00000002', empty: readonly string[] = []): Promise<{ outbox: Outbox; follower: RecordingFollower }> {
  const outbox = await openOutbox(folder, { newStreamId });
  const follower = follow(outbox);
  await salvageOver(folder, outbox, empty);
  return { outbox, follower };
}

function overwrite(file: string, from: number, bytes: number): void {
  const content = readFileSync(file);
  content.fill(0xa5, from, from + bytes);
  writeFileSync(file, content);
}

describe('a damaged outbox', () => {
  it('is put aside, and readings are stored in a new stream at once', async () => {
    const folder = temporaryFolder();
    await filled(folder);
    overwrite(join(folder, 'outbox.db'), 4096, 3 * 4096);
    const outbox = await openOutbox(folder, { newStreamId: '00000002' });
    expect(await outbox.record([scanOf('B')])).toEqual({ source: 'urn:tailgate:bedford:truck-17:00000002', sequences: [1] });
    expect(outbox.alarms.join()).toContain('the outbox was damaged');
    await outbox.close();
  });

  it('is salvaged under its own source, and what cannot be read is told by ranges', async () => {
    const folder = temporaryFolder();
    await filled(folder);
    const file = join(folder, 'outbox.db');
    const pages = statSync(file).size / 4096;
    overwrite(file, Math.floor(pages / 2) * 4096 + 100, 3000);
    const { outbox, follower } = await reopened(folder);
    const { sequences } = await readAll(outbox, follower, FIRST);
    const gaps = (await gapsOf(outbox, follower)).filter(({ source }) => source === FIRST);
    const lost = gaps.flatMap(({ ranges }) => ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)));
    expect(sequences.length).toBeGreaterThan(400);
    expect(lost.length).toBeGreaterThan(0);
    expect(gaps.every(({ reason, count, ranges }) => reason === 'damaged' && count === ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0))).toBe(true);
    expect(new Set([...sequences, ...lost]).size).toBe(500);
    expect(outbox.note('note-0')).toBe('kept');
    expect(outbox.alarms.join()).toMatch(/Check the disk, then remove .*salvaged-/);
    await outbox.close();
  });

  it('is salvaged although its header is gone', async () => {
    const folder = temporaryFolder();
    await filled(folder);
    overwrite(join(folder, 'outbox.db'), 0, 100);
    const { outbox, follower } = await reopened(folder);
    expect((await readAll(outbox, follower, FIRST)).sequences).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect((await gapsOf(outbox, follower)).filter(({ source }) => source === FIRST)).toEqual([]);
    await outbox.close();
  });

  it('that is no database at all is told as lost as a whole', async () => {
    const folder = temporaryFolder();
    await filled(folder);
    writeFileSync(join(folder, 'outbox.db'), 'this is no database at all, and it is long enough to have a header'.repeat(200));
    const { outbox, follower } = await reopened(folder);
    expect(await gapsOf(outbox, follower)).toEqual([{ source: FIRST, ranges: [[1, 2 ** 40 - 1]], count: 2 ** 40 - 1, reason: 'damaged' }]);
    await outbox.close();
  });

  it('gives out no row that a flipped bit has altered', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([meterOf('1111111'), meterOf('2222222'), meterOf('3333333')]);
    await first.close();
    const file = join(folder, 'outbox.db');
    const content = readFileSync(file);
    const at = content.indexOf('2222222');
    content.writeUInt8(content.readUInt8(at) ^ 0x08, at);
    writeFileSync(file, content);
    const outbox = await openOutbox(folder, { newStreamId: '00000002' });
    const follower = follow(outbox);
    await expect(outbox.page({ stream: 1, lane: 'meter', after: 0, rowsMax: 100, sealing: 'now' })).rejects.toThrow('reading 2 of urn:tailgate:bedford:truck-17:3f9c1e7a is not as it was written');
    await salvageOver(folder, outbox);
    expect((await readAll(outbox, follower, FIRST)).sequences).toEqual([1, 3]);
    expect(await gapsOf(outbox, follower)).toEqual([{ source: FIRST, ranges: [[2, 2]], count: 1, reason: 'damaged' }]);
    await outbox.close();
  });

  it.each([
    ['a settled range', 'UPDATE settled SET last = last + 1'],
    ['a source', "UPDATE stream SET source = 'urn:tailgate:bedford:truck-17:3f9c1e7b'"],
    ['a note', "UPDATE note SET value = 'other'"],
  ])('notices that %s was altered', async (_, sql) => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    const follower = follow(first);
    await first.record([scanOf('A'), scanOf('B'), scanOf('C')], { note: 'value' });
    follower.settling = [{ stream: 1, lane: 'scan', ranges: [[0, 1]], sentUpto: 1, waiting: 2 }];
    first.settlementChanged();
    await first.close();
    const database = new Database(join(folder, 'outbox.db'));
    database.exec(sql);
    database.close();
    const { outbox, follower: told } = await reopened(folder);
    expect((await readAll(outbox, told, FIRST)).sequences).toEqual(expect.arrayContaining([2, 3]));
    await outbox.close();
  });

  it('goes on in a new stream when the log of a run that was killed is missing', async () => {
    const folder = temporaryFolder();
    const killed = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A')]);
    await first.close();
    const second = await openOutbox(folder);
    await second.record([scanOf('B')]);
    for (const name of readdirSync(folder)) if (!statSync(join(folder, name)).isDirectory()) copyFileSync(join(folder, name), join(killed, name));
    await second.close();
    expect(existsSync(join(killed, 'outbox.db-wal'))).toBe(true);
    rmSync(join(killed, 'outbox.db-wal'));
    const outbox = await openOutbox(killed, { newStreamId: '00000002' });
    const follower = follow(outbox);
    expect((await outbox.record([scanOf('C')])).source).toBe('urn:tailgate:bedford:truck-17:00000002');
    expect((await readAll(outbox, follower, FIRST)).texts.join()).toContain('"text":"A"');
    expect(await gapsOf(outbox, follower)).toEqual([{ source: FIRST, ranges: [[2, 2 ** 40 - 1]], count: 2 ** 40 - 2, reason: 'incomplete' }]);
    expect(outbox.alarms.join()).toContain('its log was missing');
    await outbox.close();
  });

  it('keeps what is in quarantine, and is salvaged although a power cut tore what was known of it', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    const follower = follow(first);
    await first.record([scanOf('A'), scanOf('B')]);
    first.quarantine({ stream: 1, lane: 'scan', sequence: 1, code: 'unknown_asset', message: 'no asset A' });
    follower.settling = [{ stream: 1, lane: 'scan', ranges: [[0, 1]], sentUpto: 1, waiting: 1 }];
    await first.close();
    mkdirSync(join(folder, 'damaged-2026'));
    for (const name of ['outbox.db', 'streams.json']) renameSync(join(folder, name), join(folder, 'damaged-2026', name));
    writeFileSync(join(folder, 'damaged-2026', 'known.json'), '');
    mkdirSync(join(folder, 'damaged-2027'));
    const { outbox } = await reopened(folder, '00000002', ['damaged-2027']);
    expect(await outbox.quarantinedRows()).toMatchObject([{ sequence: 1, code: 'unknown_asset', source: FIRST }]);
    await outbox.close();
  });

  it('whose last rows are hidden is put aside: no sequence is given twice, and what is hidden is told', async () => {
    const folder = temporaryFolder();
    await filled(folder, 100);
    const database = new Database(join(folder, 'outbox.db'));
    database.exec('DELETE FROM meter_lane WHERE key = (SELECT max(key) FROM meter_lane)');
    database.close();
    const { outbox, follower } = await reopened(folder);
    expect((await outbox.record([scanOf('B')])).source).toBe('urn:tailgate:bedford:truck-17:00000002');
    expect(await gapsOf(outbox, follower)).toMatchObject([{ source: FIRST, ranges: [[100, 100]], reason: 'damaged' }]);
    await outbox.close();
  });

  it('that was removed is followed by a new stream, whose number is another', async () => {
    const folder = temporaryFolder();
    await filled(folder, 100);
    rmSync(join(folder, 'outbox.db'));
    const outbox = await openOutbox(folder, { newStreamId: '00000002' });
    const follower = follow(outbox);
    expect(await outbox.record([scanOf('A')])).toEqual({ source: 'urn:tailgate:bedford:truck-17:00000002', sequences: [1] });
    expect(follower.own.number).toBe(2);
    expect(outbox.alarms.join()).toContain('file or its log was missing');
    await outbox.close();
  });

  it('starts from the log as it is after a kill', async () => {
    const folder = temporaryFolder();
    const killed = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A'), scanOf('B')]);
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(killed, name));
    await first.close();
    const outbox = await openOutbox(killed, { newStreamId: '00000002' });
    expect((await outbox.record([scanOf('C')])).sequences).toEqual([3]);
    expect(outbox.alarms).toEqual([]);
    await outbox.close();
  });

  it('survives random bytes anywhere: nothing altered comes out, and what is missing is told', async () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < ROUNDS; round += 1) {
      const folder = temporaryFolder();
      await filled(folder, 300);
      const file = join(folder, 'outbox.db');
      const content = readFileSync(file);
      const flips = Array.from({ length: 1 + (round % 8) }, () => ({ at: random.below(content.length), byte: random.below(256) }));
      for (const { at, byte } of flips) content.writeUInt8(byte, at);
      writeFileSync(file, content);
      try {
        expect(await unaccountedFor(folder, 300)).toEqual([]);
      } catch (error) {
        throw new Error(`seed ${SEED}, round ${round}, ${JSON.stringify(flips)}`, { cause: error });
      }
    }
  }, 60_000 + ROUNDS * 3000);
});

describe('damage to what is known beside the rows', () => {
  it('holds up no salvage: the rows come out, or are told as missing', async () => {
    const whole = temporaryFolder();
    const outbox = await openOutbox(whole);
    const follower = follow(outbox);
    const unsynced = { wallMs: 5, monotonicMs: 5, bootId: 'boot-0', clock: 'unsynced' } as const;
    await outbox.record(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? scanOf(`A-${index}`, unsynced) : meterOf(String(index)))), { note: 'kept' });
    outbox.quarantine({ stream: 1, lane: 'scan', sequence: 1, code: 'unknown_asset', message: 'no asset A' });
    follower.settling = [{ stream: 1, lane: 'scan', ranges: [[0, 1]], sentUpto: 1, waiting: 9 }];
    await outbox.close();
    const places = cellsOf(join(whole, 'outbox.db'), ['quarantine', 'sent', 'boot', 'settled', 'note', 'stream']);
    for (let at = 0; at < places.length; at += Math.ceil(places.length / (ROUNDS / 2))) {
      const folder = temporaryFolder();
      for (const name of ['outbox.db', 'streams.json']) copyFileSync(join(whole, name), join(folder, name));
      const content = readFileSync(join(whole, 'outbox.db'));
      const place = places[at] ?? 0;
      content.writeUInt8(content.readUInt8(place) ^ (1 << (at % 8)), place);
      content.fill(0xa5, 7 * 4096 + 100, 7 * 4096 + 140); // so that it is put aside whatever the other byte does
      writeFileSync(join(folder, 'outbox.db'), content);
      const missing = (await unaccountedFor(folder, 20)).filter((sequence) => sequence !== 1); // that one is settled
      expect({ place, missing }).toEqual({ place, missing: [] });
    }
  }, 60_000 + ROUNDS * 2000);
});

/** Where the cells of small tables stand: each has one page, filled from its end. */
function cellsOf(file: string, tables: readonly string[]): readonly number[] {
  const database = new Database(file, { readonly: true });
  const pages = tables.map((table) => Number(database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table)));
  database.close();
  const content = readFileSync(file);
  return pages.flatMap((page) => {
    const start = (page - 1) * 4096;
    const first = content.readUInt16BE(start + 5);
    return Array.from({ length: 4096 - first }, (_, index) => start + first + index);
  });
}

/** The sequences that neither come out as they were recorded nor are told as missing, whatever is damaged. */
async function unaccountedFor(folder: string, count: number): Promise<readonly number[]> {
  const outbox = await openOutbox(folder, { newStreamId: '00000002' });
  const follower = follow(outbox);
  await outbox.record([scanOf('new')]);
  let found = await readAll(outbox, follower, FIRST).catch(() => undefined); // damage that comes up when it is read
  await salvageOver(folder, outbox);
  found = await readAll(outbox, follower, FIRST);
  const lost = new Set<number>();
  for (const { source, ranges } of await gapsOf(outbox, follower)) {
    if (source !== FIRST) continue;
    for (const [first, last] of ranges) for (let sequence = first; sequence <= Math.min(last, count + 1); sequence += 1) lost.add(sequence);
  }
  for (const [index, content] of found.texts.entries()) {
    const sequence = found.sequences[index] ?? 0;
    if (sequence > count) continue;
    const wanted = (sequence - 1) % 2 === 0 ? `"text":"A-${sequence - 1}"` : `"raw":"${sequence - 1}"`;
    expect(content).toContain(wanted);
  }
  await outbox.close();
  return Array.from({ length: count }, (_, index) => index + 1).filter((sequence) => !found.sequences.includes(sequence) && !lost.has(sequence));
}

import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/core/errors.ts';
import { checksum } from '../../src/outbox/file/checksum.ts';
import type { Calls } from '../../src/outbox/calls.ts';
import type { Outbox, OutboxParts } from '../../src/outbox/outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/folders.ts';
import { HOSTILE } from '../support/hostile.ts';
import { CLOCK, follow, meterOf, openOutbox, scanOf, SILENT } from '../support/open-outbox.ts';

const lane = async (outbox: Outbox, name: 'scan' | 'meter', after = 0, stream = 1) =>
  (await outbox.page({ stream, lane: name, after, rowsMax: 1000, sealing: 'now' })).rows;

describe('the outbox', () => {
  it('gives contiguous sequences in the order of recording, across both lanes', async () => {
    const outbox = await openOutbox(temporaryFolder());
    const recorded = await Promise.all([outbox.record([scanOf('A')]), outbox.record([meterOf('12.50'), scanOf('B')]), outbox.record([meterOf('13')])]);
    expect(recorded.map(({ sequences }) => sequences)).toEqual([[1], [2, 3], [4]]);
    expect((await lane(outbox, 'scan')).map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect((await lane(outbox, 'meter')).map(({ sequence }) => sequence)).toEqual([2, 4]);
    await outbox.close();
  });

  it('hands over what it has just stored, the same as it stands in the file', async () => {
    const outbox = await openOutbox(temporaryFolder());
    const follower = follow(outbox);
    const texts = [...HOSTILE.map((text) => Buffer.from(text).toString()), '\ud800', 'a\udfffb'];
    outbox.connected = true;
    await outbox.record([scanOf('A'), meterOf('12345678901234567890.10'), ...texts.map((text) => scanOf(text))]);
    await outbox.record([meterOf('13', 'starts', { ...CLOCK.stamp(), clock: 'holdover' }), scanOf('B')]);
    expect(follower.arrivals.map(({ lane: of }) => of)).toEqual(['scan', 'meter', 'scan', 'meter']);
    const handed = follower.handed.flatMap((rows) => rows ?? []).sort((a, b) => a.sequence - b.sequence);
    const read = [...(await lane(outbox, 'scan')), ...(await lane(outbox, 'meter'))].sort((a, b) => a.sequence - b.sequence);
    expect(handed).toHaveLength(texts.length + 4);
    expect(handed).toEqual(read);
    await outbox.close();
  });

  it('hands over nothing of a lane in which a time may still be corrected', async () => {
    const outbox = await openOutbox(temporaryFolder());
    const follower = follow(outbox);
    outbox.connected = true;
    await outbox.record([scanOf('A'), scanOf('B', { ...CLOCK.stamp(), clock: 'unsynced' }), meterOf('1')]);
    expect(follower.handed.map((rows) => rows?.length)).toEqual([undefined, 1]);
    await outbox.close();
  });

  it('keeps a decimal value with its digits', async () => {
    const outbox = await openOutbox(temporaryFolder());
    await outbox.record([meterOf('12345678901234567890.10')]);
    expect((await lane(outbox, 'meter'))[0]?.content).toContain('"value":12345678901234567890.1,');
    await outbox.close();
  });

  it('goes on with the same stream and the next sequence after a restart', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A'), meterOf('1')], { 'context/cab': 'WO-1' });
    await first.close();
    const second = await openOutbox(folder, { newStreamId: 'ffffffff' });
    expect(follow(second).own).toMatchObject({ source: 'urn:tailgate:bedford:truck-17:3f9c1e7a', last: 2 });
    expect(second.note('context/cab')).toBe('WO-1');
    expect((await second.record([scanOf('B')])).sequences).toEqual([3]);
    await second.close();
  });

  it('never gives a sequence twice although every row is settled and gone', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A'), scanOf('B')]);
    await first.close();
    const database = new Database(join(folder, 'outbox.db'));
    database.function('checksum', { varargs: true }, (...columns: unknown[]) => checksum(columns as (string | number)[]));
    database.exec('BEGIN; UPDATE stream SET floor = 2; UPDATE stream SET crc = checksum(number, source, site, gateway, fingerprint, created_ms, floor, reason); DELETE FROM scan_lane; INSERT INTO settled VALUES (1, 0, 0, 2, checksum(1, 0, 0, 2)); COMMIT');
    database.close();
    const second = await openOutbox(folder);
    expect((await second.record([scanOf('C')])).sequences).toEqual([3]);
    await second.close();
  });

  it('starts a new stream for a renamed gateway and keeps the old rows under their old source', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A')]);
    await first.close();
    const second = await openOutbox(folder, { gateway: 'truck-18', newStreamId: '00000002' });
    expect([...follow(second).streams.values()].map(({ source, lanes }) => [source, lanes.scan.waiting])).toEqual([
      ['urn:tailgate:bedford:truck-17:3f9c1e7a', 1],
      ['urn:tailgate:bedford:truck-18:00000002', 0],
    ]);
    expect((await second.record([scanOf('B')])).sequences).toEqual([1]);
    expect(second.alarms.join()).toContain('a new count has begun (urn:tailgate:bedford:truck-18:00000002): the gateway or its site was renamed');
    await second.close();
  });

  it('starts a new stream on another machine, since the card may have been copied, and says so', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder, { fingerprint: 'dt:aaaaaaaaaaaa mac:bbbbbbbbbbbb' });
    await first.record([scanOf('A')]);
    await first.close();
    const same = await openOutbox(folder, { fingerprint: 'dt:aaaaaaaaaaaa', newStreamId: '00000002' });
    expect((await same.record([scanOf('B')])).source).toBe('urn:tailgate:bedford:truck-17:3f9c1e7a');
    expect(same.alarms).toEqual([]);
    await same.close();
    const other = await openOutbox(folder, { fingerprint: 'dt:cccccccccccc', newStreamId: '00000003' });
    expect(await other.record([scanOf('C')])).toEqual({ source: 'urn:tailgate:bedford:truck-17:00000003', sequences: [1] });
    expect(other.alarms.join()).toContain('the outbox comes from another machine: was the card copied?');
    await other.close();
  });

  it('starts a new stream when the receiver has more of the present one than was ever given out', async () => {
    const outbox = await openOutbox(temporaryFolder());
    const follower = follow(outbox);
    await outbox.record([scanOf('A')]);
    await outbox.restart('copied', '00000002');
    expect(await outbox.record([scanOf('B')])).toEqual({ source: 'urn:tailgate:bedford:truck-17:00000002', sequences: [1] });
    expect([...follower.streams.keys()]).toEqual([1, 2]);
    expect(follower.arrivals.at(-1)).toEqual({ stream: 2, lane: 'scan', last: 1, rows: 1 });
    expect(outbox.alarms.join()).toContain('it is an old copy');
    await outbox.close();
  });

  it('runs with WAL and synchronous FULL at the first and at every later opening', async () => {
    const folder = temporaryFolder();
    for (let opening = 0; opening < 3; opening += 1) {
      let logged: unknown;
      const outbox = await openOutbox(folder, { log: { ...SILENT, info: (_, fields) => (logged = fields) } });
      await outbox.record([scanOf('A')]);
      expect(logged).toMatchObject({ journal_mode: 'wal', synchronous: 2 });
      await outbox.close();
    }
  });

  it('writes settlements with the next commit and does not read settled rows again', async () => {
    const folder = temporaryFolder();
    const outbox = await openOutbox(folder);
    const follower = follow(outbox);
    await outbox.record([scanOf('A'), scanOf('B'), scanOf('C'), scanOf('D')]);
    follower.settling = [{ stream: 1, lane: 'scan', ranges: [[0, 2], [4, 4]], sentUpto: 4, waiting: 1 }];
    outbox.settlementChanged();
    await outbox.record([scanOf('E')]);
    expect((await lane(outbox, 'scan')).map(({ sequence }) => sequence)).toEqual([3, 5]);
    await outbox.close();
    const again = await openOutbox(folder);
    expect(follow(again).own.lanes.scan).toMatchObject({ settled: [[0, 2], [4, 4]], waiting: 2 });
    await again.close();
  });

  it('writes settlements that nothing else carried when it closes', async () => {
    const folder = temporaryFolder();
    const outbox = await openOutbox(folder);
    await outbox.record([scanOf('A')]);
    follow(outbox).settling = [{ stream: 1, lane: 'scan', ranges: [[0, 1]], sentUpto: 0, waiting: 0 }];
    outbox.settlementChanged();
    await outbox.close();
    const again = await openOutbox(folder);
    expect(follow(again).own.lanes.scan.waiting).toBe(0);
    await again.close();
  });

  it('puts a quarantined row aside with its reason, in the same commit as its settlement', async () => {
    const folder = temporaryFolder();
    const outbox = await openOutbox(folder);
    await outbox.record([scanOf('A')]);
    follow(outbox).settling = [{ stream: 1, lane: 'scan', ranges: [[0, 1]], sentUpto: 0, waiting: 0 }];
    outbox.quarantine({ stream: 1, lane: 'scan', sequence: 1, code: 'unknown_asset', message: 'no asset A' });
    await outbox.close();
    const database = new Database(join(folder, 'outbox.db'), { readonly: true });
    expect(database.prepare('SELECT code, message FROM quarantine').all()).toEqual([{ code: 'unknown_asset', message: 'no asset A' }]);
    expect(database.prepare('SELECT first, last FROM settled').all()).toEqual([{ first: 0, last: 1 }]);
    database.close();
  });

  it('marks readings as historical while no broker is connected', async () => {
    const outbox = await openOutbox(temporaryFolder());
    await outbox.record([scanOf('A')]);
    outbox.connected = true;
    await outbox.record([scanOf('B')]);
    expect((await lane(outbox, 'scan')).map(({ historical }) => historical)).toEqual([true, false]);
    await outbox.close();
  });

  it('resolves at once when there is nothing to record', async () => {
    const outbox = await openOutbox(temporaryFolder());
    expect(await outbox.record([])).toEqual({ source: 'urn:tailgate:bedford:truck-17:3f9c1e7a', sequences: [] });
    await outbox.close();
  });

  it('reads on behind settled ranges and counts only what waits', async () => {
    const folder = temporaryFolder();
    const outbox = await openOutbox(folder);
    await outbox.record(Array.from({ length: 50 }, (_, index) => scanOf(`A-${index}`)));
    follow(outbox).settling = [{ stream: 1, lane: 'scan', ranges: [[0, 20], [25, 40]], sentUpto: 0, waiting: 0 }];
    outbox.settlementChanged();
    await outbox.close();
    const again = await openOutbox(folder);
    const [first] = await lane(again, 'scan');
    expect(follow(again).own.lanes).toMatchObject({ scan: { waiting: 14, waitingSinceMs: first?.recordedMs }, meter: { waiting: 0, waitingSinceMs: undefined } });
    expect((await lane(again, 'scan')).map(({ sequence }) => sequence)).toEqual([21, 22, 23, 24, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    expect((await lane(again, 'scan', 30)).map(({ sequence }) => sequence)[0]).toBe(41);
    await again.close();
  });

  it('keeps boot and monotonic time of a reading taken with an unsynced clock', async () => {
    const outbox = await openOutbox(temporaryFolder());
    await outbox.record([scanOf('A', { wallMs: 5, monotonicMs: 77, bootId: 'b-1', clock: 'unsynced' })]);
    expect((await lane(outbox, 'scan'))[0]).toMatchObject({ takenMs: 5, clock: 'unsynced', bootId: 'b-1', monotonicMs: 77 });
    await outbox.close();
  });
});

describe('an outbox that cannot store', () => {
  const why = async (opening: Promise<Outbox>): Promise<string> => {
    const fault: unknown = await opening.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(StorageError);
    return fault instanceof StorageError ? fault.message : '';
  };

  it('says that its directory is a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(await why(openOutbox(join(folder, 'file')))).toMatch(/EEXIST|ENOTDIR/);
  });

  it('refuses a second instance on the same directory, and leaves the first alone', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A')]);
    expect(await why(openOutbox(folder))).toContain('is a second Tailgate running?');
    expect((await first.record([scanOf('B')])).sequences).toEqual([2]);
    await first.close();
    const second = await openOutbox(folder);
    expect(follow(second).own.last).toBe(2);
    await second.close();
  });

  it('opens by itself once the file can be opened, though nothing is recorded, and tells what stands there', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A')]);
    await first.close();
    renameSync(join(folder, 'outbox.db'), join(folder, 'elsewhere'));
    mkdirSync(join(folder, 'outbox.db'));
    const clock = new FakeClock();
    const outbox = await openOutbox(folder, { clock });
    const follower = follow(outbox);
    expect(outbox.fault).toContain('unable to open database file');
    await clock.advance(10_000);
    await outbox.ping(); // whatever was asked of the thread before has been answered
    expect([outbox.fault === undefined, clock.timers, follower.streams.size]).toEqual([false, 1, 0]);
    rmdirSync(join(folder, 'outbox.db'));
    renameSync(join(folder, 'elsewhere'), join(folder, 'outbox.db'));
    await clock.advance(10_000);
    await outbox.ping();
    expect([outbox.fault, clock.timers, follower.own.lanes.scan.waiting]).toEqual([undefined, 0, 1]);
    await outbox.close();
  });

  it('is not said to work again because it could be opened before it failed anew', async () => {
    const clock = new FakeClock();
    let isFull = false;
    const worker: OutboxParts['worker'] = {
      news: () => undefined,
      close: () => Promise.resolve(),
      call: (name: keyof Calls) => {
        if (name === 'commit' && isFull) return Promise.reject(new StorageError({ where: 'outbox.db', what: 'the disk is full' }));
        const usage = { usedBytes: 0, limitBytes: 1, waitingBytes: 0 };
        return Promise.resolve(name === 'open' ? { fault: 'it is read-only' } : { source: 's', first: 1, arrivals: [], usage });
      },
    };
    const outbox = await openOutbox(temporaryFolder(), { clock, worker });
    const stored = outbox.record([scanOf('A')]);
    await clock.advance(1000);
    await stored;
    isFull = true;
    const refused = outbox.record([scanOf('B')]).catch((error: StorageError) => error.message);
    await clock.advance(1000);
    expect(await refused).toContain('full');
    await clock.advance(20_000);
    expect(outbox.fault).toContain('full');
  });

  it('refuses a newer schema and does not touch it', async () => {
    const folder = temporaryFolder();
    const first = await openOutbox(folder);
    await first.record([scanOf('A')]);
    await first.close();
    const database = new Database(join(folder, 'outbox.db'));
    database.pragma('user_version = 3');
    database.close();
    expect(await why(openOutbox(folder))).toContain('written by a newer Tailgate (schema 3, this one knows 2)');
    chmodSync(join(folder, 'outbox.db'), 0o600);
    const after = new Database(join(folder, 'outbox.db'), { readonly: true });
    expect(after.pragma('user_version', { simple: true })).toBe(3);
    expect(after.prepare('SELECT count(*) AS rows FROM scan_lane').get()).toEqual({ rows: 1 });
    after.close();
  });

  it('refuses a database of another program and leaves every byte of it', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'outbox.db');
    const database = new Database(file);
    database.exec('CREATE TABLE invoice (number INTEGER); INSERT INTO invoice VALUES (1)');
    database.close();
    const before = readFileSync(file);
    expect(await why(openOutbox(folder))).toContain('it is a database of another program');
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('outbox.db'))).toEqual(['outbox.db']);
  });
});

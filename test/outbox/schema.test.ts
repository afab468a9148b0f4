import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { rowKey } from '../../src/outbox/row-key.ts';
import { prepareSchema, SCHEMA_VERSION } from '../../src/outbox/file/schema.ts';
import { temporaryFolder } from '../support/folders.ts';
import { follow, openOutbox, scanOf } from '../support/open-outbox.ts';

/** An outbox of version 1 with one settled scan, one that waits, and a note. */
function versionOne(folder: string): void {
  const database = new Database(join(folder, 'outbox.db'));
  database.pragma('journal_mode = WAL');
  database.exec(VERSION_ONE);
  database.exec("INSERT INTO stream VALUES (1, 'urn:tailgate:bedford:truck-17:3f9c1e7a', 'bedford', 'truck-17', '', 0, 0)");
  for (const [sequence, text] of [[1, 'A'], [2, 'B']] as const) {
    database.prepare("INSERT INTO scan_lane VALUES (?, 'scan', 'cab-scanner', 1, 2, 0, 0, NULL, NULL, ?)").run(rowKey(1, sequence), `"device":"cab-scanner","text":"${text}","hex":"41","role":"unknown"`);
  }
  database.exec("INSERT INTO settled VALUES (1, 0, 0, 1); INSERT INTO note VALUES ('context/cab', 'WO-1')");
  database.close();
}

describe('an outbox of an older version', () => {
  it('is brought up to date, with everything in it', async () => {
    const folder = temporaryFolder();
    versionOne(folder);
    const outbox = await openOutbox(folder, { newStreamId: 'ffffffff' });
    const { own } = follow(outbox);
    expect(own).toMatchObject({ source: 'urn:tailgate:bedford:truck-17:3f9c1e7a', last: 2, lanes: { scan: { waiting: 1, sentUpto: 2 } } });
    expect(outbox.note('context/cab')).toBe('WO-1');
    expect((await outbox.page({ stream: 1, lane: 'scan', after: 0, rowsMax: 10, sealing: 'now' })).rows).toMatchObject([{ sequence: 2, content: expect.stringContaining('"text":"B"') as string }]);
    expect((await outbox.record([scanOf('C')])).sequences).toEqual([3]);
    await outbox.close();
  });

  it('is whole, old or new, after a kill at any statement on the way', async () => {
    const folder = temporaryFolder();
    versionOne(folder);
    const snapshots = migrateWithSnapshots(folder);
    expect(snapshots.length).toBeGreaterThan(15);
    const versions = new Set<unknown>();
    for (const snapshot of snapshots) versions.add(await expectWhole(snapshot));
    expect([...versions]).toEqual([1, SCHEMA_VERSION]);
  }, 60_000);

  it('is whole after a real kill in the middle of it', async () => {
    const folder = temporaryFolder();
    versionOne(folder);
    const { signal } = spawnSync(process.execPath, ['--import', 'tsx', 'test/support/kill-in-migration.ts', folder, '9']);
    expect(signal).toBe('SIGKILL');
    expect(await expectWhole(folder)).toBe(1);
  });
});

/** Migrates in this process, and copies the files right before each statement: what a kill there would leave. */
function migrateWithSnapshots(folder: string): readonly string[] {
  const file = join(folder, 'outbox.db');
  const database = new Database(file);
  const snapshots: string[] = [];
  const snap = (): void => {
    const snapshot = temporaryFolder();
    cpSync(folder, snapshot, { recursive: true });
    snapshots.push(snapshot);
  };
  const [exec, pragma] = [database.exec.bind(database), database.pragma.bind(database)];
  Object.assign(database, {
    exec: (sql: string) => {
      snap();
      return exec(sql);
    },
    pragma: (text: string, options?: { simple?: boolean }) => {
      snap();
      return pragma(text, options);
    },
  });
  prepareSchema(database);
  snap();
  database.close();
  return snapshots;
}

/** Opens what a kill left, and gives the version that it found. */
async function expectWhole(folder: string): Promise<unknown> {
  const found = new Database(join(folder, 'outbox.db'));
  const version = found.pragma('user_version', { simple: true });
  found.close();
  const outbox = await openOutbox(folder);
  expect(follow(outbox).own).toMatchObject({ last: 2, lanes: { scan: { waiting: 1 } } });
  await outbox.close();
  return version;
}

const ROWS = `(key INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, taken_ms INTEGER NOT NULL, recorded_ms INTEGER NOT NULL,
  historical INTEGER NOT NULL, clock INTEGER NOT NULL, boot INTEGER, monotonic_ms INTEGER, content TEXT NOT NULL) STRICT`;

/** The schema as version 1 had it. */
const VERSION_ONE = `
  CREATE TABLE stream (number INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, site TEXT NOT NULL, gateway TEXT NOT NULL, fingerprint TEXT NOT NULL,
    created_ms INTEGER NOT NULL, floor INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE scan_lane ${ROWS};
  CREATE TABLE meter_lane ${ROWS};
  CREATE TABLE settled (stream INTEGER NOT NULL REFERENCES stream (number), lane INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (stream, lane, first)) STRICT, WITHOUT ROWID;
  CREATE TABLE quarantine (key INTEGER PRIMARY KEY, lane INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE boot (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
  PRAGMA application_id = 1416392564;
  PRAGMA user_version = 1;`;

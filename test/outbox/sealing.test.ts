import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StorageError } from '../../src/core/errors.ts';
import type { Stamp } from '../../src/core/reading.ts';
import { Store } from '../../src/outbox/file/store.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { temporaryFolder } from '../support/folders.ts';
import { InlineWorker } from '../support/inline-worker.ts';
import { CLOCK, openOutbox, scanOf } from '../support/open-outbox.ts';

const SYNCED = Date.parse('2026-11-24T10:00:00Z');

/** A moment of a boot whose clock stands at the epoch. */
const unsynced = (monotonicMs: number, bootId = 'boot-1'): Stamp => ({ wallMs: monotonicMs, monotonicMs, bootId, clock: 'unsynced' });

const open = (folder: string, bootId = 'boot-1') => openOutbox(folder, { clock: { ...CLOCK, stamp: () => ({ ...CLOCK.stamp(), bootId }) } });

const page = (outbox: Outbox, sealing: 'wait' | 'now') => outbox.page({ stream: 1, lane: 'scan', after: 0, rowsMax: 100, sealing });

const timesOf = (rows: readonly { takenMs: number; clock: string; bootId?: string | undefined }[]) => rows.map(({ takenMs, clock, bootId }) => [takenMs, clock, bootId]);

describe('readings taken while the clock was not set', () => {
  it('wait for the clock, behind what was taken before, and hold nothing back that waits no more', async () => {
    const outbox = await open(temporaryFolder());
    await outbox.record([scanOf('A')]);
    await outbox.record([scanOf('B', unsynced(5000)), scanOf('C')]);
    expect(await page(outbox, 'wait')).toMatchObject({ rows: [{ sequence: 1 }], held: true });
    expect((await page(outbox, 'now')).rows).toHaveLength(3);
    await outbox.close();
  });

  it('get their time from the clock once it is set, and keep their numbers', async () => {
    const outbox = await open(temporaryFolder());
    await outbox.record([scanOf('A', unsynced(5000)), scanOf('B', unsynced(7500))]);
    await outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' });
    const { rows, held } = await page(outbox, 'wait');
    expect(held).toBe(false);
    expect(timesOf(rows)).toEqual([[SYNCED - 5000, 'synced', undefined], [SYNCED - 2500, 'synced', undefined]]);
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2]);
    await outbox.close();
  });

  it('get the time of their commit from it too, by which they are kept for replay', async () => {
    const stamps = [unsynced(5040), { ...unsynced(20_000), wallMs: SYNCED + 10_000, clock: 'synced' as const }];
    const outbox = await openOutbox(temporaryFolder(), { clock: { ...CLOCK, stamp: () => (stamps.length > 1 ? stamps.shift() : stamps[0]) ?? CLOCK.stamp() } });
    stamps.unshift(unsynced(5040)); // the opening took the first
    await outbox.record([scanOf('A', unsynced(5000))]);
    await outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' });
    await outbox.record([scanOf('B', unsynced(9000))]); // committed by the clock that was set
    const { rows } = await page(outbox, 'wait');
    expect(rows.map(({ takenMs, recordedMs }) => [takenMs, recordedMs])).toEqual([[SYNCED - 5000, SYNCED - 4960], [SYNCED - 1000, SYNCED + 10_000]]);
    await outbox.close();
  });

  it('are corrected also where the disk did not take the correction at once', async () => {
    const outbox = await openOutbox(temporaryFolder(), { worker: new InlineWorker() });
    await outbox.record([scanOf('A', unsynced(5000))]);
    const transacting = vi.spyOn(Store.prototype, 'transact').mockImplementationOnce(() => {
      throw new StorageError({ where: 'outbox', what: 'the disk does not sync', cause: Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' }) });
    });
    onTestFinished(() => transacting.mockRestore());
    await expect(outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' })).rejects.toThrow('does not sync');
    expect(timesOf((await page(outbox, 'wait')).rows)).toEqual([[SYNCED - 5000, 'synced', undefined]]);
    await outbox.close();
  });

  it('never change again once they were given out, whatever becomes known of the clock', async () => {
    const folder = temporaryFolder();
    const outbox = await open(folder);
    await outbox.record([scanOf('A', unsynced(5000))]);
    const before = await page(outbox, 'now');
    expect(timesOf(before.rows)).toEqual([[5000, 'unsynced', 'boot-1']]);
    await outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' });
    expect(await page(outbox, 'now')).toEqual(before);
    await outbox.close();
    const again = await open(folder);
    expect(await page(again, 'now')).toEqual(before);
    await again.close();
  });

  it.each([
    ['are stored as they are while a broker is connected and nobody waits for the clock', true, [5000, 'unsynced', 'boot-1']],
    ['can still be corrected when they are stored while no broker is connected', false, [SYNCED - 5000, 'synced', undefined]],
  ] as const)('%s', async (_, connected, expected) => {
    const outbox = await open(temporaryFolder());
    outbox.connected = connected;
    await page(outbox, 'now');
    await outbox.record([scanOf('A', unsynced(5000))]);
    await outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' });
    await outbox.record([scanOf('B', unsynced(9000))]); // of the moment before the clock was set
    expect(timesOf((await page(outbox, 'now')).rows)).toEqual([expected, [SYNCED - 1000, 'synced', undefined]]);
    await outbox.close();
  });

  it('were corrected once and are not corrected again by a later step of the clock', async () => {
    const outbox = await open(temporaryFolder());
    await outbox.record([scanOf('A', unsynced(5000))]);
    await outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' });
    const before = await page(outbox, 'now');
    await outbox.correct({ wallMs: SYNCED + 3_600_000, monotonicMs: 11_000, bootId: 'boot-1', clock: 'synced' });
    expect(await page(outbox, 'now')).toEqual(before);
    await outbox.close();
  });

  it('are corrected after a crash too, as long as the machine was not restarted', async () => {
    const [folder, crashed] = [temporaryFolder(), temporaryFolder()];
    const outbox = await open(folder);
    await outbox.record([scanOf('A', unsynced(5000))]);
    await outbox.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-1', clock: 'synced' });
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(crashed, name));
    await outbox.close();
    const again = await open(crashed);
    expect(timesOf((await page(again, 'wait')).rows)).toEqual([[SYNCED - 5000, 'synced', undefined]]);
    await again.close();
  });

  it('of a boot that is over go out as they are, and are not given the time of another boot', async () => {
    const folder = temporaryFolder();
    const first = await open(folder);
    await first.record([scanOf('A', unsynced(5000))]);
    await first.close();
    const second = await open(folder, 'boot-2');
    await second.correct({ wallMs: SYNCED, monotonicMs: 10_000, bootId: 'boot-2', clock: 'synced' });
    expect(timesOf((await page(second, 'wait')).rows)).toEqual([[5000, 'unsynced', 'boot-1']]);
    await second.close();
  });

  it('are not sent again by their number before they are sealed', async () => {
    const outbox = await open(temporaryFolder());
    await outbox.record([scanOf('A', unsynced(5000)), scanOf('B')]);
    expect((await outbox.fetch({ stream: 1, from: 1, to: 2, rowsMax: 10 })).rows.map(({ sequence }) => sequence)).toEqual([2]);
    await outbox.close();
  });
});

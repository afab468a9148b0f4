import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/core/errors.ts';
import { Store } from '../../src/outbox/file/store.ts';
import { rowKey } from '../../src/outbox/row-key.ts';
import { rowOf } from '../../src/outbox/row.ts';
import { temporaryFolder } from '../support/folders.ts';
import { CLOCK, LIMITS, meterOf } from '../support/open-outbox.ts';

const now = CLOCK.stamp();

function opened(directory: string): Store {
  const request = { directory, site: 'bedford', gateway: 'truck-17', fingerprint: '', newStreamId: '3f9c1e7a', limits: LIMITS, now };
  return Store.open({ file: join(directory, 'outbox.db'), request });
}

/** A store with five meter readings, of which three are to be given up, at once or one by one; each commit fails, and took effect or did not. */
function failing(directory: string, ...effects: readonly ('done' | 'undone')[]): Store {
  const store = opened(directory);
  const rows = ['1', '2', '3', '4', '5'].map((value) => rowOf(meterOf(value)));
  store.commit({ rows, notes: [], settlements: [], quarantined: [], released: [], read: [], now, historical: false }, () => undefined);
  const transact = store.transact.bind(store);
  for (const [index, effect] of effects.entries()) {
    store.transact = (run) => {
      if (effect === 'done') transact(run);
      throw new StorageError({ where: 'outbox', what: 'the disk does not sync' });
    };
    const sequences = effects.length === 1 ? [2, 3, 4] : [2 + index];
    expect(() => store.giveUp(1, sequences.map((sequence) => rowKey(1, sequence)), now)).toThrow('does not sync');
  }
  store.close();
  return store;
}

const contents = (store: Store, lane: 'scan' | 'meter') => store.page({ stream: 1, lane, after: 0, rowsMax: 100, sealing: 'wait' }).rows;

describe('readings that were given up by a commit of unknown outcome', () => {
  it('are told as a gap once more by the next connection, where they are gone', () => {
    const directory = temporaryFolder();
    const before = failing(directory, 'done');
    const store = opened(directory);
    store.takeBack(before, now);
    expect(contents(store, 'meter').map(({ sequence, kind }) => [sequence, kind])).toEqual([[1, 'reading'], [5, 'reading']]);
    const gaps = contents(store, 'scan');
    expect(gaps.map(({ sequence, kind, content }) => [sequence, kind, content])).toEqual([[6, 'gap', expect.stringContaining('"ranges":[[2,4]],"count":3,"reason":"no-room"')]]);
    expect(store.next).toBe(7);
    store.close();
  });

  it('are told too when others failed after them', () => {
    const directory = temporaryFolder();
    const before = failing(directory, 'done', 'undone');
    const store = opened(directory);
    store.takeBack(before, now);
    expect(contents(store, 'meter').map(({ sequence }) => sequence)).toEqual([1, 3, 4, 5]);
    expect(contents(store, 'scan').map(({ content }) => content)).toEqual([expect.stringContaining('"ranges":[[2,2]]')]);
    store.close();
  });

  it('are not, where they are still there', () => {
    const directory = temporaryFolder();
    const before = failing(directory, 'undone');
    const store = opened(directory);
    store.takeBack(before, now);
    expect(contents(store, 'meter')).toHaveLength(5);
    expect(contents(store, 'scan')).toEqual([]);
    expect(store.next).toBe(6);
    store.close();
  });
});

import { describe, expect, it } from 'vitest';
import { GroupCommit, type Waiting } from '../../src/outbox/group-commit.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setUp({ commitMs = 0, rowsMax = 1000 }: { commitMs?: number; rowsMax?: number } = {}) {
  const clock = new FakeClock();
  const commits: { atMs: number; entries: number }[] = [];
  const group = new GroupCommit<Waiting>({
    clock,
    commitsPerSecond: 50,
    rowsMax,
    bytesMax: 1_000_000,
    commit: async (entries) => {
      commits.push({ atMs: clock.monotonicMs(), entries: entries.length });
      if (commitMs > 0) await new Promise<void>((resolve) => void clock.after(commitMs, resolve));
    },
  });
  return { clock, commits, group, startMs: clock.monotonicMs() };
}

const entry = (lingerMs = 0): Waiting => ({ rows: 1, bytes: 100, lingerMs });

describe('group commit', () => {
  it('commits the first entry after a quiet moment at once', async () => {
    const { clock, commits, group, startMs } = setUp();
    group.add(entry());
    await clock.advance(0);
    expect(commits).toEqual([{ atMs: startMs, entries: 1 }]);
  });

  it('makes at most 50 commits a second under load and leaves nothing out', async () => {
    const { clock, commits, group } = setUp();
    for (let ms = 0; ms < 1000; ms += 1) {
      group.add(entry());
      await clock.advance(1);
    }
    await clock.advance(20);
    expect(commits.length).toBeLessThanOrEqual(51);
    expect(commits.length).toBeGreaterThanOrEqual(48);
    expect(commits.reduce((sum, { entries }) => sum + entries, 0)).toBe(1000);
  });

  it('lets entries that may linger wait for company, and a scan takes them along', async () => {
    const { clock, commits, group, startMs } = setUp();
    group.add(entry(500));
    await clock.advance(100);
    expect(commits).toEqual([]);
    group.add(entry());
    await clock.advance(0);
    expect(commits).toEqual([{ atMs: startMs + 100, entries: 2 }]);
  });

  it('commits lingering entries by themselves when their time is over', async () => {
    const { clock, commits, group, startMs } = setUp();
    group.add(entry(500));
    await clock.advance(500);
    expect(commits).toEqual([{ atMs: startMs + 500, entries: 1 }]);
  });

  it('runs one commit at a time, and what came meanwhile goes with the next', async () => {
    const { clock, commits, group, startMs } = setUp({ commitMs: 2000 });
    group.add(entry());
    await clock.advance(1);
    group.add(entry());
    group.add(entry());
    await clock.advance(1000);
    expect(commits).toHaveLength(1);
    await clock.advance(1000);
    expect(commits[1]).toEqual({ atMs: startMs + 2000, entries: 2 });
  });

  it('takes no more than its bound and says so', async () => {
    const { clock, group } = setUp({ commitMs: 60_000, rowsMax: 2 });
    group.add(entry());
    await clock.advance(0);
    expect([group.add(entry()), group.add(entry()), group.add(entry())]).toEqual([true, true, false]);
  });

  it('flushes lingering entries at once and resolves when all is stored', async () => {
    const { clock, commits, group } = setUp({ commitMs: 30 });
    group.add(entry(10_000));
    let flushed = false;
    const flushing = group.flush().then(() => (flushed = true));
    await clock.advance(29);
    expect(flushed).toBe(false);
    await clock.advance(1);
    await flushing;
    expect(commits).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import type { ScanObservation } from '../../src/core/observation.ts';
import { Presence } from '../../src/identification/presence.ts';

const read = (antenna?: number): ScanObservation => ({ kind: 'scan', bytes: Buffer.from('3000', 'hex'), tag: { ...(antenna !== undefined && { antenna }) } });

describe('the presence of radio tags', () => {
  it('tells an arrival once and a departure when the tag was not read for long enough', () => {
    const presence = new Presence({ departAfterMs: 5000 });
    expect(presence.see('T', read(), 1000).kind).toBe('arrived');
    for (let ms = 1010; ms <= 2000; ms += 10) expect(presence.see('T', read(), ms).kind).toBe('known');
    expect(presence.nextDueMs).toBe(7000);
    expect(presence.due(6999)).toEqual([]);
    const [stay] = presence.due(7000);
    expect(stay).toMatchObject({ tag: 'T', firstMs: 1000, lastMs: 2000, count: 101 });
    expect(presence.due(9000)).toEqual([]);
    expect(presence.departed(stay!)).toBeUndefined();
    expect(presence.size).toBe(0);
    expect(presence.nextDueMs).toBeUndefined();
    expect(presence.see('T', read(), 8000).kind).toBe('arrived');
  });

  it('tells a move when the antenna before has not read the tag for a second', () => {
    const presence = new Presence({ departAfterMs: 5000 });
    presence.see('T', read(1), 1000);
    expect([2, 1, 2, 1].map((antenna, index) => presence.see('T', read(antenna), 1100 + index * 500).kind)).toEqual(['known', 'known', 'known', 'known']);
    expect(presence.see('T', read(2), 3600)).toMatchObject({ kind: 'moved', from: 1 });
    expect(presence.see('T', read(2), 3700).kind).toBe('known');
  });

  it('tells a move again that was not stored, and an arrival again', () => {
    const presence = new Presence({ departAfterMs: 5000 });
    const arrived = presence.see('T', read(1), 1000);
    if (arrived.kind !== 'arrived') throw new Error(arrived.kind);
    presence.unarrived(arrived.stay);
    expect(presence.see('T', read(1), 1100).kind).toBe('arrived');
    const moved = presence.see('T', read(2), 3000);
    if (moved.kind !== 'moved') throw new Error(moved.kind);
    presence.unmoved(moved.stay, moved.from);
    expect(presence.see('T', read(2), 4000).kind).toBe('moved');
  });

  it('keeps a stay whose departure was refused, and tries it again later', () => {
    const presence = new Presence({ departAfterMs: 100 });
    presence.see('T', read(), 1000);
    const [stay] = presence.due(1100);
    presence.kept(stay!, 1200);
    expect(presence.due(2199)).toEqual([]);
    expect(presence.due(2200)).toEqual([stay]);
  });

  it('goes on with a stay that is read while its departure is refused, and begins another while it is stored', () => {
    const presence = new Presence({ departAfterMs: 5000 });
    presence.see('T', read(), 1000);
    const [stay] = presence.due(6000);
    expect(presence.see('T', read(), 6001).kind).toBe('known');
    presence.kept(stay!, 6002);
    expect(stay).toMatchObject({ firstMs: 1000, lastMs: 6001, count: 2 });
    expect(presence.due(11_001)).toEqual([stay]);
    expect(presence.see('T', read(), 11_002).kind).toBe('known');
    expect(presence.departed(stay!)).toMatchObject({ atMs: 11_002 });
    expect(presence.size).toBe(0);
  });

  it('follows so many tags; the one that was unread for longest leaves to make room', () => {
    const presence = new Presence({ departAfterMs: 5000, tagsMax: 2 });
    presence.see('A', read(), 1000);
    presence.see('B', read(), 1001);
    presence.see('A', read(), 1002);
    const sight = presence.see('C', read(), 1003);
    expect(sight).toMatchObject({ kind: 'full', leaving: { tag: 'B' } });
    expect(presence.size).toBe(2);
    if (sight.kind === 'full') presence.departed(sight.leaving!);
    expect(presence.see('C', read(), 1004).kind).toBe('arrived');
  });
});

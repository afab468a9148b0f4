import { describe, expect, it } from 'vitest';
import { Track } from '../../src/delivery/track.ts';
import { rowOf } from '../../src/outbox/row.ts';
import { scanOf } from '../support/open-outbox.ts';

const row = (sequence: number) => ({ ...rowOf(scanOf(`S${sequence}`)), sequence, recordedMs: 0, historical: false });
const track = (waiting: number, last: number) => new Track({ stream: 1, source: 'urn:tailgate:bedford:truck-17:00000001', lane: 'scan', last, report: { settled: [], waiting, sentUpto: 0 } });

describe('a lane that was opened anew while a commit was under way', () => {
  it('counts no row as waiting that the commit has settled and that is therefore not given out', () => {
    const lane = track(4, 4);
    lane.read([row(3), row(4)], 4, false);
    expect(lane.waiting).toBe(2);
    const done = track(4, 4);
    done.read([], 4, false);
    expect(done.waiting).toBe(0);
  });

  it('counts what has not been read as the outbox has reported it', () => {
    const lane = track(4, 6);
    lane.read([row(1), row(2)], 6, false);
    lane.read([], 6, true);
    expect(lane.waiting).toBe(4);
  });
});

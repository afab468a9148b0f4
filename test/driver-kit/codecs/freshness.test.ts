import { describe, expect, it } from 'vitest';
import { type Freshness, judged, repeated } from '../../../src/driver-kit/codecs/freshness.ts';

/** Which of these payloads, each a second after the one before unless it says so, are news. */
function newsOf(payloads: readonly { readonly bytes: readonly number[]; readonly kind?: string; readonly sequence?: number; readonly bits?: number; readonly sinceMs?: number }[]): readonly boolean[] {
  let state: Freshness | undefined;
  return payloads.map(({ bytes, kind = 'a', sequence, bits = 8, sinceMs = 1000 }) => {
    const { isNews, after } = judged(state, { kind, bytes: Uint8Array.from(bytes), sequence: sequence === undefined ? undefined : { value: sequence, bits } }, sinceMs);
    state = after;
    return isNews;
  });
}

describe('what is news', () => {
  it('is never the same bytes again, however long ago and however often', () => {
    expect(newsOf([{ bytes: [1], sequence: 5 }, ...Array.from({ length: 100 }, () => ({ bytes: [1], sequence: 5, sinceMs: 60_000 }))]).filter(Boolean)).toHaveLength(1);
  });

  it('is a sequence number that is ahead by less than a quarter of its range', () => {
    expect(newsOf([{ bytes: [1], sequence: 250 }, { bytes: [2], sequence: 250 }, { bytes: [3], sequence: 57 }, { bytes: [4], sequence: 57 + 64 }, { bytes: [5], sequence: 56 }])).toEqual([true, false, true, false, false]);
  });

  it('is any other number after four seconds without news, as after a change of battery', () => {
    expect(newsOf([{ bytes: [1], sequence: 100 }, { bytes: [2], sequence: 0, sinceMs: 3000 }, { bytes: [3], sequence: 0, sinceMs: 1001 }])).toEqual([true, false, true]);
  });

  it('is told by kind of each of sixteen in turn', () => {
    const kinds = Array.from({ length: 16 }, (_, index) => ({ kind: String(index), bytes: [index] }));
    expect(newsOf([...kinds, ...kinds, ...kinds]).filter(Boolean)).toHaveLength(16);
  });

  it('is told by kind, so that packets in turn are not taken for each other', () => {
    const temperature = { bytes: [1], kind: 'temperature' };
    const battery = { bytes: [2], kind: 'battery' };
    expect(newsOf([temperature, battery, temperature, battery, { ...temperature, bytes: [3] }, temperature])).toEqual([true, true, false, false, true, true]);
  });

  it('goes by numbers of 8 bits after numbers of 24 without taking them for older', () => {
    expect(newsOf([{ bytes: [1], sequence: 0xdecdee, bits: 24 }, { bytes: [2], sequence: 0xef, bits: 8 }])).toEqual([true, true]);
  });

  it('is told by all of a long payload, as of several structures in one advertisement', () => {
    const long = (last: number): number[] => [...Array.from({ length: 400 }, () => 1), last];
    expect(newsOf([{ bytes: long(1) }, { bytes: long(2) }, { bytes: long(2) }, { bytes: long(1) }])).toEqual([true, true, false, true]);
    const { after } = judged(undefined, { kind: 'a', bytes: Uint8Array.from(long(1)) }, 1000);
    expect(repeated(after, Uint8Array.from(long(1)), 1000)).toEqual({ ...after, quietMs: 1000 });
    expect(repeated(after, Uint8Array.from(long(2)), 1000)).toBeUndefined();
  });

  it('needs little room, whatever a tag sends', () => {
    let state: Freshness | undefined;
    for (let index = 0; index < 1000; index += 1) state = judged(state, { kind: String(index), bytes: new Uint8Array(5000) }, Number.POSITIVE_INFINITY).after;
    expect(state?.last).toHaveLength(16);
    expect(JSON.stringify(state).length).toBeLessThan(9000);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});

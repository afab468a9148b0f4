import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/core/decimal.ts';
import type { ClockState, MeterContent, Stamp } from '../../src/core/reading.ts';
import { type Entered, MeterBook } from '../../src/metering/meter-book.ts';
import { meterNote, readMeterNote } from '../../src/metering/meter-state.ts';
import { judgedTime } from '../../src/metering/reading-time.ts';

const NOW_MS = Date.parse('2026-11-23T08:15:30.123Z');
const YEAR_MS = 365.25 * 86_400_000;
const GOOD: MeterContent = { device: 'generator', meter: 'hours', kind: 'counter', value: new Decimal(42n, 0), unit: 'h', raw: '42', epoch: 0, quality: 'good' };
const BAD: MeterContent = { ...GOOD, value: undefined, quality: 'bad', reason: 'sentinel 0x8000' };
const DOUBTFUL: MeterContent = { ...GOOD, quality: 'uncertain', reason: 'implausible jump' };
const LATE = { ...GOOD, quality: 'uncertain', reason: 'time-not-after-last' };

/** Ten seconds pass between two stamps, whatever the wall clock says. */
function at(wallMs: number, clock: ClockState = 'synced'): Stamp {
  return { wallMs, monotonicMs: (monotonicMs += 10_000), bootId: 'boot', clock };
}

let monotonicMs = 0;

describe('the time of a reading', () => {
  it.each<[string, MeterContent, Stamp, number | undefined, MeterContent, number | undefined]>([
    ['is the first', GOOD, at(NOW_MS), undefined, GOOD, NOW_MS],
    ['is later than the last', GOOD, at(NOW_MS), NOW_MS - 1, GOOD, NOW_MS],
    ['is the same as the last', GOOD, at(NOW_MS), NOW_MS, LATE as MeterContent, NOW_MS],
    ['is before the last', GOOD, at(NOW_MS - YEAR_MS), NOW_MS, LATE as MeterContent, NOW_MS],
    ['is held over', GOOD, at(NOW_MS - 1, 'holdover'), NOW_MS, LATE as MeterContent, NOW_MS],
    ['is held over and later', GOOD, at(NOW_MS + 1, 'holdover'), NOW_MS, GOOD, NOW_MS + 1],
    ['is unsynced and before', GOOD, at(NOW_MS - YEAR_MS, 'unsynced'), NOW_MS, GOOD, NOW_MS],
    ['is unsynced and after', GOOD, at(NOW_MS + YEAR_MS, 'unsynced'), NOW_MS, GOOD, NOW_MS],
    ['is unsynced and the first', GOOD, at(NOW_MS, 'unsynced'), undefined, GOOD, undefined],
    ['belongs to no value', BAD, at(NOW_MS - 1), NOW_MS, BAD, NOW_MS],
    ['belongs to no value and is later', BAD, at(NOW_MS + 1), NOW_MS, BAD, NOW_MS + 1],
    ['belongs to a value that is uncertain already', DOUBTFUL, at(NOW_MS), NOW_MS, DOUBTFUL, NOW_MS],
  ])('that %s', (_, content, stamp, lastMs, judged, newLastMs) => {
    expect(judgedTime(content, stamp, lastMs)).toEqual({ content: judged, lastMs: newLastMs });
  });
});

describe('a note of a meter', () => {
  it('is read as it was written', () => {
    expect(meterNote({ lastMs: NOW_MS })).toBe('{"v":1,"lastMs":1795421730123}');
    expect(readMeterNote(meterNote({ lastMs: NOW_MS }))).toEqual({ lastMs: NOW_MS });
    expect(readMeterNote(meterNote({}))).toEqual({});
  });

  it.each([undefined, '', '{', 'null', '7', '[]', '{"lastMs":5}', '{"v":2,"lastMs":5}', '{"v":1,"lastMs":"5"}', '{"v":1,"lastMs":1e99}', '{"v":1,"lastMs":0.5}'])(
    'that is %s counts as none',
    (text) => expect(readMeterNote(text)).toEqual({}),
  );
});

function entries(...contents: readonly MeterContent[]): { content: MeterContent }[] {
  return contents.map((content) => ({ content }));
}

/** A book with notes that are kept as the outbox does. */
function started(): { book: MeterBook; notes: Map<string, string>; store: (entered: Entered) => void; restarted: () => MeterBook } {
  const notes = new Map<string, string>();
  const open = (): MeterBook => new MeterBook((key) => notes.get(key));
  const store = (entered: Entered): void => {
    for (const [key, value] of Object.entries(entered.notes)) if (value !== null) notes.set(key, value);
    entered.settled('stored');
  };
  return { book: open(), notes, store, restarted: open };
}

describe('the book of meters', () => {
  it('keeps the last time of each meter, with the readings, across a restart', () => {
    const { book, notes, store, restarted } = started();
    const gauge = { ...GOOD, meter: 'level' };
    store(book.enter(entries(GOOD, gauge), at(NOW_MS)));
    store(book.enter(entries(gauge), at(NOW_MS + 5000)));
    expect([...notes].map(([key, note]) => [key, readMeterNote(note).lastMs])).toEqual([
      ['meter/generator/hours', NOW_MS],
      ['meter/generator/level', NOW_MS + 5000],
    ]);
    expect(restarted().enter(entries(GOOD, gauge), at(NOW_MS + 1000)).contents).toEqual([GOOD, { ...LATE, meter: 'level' }]);
  });

  it('judges a reading by the one before it that is not stored yet, and publishes one of two of one moment', () => {
    const { book } = started();
    expect(book.enter(entries(GOOD), at(NOW_MS)).contents).toEqual([GOOD]);
    expect(book.enter(entries(GOOD), at(NOW_MS)).contents).toEqual([LATE]);
    expect(book.enter(entries(GOOD, GOOD), at(NOW_MS + 1))).toMatchObject({ contents: [GOOD], suppressed: { same: 0, tooSoon: 1 } });
  });

  it('goes back when readings are not stored', () => {
    const { book, store } = started();
    store(book.enter(entries(GOOD), at(NOW_MS)));
    book.enter(entries(GOOD), at(NOW_MS + 9000)).settled('refused');
    expect(book.enter(entries(GOOD), at(NOW_MS + 5000)).contents).toEqual([GOOD]);
  });

  it('goes back to what is stored when several are refused, in whichever order', () => {
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
      const { book, store } = started();
      store(book.enter(entries(GOOD), at(NOW_MS)));
      const entered = [1000, 2000, 3000].map((ms) => book.enter(entries(GOOD), at(NOW_MS + ms)));
      for (const index of order) entered[index]?.settled('refused');
      expect(book.enter(entries(GOOD), at(NOW_MS + 1)).contents).toEqual([GOOD]);
      expect(book.enter(entries(GOOD), at(NOW_MS)).contents).toEqual([LATE]);
    }
  });

  it('keeps what a later one made of one that was refused', () => {
    const { book, store } = started();
    const [refused, later] = [book.enter(entries(GOOD), at(NOW_MS)), book.enter(entries(GOOD), at(NOW_MS + 1000))];
    refused.settled('refused');
    expect(book.enter(entries(GOOD), at(NOW_MS + 500)).contents).toEqual([LATE]);
    store(later);
    expect(book.enter(entries(GOOD), at(NOW_MS + 500)).contents).toEqual([LATE]);
  });

  it('takes up the notes of an outbox that could be opened only later', () => {
    const { book, notes } = started();
    book.enter(entries(GOOD), at(NOW_MS)).settled('refused');
    notes.set('meter/generator/hours', meterNote({ lastMs: NOW_MS + 5000 }));
    expect(book.enter(entries(GOOD), at(NOW_MS + 1000)).contents).toEqual([LATE]);
  });

  it('loses nothing and keeps the order when the clock goes years ahead, back, and on', () => {
    const { book, store } = started();
    const times = [0, 1000, 5 * YEAR_MS, 5 * YEAR_MS + 1000, 2000, 3000, -3 * YEAR_MS, 4000, 5 * YEAR_MS + 2000];
    const results = times.flatMap((ms, index) => {
      const entered = book.enter(entries({ ...GOOD, raw: `${index}` }), at(NOW_MS + ms));
      store(entered);
      return entered.contents;
    });
    expect(results.map(({ raw }) => raw)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    expect(results.map(({ value }) => value)).toEqual(times.map(() => GOOD.value));
    expect(results.map(({ quality }) => quality)).toEqual(['good', 'good', 'good', 'good', 'uncertain', 'uncertain', 'uncertain', 'uncertain', 'good']);
  });

  it('marks nothing while the clock is known to be wrong, however it jumps, and goes on where it was', () => {
    const { book, notes, store } = started();
    store(book.enter(entries(GOOD), at(NOW_MS)));
    for (const ms of [-50 * YEAR_MS, 12 * YEAR_MS, -1, 0, 1]) {
      const entered = book.enter(entries(GOOD), at(NOW_MS + ms, 'unsynced'));
      expect(entered.contents).toEqual([GOOD]);
      store(entered);
    }
    expect([...notes.values()].map((note) => readMeterNote(note).lastMs)).toEqual([NOW_MS]);
    expect(book.enter(entries(GOOD), at(NOW_MS + 1)).contents).toEqual([GOOD]);
  });
});

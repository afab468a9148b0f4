import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/core/decimal.ts';
import type { ReadingPolicy } from '../../src/core/meter-settings.ts';
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
    expect(book.nextDueMs).toBeUndefined();
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

describe('readings inside the second of the last one that was published', () => {
  const SECOND = NOW_MS - 123; // where the second of NOW_MS begins
  const GAUGE: MeterContent = { ...GOOD, meter: 'pressure', kind: 'gauge' };
  const shown = (value: number, more: Partial<MeterContent> = {}): MeterContent => ({ ...GAUGE, value: Decimal.of(value), ...more });

  /** A book whose readings come at moments of one clock, in milliseconds behind the beginning of a second. */
  function timed(clock: ClockState = 'synced') {
    const { book, store, notes, restarted } = started();
    const stampOf = (ms: number): Stamp => ({ wallMs: SECOND + ms, monotonicMs: 50_000 + ms, bootId: 'boot', clock });
    const enter = (ms: number, content: MeterContent, policy?: ReadingPolicy): Entered => {
      const entered = book.enter([{ content, policy }], stampOf(ms));
      store(entered);
      return entered;
    };
    /** What is published up to a moment: its value, and the milliseconds that its time says. */
    const due = (ms: number): string[] =>
      book.due(50_000 + ms).flatMap((entered) => {
        store(entered);
        return entered.contents.map(({ value, quality }) => `${value?.toString() ?? '-'} ${quality} at ${entered.stamp.wallMs - SECOND}`);
      });
    return { book, store, notes, restarted, stampOf, enter, due, nextMs: (): number | undefined => (book.nextDueMs === undefined ? undefined : book.nextDueMs - 50_000) };
  }

  it('wait until it is over, and only the newest is published, with the beginning of the next second as its time', () => {
    const { enter, due, nextMs } = timed();
    expect(enter(123, shown(1)).contents).toHaveLength(1);
    expect(nextMs()).toBeUndefined();
    const later = [200, 400, 999].map((ms, index) => enter(ms, shown(index + 2)));
    expect(later.map(({ contents, suppressed }) => [contents.length, suppressed.tooSoon])).toEqual([[0, 0], [0, 1], [0, 1]]);
    expect(nextMs()).toBe(1000);
    expect(due(999)).toEqual([]);
    expect(due(1004)).toEqual(['4 good at 1000']);
    expect([due(5000), nextMs()]).toEqual([[], undefined]);
  });

  it('are one a second for as long as they come, never two in one, and the last of all is published', () => {
    const { enter, due } = timed();
    const told: string[] = [];
    for (let ms = 0; ms < 10_000; ms += 70) {
      told.push(...due(ms));
      if (enter(ms, shown(ms)).contents.length > 0) told.push(`${ms} good at ${ms}`);
    }
    told.push(...due(20_000));
    const seconds = told.map((text) => Math.floor(Number(text.split(' at ')[1]) / 1000));
    expect(seconds).toEqual(Array.from({ length: 11 }, (_, second) => second));
    expect(told.at(-1)).toBe('9940 good at 10000');
  });

  it('are let go by a newer one that is published, though nobody came to take them in time', () => {
    const { enter, due } = timed();
    enter(0, shown(1));
    enter(900, shown(2));
    expect(enter(1700, shown(3))).toMatchObject({ contents: [{ value: Decimal.of(3) }], suppressed: { tooSoon: 1 } });
    expect(due(9000)).toEqual([]);
  });

  it('are not published when they are what was published', () => {
    const { enter, due } = timed();
    enter(0, shown(1));
    expect(enter(300, shown(2)).suppressed.tooSoon).toBe(0);
    expect(enter(500, shown(1)).suppressed.tooSoon).toBe(2);
    expect(due(9000)).toEqual([]);
  });

  it('are judged by their policy first', () => {
    const { enter, due } = timed();
    const policy = { deadband: Decimal.of(5) };
    enter(0, shown(1), policy);
    expect(enter(300, shown(2), policy).suppressed).toEqual({ same: 1, tooSoon: 0 });
    enter(500, shown(7), policy);
    expect(due(1000)).toEqual(['7 good at 1000']);
    enter(1100, shown(80), { everyMs: 60_000 });
    enter(1200, shown(0, { value: undefined, quality: 'bad', reason: 'sentinel' }), { everyMs: 60_000 });
    expect(due(9000)).toEqual(['- bad at 2000']);
  });

  it('count seconds by the monotonic clock while the other is not set', () => {
    const { enter, due, nextMs } = timed('unsynced');
    enter(600, shown(1));
    enter(1200, shown(2));
    expect(nextMs()).toBe(1600);
    expect(due(1600)).toEqual(['2 good at 1600']);
    expect(enter(2599, shown(3)).contents).toEqual([]);
    expect(enter(2600, shown(4)).contents).toHaveLength(1);
  });

  it('are marked when their time is not after the last', () => {
    const { book, store, stampOf, enter, due } = timed();
    store(book.enter([{ content: shown(1) }], { ...stampOf(0), wallMs: NOW_MS + YEAR_MS }));
    enter(2000, shown(2));
    enter(2500, shown(3));
    expect(due(3000)).toEqual(['3 uncertain at 3000']);
  });

  it('keep what was learnt from them, and are not of the epoch that a person ended meanwhile', () => {
    const { book, store, enter, due } = timed();
    const counter = (value: number): MeterContent => ({ ...GOOD, value: Decimal.of(value) });
    enter(0, counter(100));
    enter(400, counter(101));
    const replaced = book.replaced(GOOD);
    expect(replaced?.events).toMatchObject([{ epoch: 1, last: { value: Decimal.of(101) } }]);
    if (replaced !== undefined) store(replaced);
    expect(due(9000)).toEqual([]);
    expect(enter(9500, counter(3)).contents).toMatchObject([{ epoch: 1 }]);
  });

  it('are in memory only: a crash forgets them, and what is read next is judged by what was stored', () => {
    const { notes, restarted, stampOf, enter } = timed();
    enter(0, shown(1));
    enter(400, shown(2));
    expect(JSON.parse(notes.get('meter/generator/pressure') ?? '')).toMatchObject({ sent: { value: '1' } });
    const book = restarted();
    expect(book.nextDueMs).toBeUndefined();
    expect(book.enter([{ content: shown(2) }], { ...stampOf(3000), bootId: 'next' }).contents).toMatchObject([{ value: Decimal.of(2) }]);
  });
});

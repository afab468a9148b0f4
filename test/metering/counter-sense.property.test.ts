import { type Arbitrary, array, assert, boolean, constant, constantFrom, double, integer, nat, oneof, option, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/core/decimal.ts';
import type { CounterShape } from '../../src/core/meter-settings.ts';
import type { MeterContent, Stamp } from '../../src/core/reading.ts';
import { counterRules } from '../../src/metering/counter-rules.ts';
import { type Entered, MeterBook } from '../../src/metering/meter-book.ts';
import type { EpochBegun } from '../../src/metering/meter-sense.ts';

const START_MS = Date.parse('2026-11-23T08:00:00Z');
const RATE = 60; // an hour; one a minute

/** What a meter does from one poll to the next, and what the poll sees of it. */
interface Happening {
  readonly minutes: number;
  /** How much of the plausible rate it counts. */
  readonly share: number;
  readonly what: 'read' | 'missed' | 'noise' | 'no-value' | 'reset' | 'restart' | 'clock-lost';
  readonly noise: number;
}

/** What the receiver gets, beside what was true at that moment. */
interface Told {
  readonly content: MeterContent;
  readonly truth: { readonly total: number; readonly resets: number };
  readonly at: Stamp;
}

const happening = (whats: readonly Happening['what'][]): Arbitrary<Happening> =>
  record({ minutes: integer({ min: 1, max: 200 }), share: double({ min: 0, max: 1, noNaN: true }), what: constantFrom(...whats), noise: nat(0xff_ffff) });

/** Runs a meter of so many bits past a book that is restarted with its notes, and collects what is published. */
function published(bits: number, start: number, shape: CounterShape, happenings: readonly Happening[]): { told: Told[]; events: EpochBegun[] } {
  const notes = new Map<string, string>();
  let book = new MeterBook((key) => notes.get(key));
  const rules = { counter: counterRules('count', { bits, ...shape }) };
  const modulus = 2 ** bits;
  const [told, events]: [Told[], EpochBegun[]] = [[], []];
  let [count, total, resets, minutes, boot, isSynced] = [start % modulus, 0, 0, 0, 0, true];
  for (const { minutes: passed, share, what, noise } of [{ minutes: 1, share: 0, what: 'read', noise: 0 } as const, ...happenings]) {
    minutes += passed;
    const counted = Math.floor(passed * (RATE / 60) * share);
    count = (count + counted) % modulus;
    total += counted;
    if (what === 'reset') [count, resets] = [0, resets + 1];
    if (what === 'restart') [boot, book] = [boot + 1, new MeterBook((key) => notes.get(key))];
    if (what === 'clock-lost') isSynced = !isSynced;
    if (what === 'missed') continue;
    const shown = what === 'noise' ? noise % modulus : count;
    const at: Stamp = { wallMs: START_MS + minutes * 60_000, monotonicMs: minutes * 60_000, bootId: `boot-${boot}`, clock: isSynced ? 'synced' : 'unsynced' };
    const content: MeterContent = { device: 'd', meter: 'm', kind: 'counter', value: Decimal.of(shown), unit: '1', raw: String(shown), epoch: 0, quality: 'good' };
    const missing: MeterContent = { ...content, value: undefined, quality: 'bad', reason: 'sentinel' };
    const entered = book.enter([{ content: what === 'no-value' ? missing : content, rules }], at);
    for (const [key, note] of Object.entries(entered.notes)) if (note !== null) notes.set(key, note);
    entered.settled('stored');
    events.push(...entered.events);
    told.push(...entered.contents.map((one) => ({ content: one, truth: { total, resets }, at })));
  }
  return { told, events };
}

function valueOf({ content }: Told): number {
  if (!(content.value instanceof Decimal)) throw new TypeError('no number');
  return content.value.toNumber();
}

/** Neighbours in the series of good values that belong to one epoch. */
function steps(told: readonly Told[]): (readonly [Told, Told])[] {
  const good = told.filter(({ content }) => content.quality === 'good');
  return good.slice(1).map((after, index) => [good[index]!, after] as const).filter(([before, after]) => before.content.epoch === after.content.epoch);
}

function expectOrder(told: readonly Told[], events: readonly EpochBegun[]): void {
  for (const [before, after] of steps(told)) expect(valueOf(after)).toBeGreaterThanOrEqual(valueOf(before));
  const epochs = told.map(({ content }) => content.epoch);
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  expect(events.map(({ epoch }) => epoch)).toEqual(events.map((_, index) => index + 1));
  for (const { content } of told) expect(content.value === undefined).toBe(content.quality === 'bad');
}

const widths = constantFrom(15, 16, 24, 31, 32, 40);
const starts = oneof(nat(1000), nat(0xffff_ffff), nat(3000).map((below) => 2 ** 24 - below), nat(3000).map((below) => 2 ** 16 - below), nat(3000).map((below) => 2 ** 32 - below), nat(3000).map((below) => 2 ** 15 - below));
const EVERYTHING = ['read', 'read', 'read', 'missed', 'noise', 'no-value', 'reset', 'restart'] as const;

describe('the series of a counter', () => {
  it('is never lower inside an epoch, whatever happens and whatever is known of the meter', () => {
    const shapes = record({ rollover: boolean(), reset: boolean(), rateMaxPerHour: option(constant(Decimal.of(RATE)), { nil: undefined }) });
    assert(
      property(widths, starts, shapes, array(happening([...EVERYTHING, 'clock-lost']), { maxLength: 60 }), (bits, start, shape, happenings) => {
        const { told, events } = published(bits, start, shape, happenings);
        expectOrder(told, events);
        expect(told[0]?.content.epoch).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('never counts faster inside an epoch than the meter can, whatever happens', () => {
    assert(
      property(widths, starts, boolean(), array(happening(EVERYTHING), { maxLength: 60 }), (bits, start, reset, happenings) => {
        const { told } = published(bits, start, { rollover: true, reset, rateMaxPerHour: Decimal.of(RATE) }, happenings);
        for (const [before, after] of steps(told)) {
          const hours = (after.at.wallMs - before.at.wallMs) / 3_600_000;
          expect(valueOf(after) - valueOf(before)).toBeLessThanOrEqual(RATE * (hours + 1 / 60) + 2);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('counts exactly what happened through rollovers, missed polls, readings without a value and restarts', () => {
    assert(
      property(widths, starts, array(happening(['read', 'read', 'missed', 'no-value', 'restart']), { maxLength: 60 }), (bits, start, happenings) => {
        const { told, events } = published(bits, start, { rollover: true, rateMaxPerHour: Decimal.of(RATE) }, happenings);
        expectOrder(told, events);
        for (const { cause } of events) expect([cause, bits >= 32]).toEqual(['rollover', true]);
        for (const [before, after] of steps(told)) expect(valueOf(after) - valueOf(before)).toBe(after.truth.total - before.truth.total);
        expect(told.filter(({ content }) => content.quality === 'uncertain')).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes nothing of single values that no count leads to, and goes on as if they had not been', () => {
    const far = (bits: number, true_: number, noise: number): boolean => ((noise - true_ + 2 ** bits) % 2 ** bits) > 60_000;
    assert(
      property(constantFrom(24, 31, 32), nat(1_000_000), array(happening(['read']), { minLength: 1, maxLength: 30 }), array(boolean(), { minLength: 30, maxLength: 30 }), (bits, start, reads, noisy) => {
        const happenings = reads.flatMap((read, index) => (noisy[index] === true && far(bits, start, read.noise % 2 ** bits) ? [{ ...read, what: 'noise' as const }, read] : [read]));
        const { told, events } = published(bits, start, { rollover: true, rateMaxPerHour: Decimal.of(RATE) }, happenings);
        expect(events).toEqual([]);
        const good = told.filter(({ content }) => content.quality === 'good');
        for (const one of good) expect(valueOf(one) - valueOf(good[0]!)).toBe(one.truth.total);
        expect(good.length).toBe(1 + happenings.filter(({ what }) => what === 'read').length);
      }),
      { numRuns: 1000 },
    );
  });

  it('begins an epoch when a reset is seen twice, and counts no more than what happened', () => {
    assert(
      property(integer({ min: 100_000, max: 2 ** 31 }), array(array(happening(['read']), { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 6 }), (start, lives) => {
        const [first = [], ...more] = lives;
        const happenings = [...first, ...more.flatMap(([reset, ...rest]) => [{ ...reset!, what: 'reset' as const }, ...rest])];
        const { told, events } = published(32, start, { rateMaxPerHour: Decimal.of(RATE) }, happenings);
        expectOrder(told, events);
        for (const [before, after] of steps(told)) expect(valueOf(after) - valueOf(before)).toBeLessThanOrEqual(after.truth.total - before.truth.total);
        expect(events[0]?.cause).toBe(more.length > 0 ? 'reset' : undefined);
        expect(events.length).toBeLessThanOrEqual(more.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the series of a meter that is read often', () => {
  it('has one reading a second at most, in order, each at most a second late, and the newest value is the last', () => {
    const moment = record({ passMs: oneof(integer({ min: 1, max: 400 }), integer({ min: 1, max: 5000 })), value: nat(3), isTaken: boolean() });
    assert(
      property(boolean(), nat(999), array(moment, { minLength: 1, maxLength: 60 }), (isSynced, startMs, moments) => {
        const notes = new Map<string, string>();
        const book = new MeterBook((key) => notes.get(key));
        const store = (one: Entered): void => {
          for (const [key, note] of Object.entries(one.notes)) if (note !== null) notes.set(key, note);
          one.settled('stored');
        };
        const told: { readonly atMs: number; readonly value: number }[] = [];
        const entered: { readonly atMs: number; readonly value: number }[] = [];
        const take = (nowMs: number): void => {
          for (const one of book.due(nowMs)) {
            told.push(...one.contents.map(({ value }) => ({ atMs: one.stamp.monotonicMs, value: Number(String(value)) })));
            store(one);
          }
        };
        let nowMs = startMs;
        for (const { passMs, value, isTaken } of moments) {
          nowMs += passMs;
          if (isTaken) take(nowMs); // a timer may be late, or not come in time at all
          const at: Stamp = { wallMs: START_MS + nowMs, monotonicMs: nowMs, bootId: 'boot', clock: isSynced ? 'synced' : 'unsynced' };
          const content: MeterContent = { device: 'd', meter: 'm', kind: 'gauge', value: Decimal.of(value), unit: '1', raw: '', epoch: 0, quality: 'good' };
          const one = book.enter([{ content }], at);
          store(one);
          entered.push({ atMs: nowMs, value });
          told.push(...one.contents.map(() => ({ atMs: nowMs, value })));
        }
        take(Infinity);
        expect(told.at(-1)?.value).toBe(entered.at(-1)?.value);
        for (const [index, { atMs, value }] of told.entries()) {
          const beforeMs = told[index - 1]?.atMs ?? -Infinity;
          expect(isSynced ? Math.floor(atMs / 1000) - Math.floor(beforeMs / 1000) : atMs - beforeMs).toBeGreaterThanOrEqual(isSynced ? 1 : 1000);
          expect(entered.some((one) => one.value === value && one.atMs <= atMs && one.atMs >= atMs - 1000)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { parseDuration, parseSize } from '../../src/core/amount.ts';
import { BackOff } from '../../src/core/back-off.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { encodeJson } from '../../src/core/json.ts';
import { printable } from '../../src/core/printable.ts';
import { Ranges } from '../../src/core/ranges.ts';

const decimal = (text: string): Decimal => {
  const value = Decimal.parse(text);
  if (value === undefined) throw new TypeError(`not a decimal: ${text}`);
  return value;
};

describe('a decimal', () => {
  it.each([
    ['12345.60', '12345.6'],
    ['0.1', '0.1'],
    ['-0.05', '-0.05'],
    ['-0', '0'],
    ['0.000', '0'],
    ['7e2', '700'],
    ['1e-3', '0.001'],
    ['.5', '0.5'],
    ['123456789012345678901234567890.000000000000000000001', '123456789012345678901234567890.000000000000000000001'],
  ])('writes %s as %s', (text, expected) => {
    expect(decimal(text).toString()).toBe(expected);
  });

  it.each(['', '.', '-', '1.2.3', '0x10', 'NaN', 'Infinity', '1e99999', ' 1', '1'.repeat(500)])('refuses %j', (text) => {
    expect(Decimal.parse(text)).toBeUndefined();
  });

  it('adds and multiplies without a binary float', () => {
    expect(decimal('0.1').plus(decimal('0.2')).toString()).toBe('0.3');
    expect(decimal('4294967295').times(decimal('10')).toString()).toBe('42949672950');
  });

  it('compares across exponents', () => {
    expect(decimal('1.0').compare(decimal('1'))).toBe(0);
    expect(decimal('-1').compare(decimal('0.5'))).toBe(-1);
    expect(decimal('100').compare(decimal('1e1'))).toBe(1);
  });
});

describe('JSON', () => {
  it('writes decimals as numbers with their digits and leaves out what is undefined', () => {
    expect(encodeJson({ a: decimal('12345678901234567890.1'), b: undefined, c: [true, null, 'x"\n'] })).toBe('{"a":12345678901234567890.1,"c":[true,null,"x\\"\\n"]}');
  });

  it('makes text with lone surrogates well formed', () => {
    expect(JSON.parse(encodeJson('a\ud800b'))).toBe('a\ufffdb');
  });

  it('has no number for NaN', () => {
    expect(() => encodeJson({ value: Number.NaN })).toThrow(TypeError);
  });
});

describe('printable text', () => {
  it.each([
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['a\u009bb', 'a\\u{9b}b'],
    ['a\u202eb', 'a\\u{202e}b'],
    ['line\nline', 'line\\u{a}line'],
    ['\u2028', '\\u{2028}'],
    ['a\ud800b', 'a\\u{d800}b'],
    ['back\\slash', 'back\\u{5c}slash'],
    ['Grüße', 'Grüße'],
  ])('shows %j as %s', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('cuts long text and says what is missing', () => {
    expect(printable('x'.repeat(5000))).toMatch(/^x{200}… \(\+4800 characters, fnv [0-9a-f]{8}\)$/);
  });
});

describe('ranges', () => {
  it('agree with a set under random adds and removes', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    const ranges = new Ranges();
    const set = new Set<number>();
    for (let step = 0; step < 3000; step += 1) {
      const first = random(200);
      const last = first + random(6);
      const adding = random(2) === 0;
      for (let number = first; number <= last; number += 1) {
        if (adding) set.add(number);
        else set.delete(number);
      }
      if (adding) ranges.add(first, last);
      else ranges.remove(first, last);
      const number = random(210);
      expect(ranges.has(number)).toBe(set.has(number));
      expect(ranges.size).toBe(set.size);
    }
    const list = ranges.list();
    const touching = list.filter(([first], index) => index > 0 && first <= (list[index - 1]?.[1] ?? 0) + 1);
    expect(touching).toEqual([]);
  });
});

describe('amounts', () => {
  it.each([['500 ms', 500], ['1.5 s', 1500], ['10min', 600_000], ['2 h', 7_200_000], ['7 d', 604_800_000]])('reads the duration %s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([['4 KiB', 4096], ['2 GiB', 2 ** 31], ['512 B', 512]])('reads the size %s', (text, expected) => {
    expect(parseSize(text)).toBe(expected);
  });

  it.each(['500', '5 m', '5 S', '-1 s', '1e3 s', '', 's'])('refuses %j as a duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('back-off', () => {
  it('doubles its bound up to the most, keeps jitter inside it, and starts small after a reset', () => {
    const backOff = new BackOff({ leastMs: 100, mostMs: 1000, random: () => 1 });
    expect([1, 2, 3, 4, 5].map(() => backOff.nextMs())).toEqual([100, 200, 400, 800, 1000]);
    backOff.reset();
    expect(backOff.nextMs()).toBe(100);
    const low = new BackOff({ leastMs: 100, mostMs: 1000, random: () => 0 });
    expect(low.nextMs()).toBe(10);
  });
});

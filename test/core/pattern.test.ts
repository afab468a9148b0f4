import { describe, expect, it } from 'vitest';
import { readPattern } from '../../src/core/pattern.ts';
import { SeededRandom } from '../support/random.ts';

function matches(source: string, text: string): boolean {
  const pattern = readPattern(source);
  if ('what' in pattern) throw new Error(`${source}: ${pattern.what}`);
  return pattern.matches(text);
}

describe('a pattern', () => {
  it('is held against the whole text', () => {
    expect(['B123456', 'xB123456', 'B1234567', 'b123456'].map((text) => matches('B[0-9]{6}', text))).toEqual([true, false, false, false]);
    expect(['', 'A'].map((text) => matches('', text))).toEqual([true, false]);
  });

  it('gives the same answer as JavaScript for every text over random patterns of the signs it knows', () => {
    const random = new SeededRandom(9);
    const wrong: string[] = [];
    let judged = 0;
    for (let round = 0; round < 4000; round += 1) {
      const source = anyPattern(random, 3);
      const pattern = readPattern(source);
      if ('what' in pattern) continue;
      const own = new RegExp(`^(?:${source})$`, 's');
      for (let text = 0; text < 12; text += 1) {
        const tried = random.text(random.below(7), 'ab-1');
        judged += 1;
        if (pattern.matches(tried) !== own.test(tried)) wrong.push(`${source} on ${tried}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(judged).toBeGreaterThan(20_000);
  });

  it.each(['(a+)+b', '(a|a)*b', '(a|a|a)(a|a|a)(a|a|a)(a|a|a)(a|a|a)*(a|a)*(a*)*b', 'a*a*a*a*a*a*a*a*b', '(a{0,9}){0,9}b'])('that would keep JavaScript busy for ever is judged at once: %s', (source) => {
    const before = performance.now();
    expect(matches(source, 'a'.repeat(512))).toBe(false);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it.each([
    ['(a', 'a "(" without ")"'],
    ['a)', 'a ")" without "("'],
    ['[a', 'a "[" without "]"'],
    ['[]', '"[]" holds nothing'],
    ['[z-a]', 'the end of a range comes before its beginning'],
    ['^a', '"^" has a meaning'],
    ['*', '"*" has a meaning'],
    ['a**', 'one sign for repeating is enough'],
    ['a{9,2}', 'repeats go from'],
    ['a{x}', 'write a count as'],
    ['\\1', '"\\1" is not known'],
    ['(?=a)', '"(?" is not known'],
    ['a\\', '"\\" is not known'],
    ['((a{99}){99}){99}', 'too large'],
    ['((((((((){512}){512}){512}){512}){512}){512}){512}){512}', 'too large'],
    ['((((((((a{0}){512}){512}){512}){512}){512}){512}){512}){512}', 'too large'],
    ['x'.repeat(201), 'at most 200'],
  ])('says what is wrong with %s', (source, what) => {
    expect(readPattern(source)).toMatchObject({ what: expect.stringContaining(what) as string });
  });

  it('fits no text that is longer than 512', () => {
    expect([512, 513].map((length) => matches('.*', 'x'.repeat(length)))).toEqual([true, false]);
  });
});

function anyPattern(random: SeededRandom, depth: number): string {
  const part = (): string => {
    const kind = depth === 0 ? random.below(4) : random.below(6);
    if (kind < 2) return random.oneOf(['a', 'b', '1', '-', '\\-']);
    if (kind === 2) return random.oneOf(['.', '\\d', '\\w']);
    if (kind === 3) return random.oneOf(['[ab]', '[^a]', '[a-b1]', '[a-]', '[\\d-]']);
    return `(${anyPattern(random, depth - 1)})`;
  };
  const sequence = (): string => Array.from({ length: random.below(4) }, () => part() + random.oneOf(['', '', '', '?', '*', '+', '{2}', '{1,2}', '{0,}'])).join('');
  return Array.from({ length: 1 + random.below(2) }, sequence).join('|');
}

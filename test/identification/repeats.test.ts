import { describe, expect, it } from 'vitest';
import { Repeats } from '../../src/identification/repeats.ts';

describe('repeats', () => {
  it('gives the first outcome inside the window, which runs from the first time', () => {
    const repeats = new Repeats<string>(300);
    repeats.counted('A', 1000, 'first');
    expect(repeats.before('A', 1299)).toBe('first');
    expect(repeats.before('A', 1300)).toBeUndefined();
    expect(repeats.before('B', 1001)).toBeUndefined();
  });

  it('knows nothing when the window is off', () => {
    const repeats = new Repeats<string>(0);
    repeats.counted('A', 1000, 'first');
    expect(repeats.before('A', 1000)).toBeUndefined();
    expect(repeats.size).toBe(0);
  });

  it('forgets an outcome, but not one that took its place', () => {
    const repeats = new Repeats<string>(300);
    repeats.counted('A', 1000, 'refused');
    repeats.counted('A', 1100, 'stored');
    repeats.forget('A', 'refused');
    expect(repeats.before('A', 1200)).toBe('stored');
    repeats.forget('A', 'stored');
    expect(repeats.before('A', 1200)).toBeUndefined();
  });

  it('keeps what the window holds and no more than a bound', () => {
    const repeats = new Repeats<string>(300);
    for (let code = 0; code < 5000; code += 1) repeats.counted(String(code), 1000, 'stored');
    expect(repeats.size).toBe(1024);
    expect(repeats.before('4999', 1000)).toBe('stored');
    repeats.counted('late', 1300, 'stored');
    expect(repeats.size).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

describe('the nearest word', () => {
  const KEYS = ['terminator', 'baudRate', 'passwordFile', 'window', 'every', 'gap'];

  it.each([
    ['terminater', 'terminator'],
    ['terminatro', 'terminator'],
    ['baudrate', 'baudRate'],
    ['baud_rate', 'baudRate'],
    ['password-file', 'passwordFile'],
    ['baud', 'baudRate'],
    ['windows', 'window'],
    ['evrey', 'every'],
    ['gpa', 'gap'],
    ['banana', undefined],
    ['x', undefined],
    ['', undefined],
    ['t'.repeat(100_000), undefined],
  ])('to %.20s is %s', (word, expected) => {
    expect(nearest(word, KEYS)).toBe(expected);
  });
});

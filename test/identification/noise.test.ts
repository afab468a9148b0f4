import { describe, expect, it } from 'vitest';
import { looksLikeNoise } from '../../src/identification/noise.ts';

function noise(bytes: string, more: object = {}): boolean {
  return looksLikeNoise({ kind: 'scan', bytes: Buffer.from(bytes, 'latin1'), ...more });
}

describe('what looks like noise', () => {
  it('is a quarter of bytes that are not text, or more', () => {
    expect(noise('\x80ABC')).toBe(true);
    expect(noise('\x80ABCD')).toBe(false);
    expect(noise('\x80\xf8\x00\xe6')).toBe(true);
  });

  it('is no text, no UTF-8 and no empty code', () => {
    expect(noise('PUMP-0042')).toBe(false);
    expect(noise(Buffer.from('Größe', 'utf8').toString('latin1'))).toBe(false);
    expect(noise('')).toBe(false);
  });

  it('is nothing that says it is binary', () => {
    expect(noise('\x80\xf8', { aim: ']d1' })).toBe(false);
    expect(noise('\x80\xf8', { binary: true })).toBe(false);
  });
});

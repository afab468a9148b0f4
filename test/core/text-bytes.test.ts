import { describe, expect, it } from 'vitest';
import { countUnprintable } from '../../src/core/text-bytes.ts';

/** Whether a sequence is well-formed UTF-8, as the platform's decoder sees it. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false; // that is how it says no
  }
}

describe('counting bytes that are not text', () => {
  it.each([
    ['printable ASCII', ' AZaz09~', 0],
    ['the separators of GS1 and ISO/IEC 15434, tab and line ends', '\x1c\x1d\x1e\x1f\x04\t\r\n', 0],
    ['UTF-8 of two, three and four bytes', 'é€😀', 0],
    ['other controls', '\x00\x01\x1b\x7fA', 4],
  ])('knows %s', (_, text, count) => {
    expect(countUnprintable(Buffer.from(text))).toBe(count);
  });

  it('counts each byte of what is not well-formed', () => {
    expect(countUnprintable(Buffer.from([0xc3]))).toBe(1);
    expect(countUnprintable(Buffer.from([0xe2, 0x82]))).toBe(2);
    expect(countUnprintable(Buffer.from([0xff, 0x41, 0x80]))).toBe(2);
  });

  it('agrees with the platform on every sequence of two bytes, and on the edges of three and four', () => {
    const disagreeing: string[] = [];
    const check = (...bytes: number[]): void => {
      const sequence = Uint8Array.from(bytes);
      if ((countUnprintable(sequence) === 0) !== isUtf8(sequence)) disagreeing.push(bytes.map((byte) => byte.toString(16)).join(' '));
    };
    for (let lead = 0x80; lead <= 0xff; lead += 1) {
      for (let second = 0x80; second <= 0xff; second += 1) {
        check(lead, second);
        check(lead, second, 0x80);
        check(lead, second, 0xbf, 0x80);
      }
    }
    expect(disagreeing).toEqual([]);
  });
});

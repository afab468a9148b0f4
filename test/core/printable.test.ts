import { describe, expect, it } from 'vitest';
import { printable, printableJson } from '../../src/core/printable.ts';
import { HOSTILE } from '../support/hostile.ts';

const OBEYED = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u;
const TEXTS = [...HOSTILE.map((bytes) => Buffer.from(bytes).toString('utf8')), 'a\u009b31m\u0085b\u007f', '\u2028\u2029\u200b\ufeff', '\u{e0041}\u{e007f}', '\ud800'];

describe('what came from outside, as it is shown', () => {
  it('holds nothing that a terminal or an eye obeys, as text and as JSON', () => {
    for (const text of TEXTS) {
      expect(printable(text)).not.toMatch(OBEYED);
      expect(printable(text).length).toBeLessThan(2000);
      expect(printableJson({ [text]: [text] })).not.toMatch(OBEYED);
    }
  });

  it('is in JSON what it was, for who reads it', () => {
    for (const text of TEXTS) expect(JSON.parse(printableJson({ [text]: [text] }))).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
  });
});

import { describe, expect, it } from 'vitest';
import { withoutAim } from '../../../src/driver-kit/codecs/aim.ts';
import { aimIdentifierOf } from '../../../src/identification/symbology.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

describe('the AIM identifier before a code', () => {
  it('is split off where identification knows it, and nowhere else', () => {
    const letters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    const split = letters.filter((letter) => withoutAim(bytes(`]${letter}xCODE`), 'auto').aim !== undefined);
    expect(split).toEqual(letters.filter((letter) => aimIdentifierOf(`]${letter}xCODE`) !== undefined));
    expect(split).toContain('h'); // Han Xin
  });

  it('is what has its form, where one always comes', () => {
    expect(withoutAim(bytes(']f9CODE'), 'always')).toEqual({ aim: ']f9', code: bytes('CODE') });
    expect(withoutAim(bytes(']f9CODE'), 'auto')).toEqual({ code: bytes(']f9CODE') });
    for (const text of ['', ']', ']C', ']C-', 'C1', '])1']) expect(withoutAim(bytes(text), 'always')).toEqual({ code: bytes(text) });
  });
});

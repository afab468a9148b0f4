import { describe, expect, it } from 'vitest';
import { scanContent } from '../../src/identification/scan-content.ts';
import { symbologyName } from '../../src/identification/symbology.ts';

function content(bytes: string | Uint8Array, more: object = {}) {
  return scanContent({ kind: 'scan', bytes: Buffer.from(bytes), ...more }, { device: 'cab' });
}

describe('the content of a scan', () => {
  it('is the text, its bytes, and the key to match on', () => {
    expect(content('PUMP-0042')).toEqual({
      device: 'cab',
      text: 'PUMP-0042',
      hex: '50554D502D30303432',
      role: 'unknown',
      identity: { value: 'PUMP-0042' },
    });
  });

  it('keeps spaces, separators and every character of UTF-8', () => {
    expect(content(' Größe\x1d€ ')).toMatchObject({ text: ' Größe\x1d€ ', identity: { value: ' Größe\x1d€ ' } });
    expect(content(Buffer.from([0xef, 0xbb, 0xbf, 0x41])).text).toBe('\ufeffA');
  });

  it('names the symbology', () => {
    expect(content('10012345', { aim: ']C0' }).symbology).toEqual({ aim: ']C0', name: 'Code 128' });
    expect(content('10012345', { aim: ']C1' }).symbology).toEqual({ aim: ']C1', name: 'GS1-128' });
    expect(symbologyName(']f9')).toBe('unknown');
  });

  it('gives no key for a GS1 code that nobody has taken apart', () => {
    expect(content('0109521300033318', { aim: ']d2' }).identity).toBeUndefined();
  });

  it('lets bytes that are not text out with their hex, and says what looks wrong', () => {
    expect(content(Buffer.from([0x00, 0x41, 0xff]))).toEqual({
      device: 'cab',
      text: '\x00Aÿ',
      hex: '0041FF',
      role: 'unknown',
      valid: false,
      problems: ['2 of 3 bytes are not text: noise on the line, or a binary code'],
    });
  });

  it('finds nothing wrong with binary where binary is expected', () => {
    const bytes = Buffer.from([0x80, 0xf8]);
    expect(content(bytes, { binary: true }).problems).toBeUndefined();
    expect(content(bytes, { aim: ']d1' }).problems).toBeUndefined();
  });

  it('gives no key for a code that silence cut, and says why', () => {
    const cut = content('ASSET-114', { unterminated: true });
    expect(cut).toMatchObject({ text: 'ASSET-114', valid: false, problems: ['silence ended the code in place of its terminator: it may be a part of one, or several'] });
    expect(cut.identity).toBeUndefined();
    expect(content('10012345', { unterminated: true, aim: ']C0' }).identity).toBeUndefined();
    expect(content(Buffer.from([0x00, 0x41]), { unterminated: true }).problems).toHaveLength(2);
  });

  it('says that an empty code is empty', () => {
    expect(content('', { aim: ']Q1' })).toMatchObject({ valid: false, problems: ['the code is empty'] });
  });
});

import { describe, expect, it } from 'vitest';
import { symbologyOfCodeId } from '../../../src/identification/code-ids.ts';
import { interpretGs1, readCarrier } from '../../../src/identification/gs1/interpret-gs1.ts';
import { SeededRandom } from '../../support/random.ts';

const KEY = { ai: '01', value: '09520123456788' };

function words(aim: string | undefined, text: string): string[] | undefined {
  return interpretGs1(aim, text)?.problems.map((problem) => problem.words);
}

describe('a scanned code', () => {
  it('of GS1\'s carriers holds an element string', () => {
    for (const aim of [']C1', ']d2', ']Q3', ']J1', ']e0']) {
      expect(interpretGs1(aim, '010952012345678821S-1\x1d10L')).toEqual({
        form: 'element-string',
        elements: [KEY, { ai: '21', value: 'S-1' }, { ai: '10', value: 'L' }],
        problems: [],
        identity: { ai: '01', value: '09520123456788(21)S-1' },
      });
    }
  });

  it('of a plain symbology has no GS1 content, whatever digits it holds', () => {
    for (const aim of [']C0', ']d1', ']Q1', ']A0', ']I0', ']I3', ']E1', ']e1', ']f9', 'nonsense', '']) {
      expect(interpretGs1(aim, '0109520123456788')).toBeUndefined();
      expect(interpretGs1(aim, '09520123456788')).toBeUndefined();
      expect(interpretGs1(aim, '')).toBeUndefined();
    }
  });

  it('of EAN or UPC holds a GTIN', () => {
    const gtin = { form: 'gtin', elements: [KEY], problems: [], identity: KEY };
    expect(interpretGs1(']E0', '9520123456788')).toEqual(gtin);
    expect(interpretGs1(']E3', '952012345678812345')).toEqual(gtin);
    expect(interpretGs1(']I1', '09520123456788')).toEqual(gtin);
    expect(interpretGs1(']E4', '96385074')?.identity).toEqual({ ai: '01', value: '00000096385074' });
    expect(interpretGs1(']E0', '0036000291452')?.identity).toEqual({ ai: '01', value: '00036000291452' });
  });

  it('has the same identity as the GTIN written out', () => {
    expect(interpretGs1(']E0', '9520123456788')?.identity).toEqual(interpretGs1(']C1', '0109520123456788')?.identity);
  });

  it('of EAN with a wrong length or check digit has no identity', () => {
    expect(interpretGs1(']E0', '952012345678')).toEqual({ form: 'gtin', elements: [], problems: [{ kind: 'content', words: 'EAN-13 holds 13 digits, and this code has 12' }] });
    expect(interpretGs1(']E0', '9520123456784')).toEqual({
      form: 'gtin',
      elements: [{ ai: '01', value: '09520123456784' }],
      problems: [{ kind: 'content', ai: '01', position: 14, words: 'AI 01: the check digit is 4, expected 8' }],
    });
    expect(words(']E4', '9638507')).toEqual(['EAN-8 holds 8 digits, and this code has 7']);
    expect(words(']E4', '9638507X')).toEqual(['EAN-8 holds digits only']);
    expect(words(']E0', '')).toEqual(['EAN-13 holds 13 digits, and this code has 0']);
  });

  it('of Interleaved 2 of 5 is an ITF-14 with fourteen digits only', () => {
    expect(interpretGs1(']I1', '1234567895')).toBeUndefined();
    expect(words(']I1', '09520123456784')).toEqual(['AI 01: the check digit is 4, expected 8']);
  });

  it('of GS1 that is empty is a problem, and a plain one is not', () => {
    for (const aim of [']C1', ']d2', ']Q3', ']J1', ']e0']) expect(words(aim, '')).toEqual(['a GS1 code without content']);
    for (const aim of [']C0', ']d1', ']Q1', ']J0']) expect(interpretGs1(aim, '')).toBeUndefined();
  });

  it('that is a composite holds a GTIN and what stands beside it', () => {
    const expected = { form: 'gtin', elements: [KEY, { ai: '10', value: 'L' }, { ai: '99', value: 'X' }], problems: [], identity: KEY };
    expect(interpretGs1(']E0', '9520123456788|]e010L\x1d99X')).toEqual(expected);
    expect(interpretGs1(']E0', '9520123456788]e010L\x1d99X')).toEqual(expected);
    expect(interpretGs1(']E4', '96385074|]e021S')?.identity).toEqual({ ai: '01', value: '00000096385074(21)S' });
    expect(words(']E0', '9520123456784|]e017261399')).toEqual(['AI 01: the check digit is 4, expected 8', 'AI 17: there is no month 13']);
  });

  it('may hold a Digital Link in any symbology, or without an identifier', () => {
    const link = 'https://x.example/01/09520123456788/21/S-1';
    for (const aim of [']Q1', ']d1', ']J0', ']z0', ']C0', undefined]) {
      expect(interpretGs1(aim, link)).toMatchObject({ form: 'digital-link', identity: { ai: '01', value: '09520123456788(21)S-1' }, problems: [] });
    }
    expect(interpretGs1(']Q2', `\\000026${link}`)?.form).toBe('digital-link');
  });

  it('with just any address has no GS1 content', () => {
    for (const address of ['https://x.example/manuals/1', 'HtTps://x.example/01/09520123456788', 'https://x.example/2026/01/15']) {
      for (const aim of [']Q1', undefined]) expect(interpretGs1(aim, address)).toBeUndefined();
    }
  });

  it('without an identifier is GS1\'s when a separator begins it, never by its digits', () => {
    expect(interpretGs1(undefined, '\x1d0109520123456788')?.identity).toEqual(KEY);
    for (const text of ['0109520123456788', '9520123456788', '(01)09520123456788', ']C00109520123456788', ']', ']XX', '']) expect(interpretGs1(undefined, text)).toBeUndefined();
  });

  it('takes what stands in the text for an identifier never: the driver splits it off, unless it is told that it is content', () => {
    for (const text of [']C10109520123456788', ']E09520123456788', ']Q1https://x.example/01/09520123456788']) expect(interpretGs1(undefined, text)).toBeUndefined();
  });

  it('keeps its identity when it lacks what another code on the item may hold', () => {
    expect(interpretGs1(']C1', '8004952012A\x1d10L')).toMatchObject({
      identity: { ai: '8004', value: '952012A' },
      problems: [{ kind: 'pairing', ai: '10', words: 'AI 10: needs 01 or 02 or 03 or 8006 or 8026 on the same item' }],
    });
  });

  it('has no identity when anything in it is wrong, since then its elements are not certain', () => {
    const reading = interpretGs1(']C1', '0109520123456788172613992100');
    expect(reading?.elements).toHaveLength(3);
    expect(reading?.identity).toBeUndefined();
  });

  it('tells at most sixteen problems', () => {
    expect(words(']C1', '10^\x1d'.repeat(40))).toHaveLength(16);
  });

  it('of any bytes is interpreted without a throw, and has no identity beside a problem with its content', () => {
    const random = new SeededRandom(5);
    const aims = [undefined, ']C1', ']E0', ']E3', ']E4', ']I1', ']d2', ']Q1', ']e0', ']zz'];
    for (let round = 0; round < 50_000; round += 1) {
      const bytes = Uint8Array.from({ length: random.below(40) }, () => (round % 2 === 0 ? random.below(256) : 0x1d + random.below(0x40)));
      const reading = interpretGs1(aims[random.below(aims.length)], Buffer.from(bytes).toString('latin1'));
      const doubtful = reading?.problems.some(({ kind }) => kind === 'content') ?? false;
      expect(doubtful && reading?.identity !== undefined).toBe(false);
    }
  });
});

describe('a code told by its maker\'s id', () => {
  function identity(id: string, text: string, vendor: 'honeywell' | 'zebra' | 'datalogic' = 'honeywell') {
    return readCarrier(symbologyOfCodeId(vendor, id)?.carrier, text)?.identity?.value;
  }

  it('is read as GS1\'s where the id says so', () => {
    expect(identity('d', '9520123456788')).toBe('09520123456788');
    expect(identity('c', '036000291452')).toBe('00036000291452');
    expect(identity('c', '0036000291452')).toBe('00036000291452');
    expect(identity('I', '8004952012A')).toBe('952012A');
    expect(identity('A', '036000291452', 'zebra')).toBe('00036000291452');
    expect(identity('A', '96385074', 'zebra')).toBe('00000096385074');
    expect(identity('A', '01234565', 'zebra')).toBeUndefined(); // EAN-8 or UPC-E: neither length nor first digit says
    expect(identity('j', '9520123456788')).toBeUndefined();
  });

  /** Each of the rules that the last of the six digits stands for. */
  it.each([
    ['01234505', '00012000003455'],
    ['123456', '00012345000065'],
    ['04252614', '00042100005264'],
    ['123453', '00012300000451'],
    ['123454', '00012340000053'],
  ])('holds in the UPC-E %s the GTIN %s', (text, gtin) => {
    expect(readCarrier('upc-e', text)?.elements).toEqual([{ ai: '01', value: gtin }]);
  });
});

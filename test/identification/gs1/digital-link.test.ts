import { describe, expect, it } from 'vitest';
import { ELEMENTS_MAX } from '../../../src/identification/gs1/content.ts';
import { isDigitalLink, parseDigitalLink } from '../../../src/identification/gs1/digital-link.ts';
import { SeededRandom } from '../../support/random.ts';

const GTIN = { ai: '01', value: '09520123456788' };

function parsed(uri: string) {
  const { elements, problems } = parseDigitalLink(uri);
  expect(problems).toEqual([]);
  return elements;
}

function words(uri: string): string[] {
  return parseDigitalLink(uri).problems.map((problem) => problem.words);
}

describe('a GS1 Digital Link', () => {
  it('has a key, its qualifiers in order, and attributes', () => {
    expect(parsed('https://id.example.com/01/09520123456788/22/2A/10/LOT/21/S-1?17=261231&3103=000195')).toEqual([
      GTIN,
      { ai: '22', value: '2A' },
      { ai: '10', value: 'LOT' },
      { ai: '21', value: 'S-1' },
      { ai: '17', value: '261231' },
      { ai: '3103', value: '000195' },
    ]);
    expect(parsed('https://id.example.com/01/09520123456788/235/TPX')).toEqual([GTIN, { ai: '235', value: 'TPX' }]);
    expect(parsed('https://x.example/8010/9520123PQ7%2FZ43/8011/12345')).toEqual([{ ai: '8010', value: '9520123PQ7/Z43' }, { ai: '8011', value: '12345' }]);
  });

  it.each([
    'http://x/01/09520123456788',
    'HTTP://x/01/09520123456788',
    'HTTPS://X.EXAMPLE:8443/01/09520123456788',
    'https://[2001:db8::1]/01/09520123456788',
    'https://x.example/some/stem/01/01/09520123456788',
    'https://x.example/01/09520123456788?',
    'https://x.example/01/09520123456788#part',
    'https://x.example/01/09520123456788?linkType=gs1:pip&&singleton&lang=de#a?99=B',
    'https://x.example/01/%309520123456788',
  ])('has any domain and stem, and what is not GS1\'s says nothing: %s', (uri) => {
    expect(parsed(uri)).toEqual([GTIN]);
    expect(isDigitalLink(uri)).toBe(true);
  });

  it('takes the last primary key in the path', () => {
    expect(parsed('https://x/01/09520123456788/414/9520123456788/254/A%2fb')).toEqual([{ ai: '414', value: '9520123456788' }, { ai: '254', value: 'A/b' }]);
  });

  it('fills the shorter GTINs of early releases up', () => {
    expect(parsed('https://x/01/9520123456788')).toEqual([GTIN]);
    expect(parsed('https://x/01/02345673')).toEqual([{ ai: '01', value: '00000002345673' }]);
    expect(parsed('https://x/8004/952012A?01=9520123456788')).toEqual([{ ai: '8004', value: '952012A' }, GTIN]);
    expect(words('https://x/01/952012345678')).toEqual(['AI 01: the check digit is 8, expected 2']);
  });

  it.each([
    ['', 'not an address that begins with http:// or https://'],
    ['HtTp://x/01/09520123456788', 'not an address that begins with http:// or https://'],
    ['ftp://x/01/09520123456788', 'not an address that begins with http:// or https://'],
    ['https://', 'an address without a domain and a path'],
    ['https://x', 'an address without a domain and a path'],
    ['https:///01/09520123456788', 'an address without a domain and a path'],
    ['https://a_b/01/09520123456788', 'an address without a domain and a path'],
    ['https://user@x/01/09520123456788', 'an address without a domain and a path'],
    ['https://x/01/09520123456788/21/a b', 'character 33 “ ” may not stand in an address'],
    ['https://x/01/09520123456788/21/é', 'character 32 “é” may not stand in an address'],
    ['https://x/manuals/pump', 'no GS1 key in the path; compressed links are not supported'],
    ['https://x/AQnYUc1gmiCNV4JG', 'no GS1 key in the path; compressed links are not supported'],
    ['https://x/gtin/09520123456788', 'no GS1 key in the path; compressed links are not supported'],
    ['https://x/01/09520123456788/about', 'no GS1 key in the path; compressed links are not supported'],
    ['https://x/10/LOT', 'no GS1 key in the path; compressed links are not supported'],
    ['https://x/01/09520123456784', 'AI 01: the check digit is 4, expected 8'],
    ['https://x/01/09520123456788/10/', 'AI 10: the value is missing'],
    ['https://x/01/09520123456788/21/A/10/B', 'AI 01: 21, 10 follows in the path, where 22, 10, 21 or 235 may follow, in this order'],
    ['https://x/01/09520123456788/10/B/235/A', 'AI 01: 10, 235 follows in the path, where 22, 10, 21 or 235 may follow, in this order'],
    ['https://x/00/952012345678912345/21/A', 'AI 00: 21 follows in the path, where nothing may follow, in this order'],
    ['https://x/01/09520123456788?10=B', 'AI 10: belongs into the path behind AI 01, not into the query'],
    ['https://x/01/09520123456788/10/B?22=A', 'AI 22: belongs into the path behind AI 01, not into the query'],
    ['https://x/01/09520123456788?254=A', 'AI 254: may not stand in the query'],
    ['https://x/01/09520123456788?99=A&99=A', 'AI 99: stands in the link more than once'],
    ['https://x/01/09520123456788?01=09520123456788', 'AI 01: stands in the link more than once'],
    ['https://x/01/09520123456788?89=A', 'the query has “89”, which is no application identifier'],
    ['https://x/01/09520123456788?99=', 'AI 99: the value is missing'],
    ['https://x/01/09520123456788?99=a+b', 'AI 99: character 2 “ ” is not in character set 82'],
    ['https://x/01/09520123456788/21/a%00', 'AI 21: character 2 “\\u{0}” is not in character set 82'],
    ['https://x/01/09520123456788/21/a%5Eb', 'AI 21: character 2 “^” is not in character set 82'],
  ])('is not right: %s: %s', (uri, problem) => {
    expect(words(uri)).toContain(problem);
  });

  it('keeps its key when something else in it is wrong', () => {
    expect(parseDigitalLink('https://x/01/09520123456788?10=B').elements).toEqual([GTIN, { ai: '10', value: 'B' }]);
  });

  it('with more attributes than any has is cut, and says so', () => {
    const { elements, problems } = parseDigitalLink(`https://x/01/09520123456788?${'99=A&'.repeat(ELEMENTS_MAX + 1)}`);
    expect(elements).toHaveLength(ELEMENTS_MAX + 1);
    expect(problems.map((problem) => problem.words)).toContain('more than 64 elements in the query');
  });
});

describe('just any address', () => {
  it.each([
    'https://x.example/manuals/pump-42.html?lang=en',
    'https://x.example/2025/01/15',
    'https://x.example/401/unauthorized',
    'https://x.example/8004/pump',
    'https://x.example/01/0952012345',
    'https://x.example/253/12/3',
    'mailto:a@x.example',
    'https://x.example/01/09520123456788 ',
  ])('is no Digital Link: %s', (uri) => {
    expect(isDigitalLink(uri)).toBe(false);
  });

  it('is told from a Digital Link with a wrong check digit', () => {
    expect(isDigitalLink('https://x/01/09520123456784')).toBe(true);
    expect(isDigitalLink('https://x/8013/1987654Ad4X4bL5ttr2310c2L')).toBe(true);
  });

  it('of random pieces is judged without a throw and in time', () => {
    const random = new SeededRandom(3);
    const pieces = ['/', '//', '01', '21', '8004', '09520123456788', '952012A', '?', '&', '=', '#', '%', '%2', '%00', '+', 'x', '[', ':', '99=A', '\x1d', 'é', '<'];
    for (let round = 0; round < 20_000; round += 1) {
      const uri = `https://x/${Array.from({ length: random.below(14) }, () => pieces[random.below(pieces.length)]).join('')}`;
      expect(Array.isArray(parseDigitalLink(uri).problems)).toBe(true);
      expect(typeof isDigitalLink(uri)).toBe('boolean');
    }
    for (const piece of ['/', '/10/A', '&', '&99=A', '%', '%41', '?', '#', ':']) {
      const uri = `https://x/01/09520123456788${piece.repeat(1_000_000 / piece.length)}`;
      const start = performance.now();
      parseDigitalLink(uri);
      expect(performance.now() - start).toBeLessThan(5000); // it takes some 100 ms; what is not linear takes minutes
    }
  });
});

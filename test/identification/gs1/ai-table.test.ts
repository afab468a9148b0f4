import { describe, expect, it } from 'vitest';
import { ALL_APPLICATION_IDENTIFIERS, applicationIdentifier, applicationIdentifierAt } from '../../../src/identification/gs1/ai-table.ts';
import { CONTENT_CHECKS } from '../../../src/identification/gs1/content-checks.ts';

const all = ALL_APPLICATION_IDENTIFIERS;

describe('the table of application identifiers', () => {
  it('has each identifier once, with a title and at least one part', () => {
    expect(new Set(all.map(({ ai }) => ai)).size).toBe(all.length);
    expect(all.filter(({ ai, title, parts }) => !/^\d{2,4}$/.test(ai) || title === '' || parts.length === 0)).toEqual([]);
    expect(all.length).toBeGreaterThan(480);
  });

  it('says by the first two digits how many an identifier has', () => {
    const lengths = new Map<string, Set<number>>();
    for (const { ai } of all) lengths.set(ai.slice(0, 2), (lengths.get(ai.slice(0, 2)) ?? new Set()).add(ai.length));
    expect([...lengths].filter(([, found]) => found.size > 1)).toEqual([]);
  });

  /** GS1 General Specifications, figure 7.8.5-2; 04, 14, 18 and 19 are in it, but nobody has them. */
  it('has the predefined lengths of the standard and no others', () => {
    const predefined: Readonly<Record<string, number>> = {
      '00': 18, '01': 14, '02': 14, '03': 14, '11': 6, '12': 6, '13': 6, '15': 6, '16': 6, '17': 6, '20': 2,
      '31': 6, '32': 6, '33': 6, '34': 6, '35': 6, '36': 6, '41': 13,
    };
    expect(all.filter(({ ai, predefined: is }) => is !== ai.slice(0, 2) in predefined).map(({ ai }) => ai)).toEqual([]);
    expect(all.filter(({ ai, charactersMin, charactersMax, predefined: is }) => is && !(charactersMin === charactersMax && charactersMax === predefined[ai.slice(0, 2)]))).toEqual([]);
  });

  it('has only its last part of open length, and nothing obligatory behind what may be absent', () => {
    for (const { ai, parts } of all) {
      const open = parts.findIndex(({ charactersMin, charactersMax }) => charactersMin !== charactersMax);
      expect([ai, open === -1 || open === parts.length - 1]).toEqual([ai, true]);
      const optional = parts.findIndex((part) => part.optional);
      expect([ai, optional === -1 || parts.slice(optional).every((part) => part.optional)]).toEqual([ai, true]);
    }
  });

  it('names in its rules only what exists', () => {
    const exists = (pattern: string) => all.some(({ ai }) => ai.length === pattern.length && ai.startsWith(pattern.replace(/n+$/, '')));
    const named = all.flatMap(({ needs, excludes, qualifiers = [] }) => [...needs.flat(), ...excludes, ...qualifiers.flat()]);
    expect(named.filter((pattern) => !exists(pattern))).toEqual([]);
    expect(named.length).toBeGreaterThan(1000);
  });

  it('uses every check there is', () => {
    const used = new Set(all.flatMap(({ parts }) => parts.flatMap(({ checks }) => checks)));
    expect(Object.entries(CONTENT_CHECKS).filter(([, check]) => !used.has(check)).map(([name]) => name)).toEqual([]);
  });

  it('knows the keys of assets', () => {
    expect(applicationIdentifier('8004')).toMatchObject({ title: 'GIAI', predefined: false, charactersMin: 1, charactersMax: 30, qualifiers: [['7040']] });
    expect(applicationIdentifier('8003')).toMatchObject({ title: 'GRAI', charactersMin: 14, charactersMax: 30, qualifiers: [[]] });
    expect(applicationIdentifier('01')).toMatchObject({ title: 'GTIN', predefined: true, excludes: ['255', '37'], qualifiers: [['22', '10', '21'], ['235']] });
    expect(applicationIdentifier('250')).toMatchObject({ needs: [['01', '21'], ['03', '21'], ['8006', '21']] });
    expect(applicationIdentifier('10')?.qualifiers).toBeUndefined();
  });

  it('finds an identifier in a text, and none where none is', () => {
    expect(applicationIdentifierAt('xx3103000195', 2)?.ai).toBe('3103');
    expect(applicationIdentifierAt('01', 0)?.ai).toBe('01');
    for (const text of ['', '0', '3106000000', '310', '89123', 'AB', '0\x1d1']) expect(applicationIdentifierAt(text, 0)).toBeUndefined();
  });
});

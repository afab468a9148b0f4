import { describe, expect, it } from 'vitest';
import { aimIdentifierOf, isElementString, symbologyName, symbologyOf } from '../../src/identification/symbology.ts';
import { SYMBOLOGY_MODIFIERS } from '../../src/identification/symbology-modifiers.ts';

describe('the symbology of an AIM identifier', () => {
  it('has a name and what the modifier says', () => {
    expect(symbologyOf(']A7')).toEqual({ name: 'Code 39', detail: 'full ASCII, check character verified and left out' });
    expect(symbologyOf(']zC')).toEqual({ name: 'Aztec Code', detail: 'rune' });
    expect(symbologyOf(']X0')).toEqual({ name: 'other' });
  });

  it('is GS1 only with the modifiers that GS1 uses', () => {
    expect(['C1', 'E0', 'E3', 'E4', 'I1', 'J1', 'Q3', 'd2', 'e0'].filter((id) => symbologyOf(`]${id}`)?.carrier === undefined)).toEqual([]);
    expect(['C0', 'C2', 'E1', 'E2', 'I0', 'I3', 'J0', 'Q1', 'Q4', 'd1', 'd5', 'e1', 'A0', 'z1'].filter((id) => symbologyOf(`]${id}`)?.carrier !== undefined)).toEqual([]);
  });

  it('says of some that element strings follow', () => {
    expect([']C1', ']J1', ']Q3', ']d2', ']e0'].filter((aim) => !isElementString(aim))).toEqual([]);
    expect([undefined, ']E0', ']I1', ']C0', ']d1'].filter(isElementString)).toEqual([]);
  });

  it('tells the two lengths of EAN apart', () => {
    expect(symbologyOf(']E0')).toMatchObject({ name: 'EAN-13 or UPC', carrier: 'ean-13' });
    expect(symbologyOf(']E4')).toMatchObject({ name: 'EAN-8', carrier: 'ean-8' });
  });

  it('is undefined for what is no identifier', () => {
    for (const text of [']f9', '', ']', 'C1', 'xC1']) expect(symbologyOf(text)).toBeUndefined();
    expect(symbologyName(']f9')).toBe('unknown');
  });

  it('knows the code character of every modifier that it words, each once', () => {
    const lines = SYMBOLOGY_MODIFIERS.trim().split('\n');
    expect(lines.filter((line) => !/^[A-Za-z][0-9A-Z] \S/.test(line) || symbologyOf(`]${line.slice(0, 2)}`) === undefined)).toEqual([]);
    expect(new Set(lines.map((line) => line.slice(0, 2))).size).toBe(lines.length);
  });
});

describe('the identifier at the start of a text', () => {
  it('has three characters', () => {
    expect(aimIdentifierOf(']C10109520123456788')).toBe(']C1');
    expect(aimIdentifierOf(']zA')).toBe(']zA');
  });

  it('has further modifiers in a system expansion', () => {
    expect(aimIdentifierOf(']Y2abTEXT')).toBe(']Y2ab');
    expect(aimIdentifierOf(']Y0TEXT')).toBe(']Y0');
  });

  it('is not found where there is none', () => {
    for (const text of ['', ']', ']C', 'C1', '[C1', ']f1abc', ' ]C1', ']1C']) expect(aimIdentifierOf(text)).toBeUndefined();
  });
});

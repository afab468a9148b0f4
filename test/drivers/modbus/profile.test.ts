import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from '../../../src/driver-kit/options.ts';
import { counterShape } from '../../../drivers/modbus/counter-shape.ts';
import { type Point, profile } from '../../../drivers/modbus/profile.ts';
import { counterRules } from '../../../src/metering/counter-rules.ts';

const PROFILES = new URL('../../../drivers/modbus/profiles/', import.meta.url);
const FIXTURES = new URL('../../../drivers/modbus/fixtures/', import.meta.url);
/** Quantities whose rate follows from the size of the plant: current transformers, pipes, generators of any size. */
const PLANT_SIZED = new Set(['active-energy', 'reactive-energy', 'volume']);
const shipped = readdirSync(PROFILES).map((name) => [name, readFileSync(new URL(name, PROFILES), 'utf8')] as const);

describe('the profiles that ship', () => {
  test.each(shipped)('%s is sound, short, and says where its registers come from and what is not checked', (_, text) => {
    const written = parseYaml(text) as { source: string[]; unverified: string };
    const { points } = profile.parse(written);
    expect(points.length).toBeGreaterThan(0);
    expect(written.unverified.startsWith('One source only')).toBe(written.source.length === 1);
    expect(written.unverified).toContain('was read by this project');
    expect(text.split('\n').length).toBeLessThan(40);
  });

  test.each(shipped)('%s is read in a transcript', (name) => {
    const named = `profile: ${name.replace('.yaml', '')} }`;
    const transcripts = readdirSync(FIXTURES).map((file) => readFileSync(new URL(file, FIXTURES), 'utf8'));
    const points = pointsOf(name).map(({ meter }) => meter);
    const read = transcripts.filter((text) => text.includes(named)).join();
    expect(points.filter((meter) => !read.includes(`"meter":"${meter}"`))).toEqual([]);
  });

  test.each(shipped)('%s says how fast its counters can count, or its meters depend on the plant', (name) => {
    const wild = pointsOf(name).filter((point) => point.kind === 'counter' && counterRules(point.quantity, counterShape(point)).rateMaxPerHour === undefined);
    expect(wild.filter(({ quantity }) => name.startsWith('eastron') || !PLANT_SIZED.has(quantity))).toEqual([]);
  });

  test('run hours that jump, and more starts than there can be, are in doubt without a word in any profile', () => {
    const [hours, , starts] = pointsOf('deep-sea-genset.yaml');
    const ofHours = hours && counterRules(hours.quantity, counterShape(hours));
    const ofStarts = starts && counterRules(starts.quantity, counterShape(starts));
    expect([ofHours?.rateMaxPerHour?.toString(), ofStarts?.rateMaxPerHour?.toString()]).toEqual(['1.1', '360']);
    expect(pointsOf('vacon-opt-ea.yaml')[0]?.reset).toBe(false);
  });

  test('generator sets: the run time is where the protocol notes say', () => {
    const [hours] = pointsOf('deep-sea-genset.yaml');
    expect(hours).toMatchObject({ meter: 'engine-hours', function: 3, start: 1798, count: 2 });
  });

  test('numbers such as 30073 mean the same as wire addresses', () => {
    const same = ['import-energy', 'export-energy', 'total-energy', 'frequency'];
    const places = (name: string): unknown =>
      pointsOf(name)
        .filter(({ meter }) => same.includes(meter))
        .map(({ meter, function: code, start, count }) => ({ meter, code, start, count }));
    expect(places('eastron-sdm630.yaml')).toEqual(places('eastron-sdm230.yaml'));
  });
});

describe('a profile', () => {
  test.each<[string, object, object, Partial<Point>]>([
    ['zero-based', {}, { address: 0, function: 3 }, { function: 3, start: 0 }],
    ['one-based', { notation: 'one-based' }, { address: 1, function: 4 }, { function: 4, start: 0 }],
    ['modicon', { notation: 'modicon' }, { address: 40_001 }, { function: 3, start: 0 }],
    ['modicon', { notation: 'modicon' }, { address: 30_343 }, { function: 4, start: 342 }],
    ['modicon', { notation: 'modicon' }, { address: 465_536 }, { function: 3, start: 65_535 }],
    ['modicon', { notation: 'modicon' }, { address: 1, type: 'bit' }, { function: 1, start: 0 }],
    ['modicon', { notation: 'modicon' }, { address: 10_017, type: 'bit' }, { function: 2, start: 16 }],
  ])('in %s notation %j %j stands at %j', (_, whole, point, expected) => {
    expect(parsed(whole, point)).toMatchObject({ success: true, data: { points: [expected] } });
  });

  test('two terms are one point that is read whole', () => {
    const terms = [
      { address: 12, type: 'uint16', weight: '1/60' },
      { address: 10, type: 'uint32' },
    ];
    const result = parsed({ function: 3 }, { address: undefined, terms });
    expect(result).toMatchObject({ success: true, data: { points: [{ start: 10, count: 3, terms: [{ at: 2 }, { at: 0 }] }] } });
  });

  test('a no-value code of a signed type may be written negative', () => {
    const result = parsed({ function: 3 }, { address: 1, type: 'int16', noValue: { '-1': 'none' } });
    expect(result).toMatchObject({ data: { points: [{ terms: [{ noValue: [{ from: 0xffffn, to: 0xffffn }] }] }] } });
  });

  test('an order of the whole profile that has four letters is for values of any length', () => {
    for (const type of ['uint16', 'uint32', 'uint64']) expect(parsed({ function: 3, order: 'CDAB' }, { type }).success).toBe(true);
  });

  test('an order at a point is for its own type; addends with types of their own may differ', () => {
    const terms = [{ address: 1, type: 'uint32' }, { address: 3 }];
    expect(parsed({ function: 3 }, { address: undefined, terms, order: 'BA' }).success).toBe(false);
    expect(parsed({ function: 3 }, { address: undefined, terms: [{ address: 1, type: 'uint32' }, { address: 3, type: 'uint16' }], order: 'CDAB' }).success).toBe(true);
  });

  test.each<[string, object, object, string]>([
    ['no address', { function: 3 }, { address: undefined }, 'give the address'],
    ['both', { function: 3 }, { terms: [{ address: 1 }, { address: 2 }] }, 'not both'],
    ['no function', {}, {}, 'give a function'],
    ['no type', { function: 3, type: undefined }, {}, 'give a type'],
    ['modicon without a range', { notation: 'modicon' }, { address: 20_001 }, 'not a number like 40001'],
    ['modicon 40000', { notation: 'modicon' }, { address: 40_000 }, 'not a number like 40001'],
    ['modicon and another function', { notation: 'modicon', function: 4 }, { address: 40_001 }, 'means function 3'],
    ['one-based 0', { notation: 'one-based', function: 3 }, { address: 0 }, 'outside'],
    ['beyond the end', { function: 3, type: 'uint32' }, { address: 65_535 }, '65535 is the highest'],
    ['registers as bits', { function: 1 }, { type: 'uint16' }, 'type bit'],
    ['a coil with a bit', { function: 1, type: 'bit' }, { bit: 1 }, 'give no bit'],
    ['a bit that is not said', { function: 3 }, { type: 'bit' }, 'which bit'],
    ['a bit of another type', { function: 3 }, { bit: 1 }, 'only for type bit'],
    ['a mask on a float', { function: 3 }, { type: 'float32', mask: 1 }, 'only for integers'],
    ['a mask too wide', { function: 3 }, { mask: 0x10000 }, 'wider than uint16'],
    ['a string without length', { function: 3 }, { type: 'string', kind: 'characteristic' }, 'needs a length'],
    ['a length without string', { function: 3 }, { length: 2 }, 'needs a length'],
    ['a string that counts', { function: 3 }, { type: 'string', length: 2 }, 'is a characteristic'],
    ['texts that add', { function: 3 }, { address: undefined, type: 'string', length: 1, kind: 'characteristic', terms: [{ address: 1 }, { address: 2 }] }, 'cannot be added'],
    ['terms of two functions', { notation: 'modicon' }, { address: undefined, terms: [{ address: 30_001 }, { address: 40_001 }] }, 'one function'],
    ['terms far apart', { function: 3 }, { address: undefined, terms: [{ address: 1 }, { address: 200 }] }, 'more than registersMax (60)'],
    ['a code too wide', { function: 3 }, { noValue: { '0x10000': 'none' } }, '0x10000 is no code of uint16'],
    ['a code that is none', { function: 3 }, { noValue: { none: 'none' } }, 'none is no code'],
    ['a code range that runs backwards', { function: 3 }, { noValue: { '0xFFFF..0xFFF0': 'none' } }, '0xFFFF..0xFFF0 holds no code'],
    ['a code range across zero', { function: 3 }, { type: 'int16', noValue: { '-1..1': 'none' } }, 'its start (0xFFFF) are above those of its end (0x1)'],
    ['a code range of the profile that runs backwards', { function: 3, noValue: { uint16: { '9..8': 'none' } } }, {}, '9..8 holds no code'],
    ['an order of two letters for two registers', { function: 3 }, { type: 'uint32', order: 'AB' }, 'AB is no order of uint32; write ABCD, CDAB, BADC, DCBA'],
    ['an order of eight letters for two registers', { function: 3 }, { type: 'uint32', order: 'GHEFCDAB' }, 'GHEFCDAB is no order of uint32'],
    ['an order of four letters for one register', { function: 3 }, { order: 'CDAB' }, 'CDAB is no order of uint16; write AB, BA'],
    ['an order of the profile that is too short', { function: 3, order: 'BA' }, { type: 'uint32' }, 'BA is no order of uint32'],
    ['an order of the profile that is too long', { function: 3, order: 'HGFEDCBA' }, { type: 'uint32' }, 'HGFEDCBA is no order of uint32'],
    ['an order of a string that swaps registers', { function: 3 }, { type: 'string', length: 2, kind: 'characteristic', order: 'CDAB' }, 'CDAB is no order of a string'],
    ['a least size of a text', { function: 3 }, { type: 'string', length: 2, kind: 'characteristic', minimum: 1 }, 'texts have no size'],
    ['a mask on decimal digits', { function: 3 }, { type: 'bcd16', mask: 1 }, 'only for integers'],
    ['a mask too wide for a byte', { function: 3 }, { type: 'uint8L', mask: 0x100 }, 'wider than uint8L'],
    ['a code too wide for a byte', { function: 3 }, { type: 'uint8H', noValue: { '0x100': 'none' } }, 'is no code of uint8H'],
    ['scale 0', { function: 3 }, { scale: '0.0' }, 'scale 0 makes every value 0'],
    ['weight 0', { function: 3 }, { address: undefined, terms: [{ address: 1 }, { address: 2, weight: '0/60' }] }, 'weight 0 leaves this addend out'],
    ['codes of a string', { function: 3 }, { type: 'string', length: 2, kind: 'characteristic', noValue: { 0: 'none' } }, 'a text has no such codes'],
    ['codes of all strings', { function: 3, noValue: { string: { 0: 'none' } } }, { type: 'string', length: 2, kind: 'characteristic' }, 'a text has no such codes'],
    ['a scale of a string', { function: 3 }, { type: 'string', length: 2, kind: 'characteristic', scale: '0.1' }, 'texts cannot be scaled'],
    ['an offset of a string', { function: 3 }, { type: 'string', length: 2, kind: 'characteristic', offset: '1' }, 'texts cannot be shifted'],
    ['codes of a coil', { function: 1, type: 'bit' }, { noValue: { 1: 'none' } }, 'a single bit has no code'],
    ['a scale that is none', { function: 3 }, { scale: '1/0' }, 'write a decimal number'],
    ['a key that nobody knows', { function: 3 }, { adress: 1 }, 'adress'],
    ['a quantity that nobody knows', { function: 3 }, { quantity: 'speeed' }, 'operating-time'],
  ])('with %s is refused with words, at the meter', (_, whole, point, words) => {
    const result = parsed(whole, point);
    const issues = result.success ? [] : result.error.issues;
    expect(issues.map(({ message }) => message).join()).toContain(words);
    expect(issues[0]?.path.slice(0, 2)).toEqual(['meters', 'speed']);
  });

  test('without meters, or with one whose name cannot be published, is refused', () => {
    const whole = { brand: 'B', model: 'M', source: ['S'], notation: 'zero-based', function: 3, type: 'uint16' };
    expect(profile.safeParse({ ...whole, meters: {} }).success).toBe(false);
    expect(profile.safeParse({ ...whole, meters: { 'a/b': { address: 1, quantity: 'count', kind: 'gauge' } } }).success).toBe(false);
  });

  test('gives a JSON Schema in which every key is described', () => {
    const schema = z.toJSONSchema(profile, { io: 'input' });
    const undescribed: string[] = [];
    walk(schema, (name, property) => property['description'] === undefined && undescribed.push(name));
    expect(undescribed).toEqual([]);
  });
});

function pointsOf(name: string): readonly Point[] {
  return profile.parse(parseYaml(shipped.find(([file]) => file === name)?.[1] ?? '')).points;
}

function parsed(whole: object, point: object): ReturnType<typeof profile.safeParse> {
  const given = { quantity: 'count', kind: 'gauge', address: 1, ...point };
  return profile.safeParse({ brand: 'B', model: 'M', source: ['S'], notation: 'zero-based', type: 'uint16', ...whole, meters: { speed: given } });
}

function walk(schema: unknown, visit: (name: string, property: Record<string, unknown>) => void): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') for (const [name, property] of Object.entries(value as object)) visit(name, property as Record<string, unknown>);
    walk(value, visit);
  }
}

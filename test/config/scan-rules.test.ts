import { describe, expect, it } from 'vitest';
import { folderOf, HEAD, load, problems } from './support.ts';

const DEVICES = 'devices: { cab: { driver: scanner, port: /dev/ttyUSB0 } }\n';

function file(...rules: readonly string[]): string {
  return `${HEAD}${DEVICES}scans:\n  rules:\n${rules.map((rule) => `    - ${rule}\n`).join('')}`;
}

describe('rules for scans', () => {
  it('come out in their order, with patterns read and lists from the folder of the file', async () => {
    const folder = folderOf({ 'assets.csv': 'Code;Name;Role\r\nPUMP-1;"Pump; ""big"" one";\r\n\r\n DOOR-1 ;Door;location\r\n' });
    const { scans } = await load(file('{ role: badge, pattern: "B[0-9]{6}", check: mod43 }', '{ role: asset, list: assets.csv }'), folder);
    const [badge, asset] = scans.rules;
    expect([badge?.role, badge?.check, badge?.pattern?.matches('B123456'), asset?.list?.name]).toEqual(['badge', 'mod43', true, 'assets.csv']);
    expect([...(asset?.list?.codes ?? [])]).toEqual([
      ['PUMP-1', undefined],
      ['DOOR-1', 'location'],
    ]);
  });

  it('take codes alone from the first line on', async () => {
    const { scans } = await load(file('{ role: asset, list: a.csv }'), folderOf({ 'a.csv': '\ufeffPUMP-1\nPUMP-2' }));
    expect([...(scans.rules[0]?.list?.codes.keys() ?? [])]).toEqual(['PUMP-1', 'PUMP-2']);
  });

  it('are none unless there are some', async () => {
    expect((await load(`${HEAD}${DEVICES}`)).scans).toEqual({ rules: [], contextTimeoutMs: 12 * 3_600_000 });
  });

  it.each([
    ['{ role: aset, prefix: A }', 'found "aset"; expected one of asset, badge, work-order, location, part; did you mean "asset"?'],
    ['{ role: asset, prefx: A }', 'unknown key; did you mean "prefix"?'],
    ['{ role: asset, check: mod10 }', 'found a map; needs "ai", "prefix", "pattern" or "list", which says what fits'],
    ['{ role: asset, ai: 8004 }', 'write it in quotes: "8004"'],
    ['{ role: asset, pattern: "(a" }', 'found "(a"; a "(" without ")", at character 3'],
    ['{ role: asset, pattern: "^A" }', '"^" has a meaning of its own here'],
    ['{ role: asset, list: nowhere.csv }', 'nowhere.csv: there is no such file. Check the path'],
  ])('say where and what is wrong with %s', async (rule, what) => {
    const found = await problems(file('{ role: part, prefix: P }', rule));
    expect(found.join('\n')).toContain(what);
    expect(found[0]).toMatch(/^:9:\d+ {2}scans\.rules/);
  });

  it('say which line of a list is wrong, once however many rules name it', async () => {
    const folder = folderOf({ 'a.csv': 'code,role\nA,asset\nA,asset\n,asset\nB,aset\n"C,asset\n' });
    const found = await problems(file('{ role: asset, list: a.csv }', '{ role: part, list: a.csv }'), folder);
    expect(found).toEqual([
      'a.csv:3:1  "A" stands in the list twice',
      'a.csv:4:1  a line without a code',
      'a.csv:5:1  there is no role "aset"; did you mean "asset"?',
      'a.csv:6:1  a quotation mark that is not closed on its line; write one within a value twice',
    ]);
  });
});

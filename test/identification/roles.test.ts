import { describe, expect, it } from 'vitest';
import { type Pattern, readPattern } from '../../src/core/pattern.ts';
import type { Role } from '../../src/core/reading.ts';
import type { ScanRule } from '../../src/core/scan-rule.ts';
import { ruled } from '../../src/identification/roles.ts';
import { scanContent } from '../../src/identification/scan-content.ts';

function pattern(source: string): Pattern {
  const read = readPattern(source);
  if ('what' in read) throw new Error(read.what);
  return read;
}

function list(...codes: readonly (string | readonly [string, Role])[]) {
  return { name: 'assets.csv', codes: new Map<string, Role | undefined>(codes.map((code) => (typeof code === 'string' ? [code, undefined] : [code[0], code[1]]))) };
}

function judge(text: string, rules: readonly ScanRule[], more: object = {}) {
  const { content, isQuestioned } = ruled(scanContent({ kind: 'scan', bytes: Buffer.from(text), ...more }, { device: 'cab' }), rules);
  const { role, identity, valid, problems } = content;
  return { role, ...(identity !== undefined && { identity }), ...(valid !== undefined && { valid }), ...(problems !== undefined && { problems }), isQuestioned };
}

const plain = (role: Role, text: string) => ({ role, identity: { value: text }, isQuestioned: false });

describe('a rule', () => {
  it('gives the role of the first that fits, and unknown when none does', () => {
    const rules: ScanRule[] = [
      { role: 'badge', pattern: pattern('B[0-9]{3}') },
      { role: 'work-order', prefix: 'WO-' },
      { role: 'location', prefix: 'WO-9' },
    ];
    expect(['B123', 'WO-91', 'B12', 'wo-1'].map((text) => judge(text, rules))).toEqual([plain('badge', 'B123'), plain('work-order', 'WO-91'), plain('unknown', 'B12'), plain('unknown', 'wo-1')]);
  });

  it('looks for a GS1 element whatever carries it, and in no text that only looks like one', () => {
    const rules: ScanRule[] = [{ role: 'asset', ai: '8004' }];
    expect(judge('800406141415678', rules, { aim: ']C1' })).toEqual({ role: 'asset', identity: { ai: '8004', value: '06141415678' }, isQuestioned: false });
    expect(judge('800406141415678', rules, { aim: ']C0' }).role).toBe('unknown');
    const tag = scanContent({ kind: 'scan', bytes: Buffer.from('3474257BF40000000000162E', 'hex'), tag: {} }, { device: 'cab' });
    expect(ruled(tag, rules).content.role).toBe('asset');
  });

  it('wants everything it names', () => {
    const rules: ScanRule[] = [{ role: 'part', prefix: 'P', pattern: pattern('.{4}') }];
    expect(['P123', 'P12', 'Q123'].map((text) => judge(text, rules).role)).toEqual(['part', 'unknown', 'unknown']);
  });

  it.each([
    ['mod10', '06141411234525', '06141411234526'],
    ['luhn', '79927398713', '79927398714'],
    ['mod11', '9434578423', '9434578424'],
    ['mod11-isbn', '0306406152', '0306406153'],
    ['mod11-2', '07940', '07941'],
    ['mod43', 'CODE39W', 'CODE39X'],
  ] as const)('with check %s calls a wrong one wrong, takes its key away, and keeps its role', (check, right, wrong) => {
    const good = check === 'mod10' ? '0614141123452' : right;
    const rules: ScanRule[] = [{ role: 'asset', prefix: 'A-', check }];
    expect(judge(`A-${good}`, rules)).toEqual(plain('asset', `A-${good}`));
    expect(judge(`A-${wrong}`, rules)).toEqual({ role: 'asset', valid: false, problems: [`the check character at the end is wrong (${check})`], isQuestioned: true });
  });
});

describe('a list', () => {
  it('knows its codes as they are scanned, and a GS1 key with its identifier or without', () => {
    const rules: ScanRule[] = [{ role: 'asset', list: list('PUMP-1', '(8004)06141415678', '95211234') }];
    expect(judge('PUMP-1', rules)).toEqual(plain('asset', 'PUMP-1'));
    for (const code of ['800406141415678', '800495211234']) expect(judge(code, rules, { aim: ']C1' })).toMatchObject({ role: 'asset', isQuestioned: false });
  });

  it('gives a code the role that stands beside it', () => {
    expect(judge('DOOR-1', [{ role: 'asset', list: list(['DOOR-1', 'location']) }])).toEqual(plain('location', 'DOOR-1'));
  });

  it('questions a code that is not in it, keeps its key, and does not call it wrong', () => {
    const rules: ScanRule[] = [{ role: 'asset', list: list('PUMP-1') }];
    expect(judge('PUMP-2', rules)).toEqual({ role: 'unknown', identity: { value: 'PUMP-2' }, problems: ['not in the list assets.csv'], isQuestioned: true });
  });

  it('questions what a later rule calls an asset, and not what is something else', () => {
    const rules: ScanRule[] = [
      { role: 'asset', list: list('PUMP-1') },
      { role: 'asset', prefix: 'PUMP-' },
      { role: 'badge', prefix: 'B' },
    ];
    expect(judge('PUMP-2', rules)).toEqual({ role: 'asset', identity: { value: 'PUMP-2' }, problems: ['not in the list assets.csv'], isQuestioned: true });
    expect(judge('B7', rules)).toEqual(plain('badge', 'B7'));
  });

  it('with a prefix beside it speaks of the codes with this prefix alone', () => {
    const rules: ScanRule[] = [{ role: 'asset', prefix: 'PUMP-', list: list('PUMP-1') }];
    expect(judge('HELLO', rules)).toEqual(plain('unknown', 'HELLO'));
    expect(judge('PUMP-2', rules).isQuestioned).toBe(true);
  });

  it('is one of several, and one is enough', () => {
    const rules: ScanRule[] = [{ role: 'asset', list: list('PUMP-1') }, { role: 'asset', list: { ...list('PUMP-2'), name: 'more.csv' } }];
    expect(judge('PUMP-2', rules)).toEqual(plain('asset', 'PUMP-2'));
    expect(judge('PUMP-3', rules).problems).toEqual(['not in the list assets.csv, more.csv']);
  });
});

describe('a scan that is wrong by itself', () => {
  it('is questioned without any rule, and keeps what was wrong with it', () => {
    expect(judge('0109521234567881', [], { aim: ']d2' })).toMatchObject({ role: 'unknown', valid: false, isQuestioned: true });
  });
});

import { describe, expect, it } from 'vitest';
import { readPattern } from '../../src/core/pattern.ts';
import type { ScanRule } from '../../src/core/scan-rule.ts';
import { COMMAND_CODES, COMMAND_PREFIX } from '../../src/identification/commands.ts';
import { understoodScan } from '../../src/identification/understood-scan.ts';

const found = readPattern('.+');
const EVERYTHING: readonly ScanRule[] = 'what' in found ? [] : [{ role: 'badge', pattern: found }];

function understood(text: string, rest: object = {}, rules = EVERYTHING) {
  return understoodScan({ kind: 'scan', bytes: Buffer.from(text), ...rest }, { device: 'cab', rules });
}

describe('command codes', () => {
  it('are all different, short, and of characters that every scanner sends as they are', () => {
    const codes = COMMAND_CODES.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^TG![A-Z-]{3,15}$/);
  });

  it('do not change: they are printed and hang in trucks', () => {
    expect(COMMAND_CODES.map(({ code }) => code.slice(COMMAND_PREFIX.length))).toEqual([
      'INSTALL', 'REPAIR', 'INSPECT', 'RESPOND', 'END-ACTIVITY', 'END-WORK-ORDER', 'END-LOCATION', 'END-JOB', 'OUT', 'UNDO', 'STATUS',
    ]);
  });

  it.each(COMMAND_CODES.map((code) => [code.code, code] as const))('%s is a command whatever the rules say, and nothing to match on', (code, { command }) => {
    expect(understood(code)).toMatchObject({ content: { role: 'command', text: code }, isQuestioned: false, command });
    expect(understood(code).content.identity).toBeUndefined();
  });

  it('do what they say for the scans after them', () => {
    expect(understood('TG!REPAIR').change).toEqual({ kind: 'activity', value: 'repair' });
    expect(understood('TG!END-JOB').change).toEqual({ ends: ['workOrder', 'location', 'activity'] });
    expect(understood('TG!OUT').change).toEqual({ ends: ['technician', 'workOrder', 'location', 'activity'] });
    expect(understood('TG!UNDO').change).toBeUndefined();
  });

  it.each(['TG!', 'TG!UNDO ', 'TG!undo', 'TG!FORMAT-DISK', 'TG!END-WORK-ORDERTG!UNDO', 'TG!constructor'])('that do not exist are questioned and do nothing: %j', (text) => {
    const { command, change, isQuestioned, content } = understood(text);
    expect({ command, change, isQuestioned }).toEqual({ command: undefined, change: undefined, isQuestioned: true });
    expect(content).toMatchObject({ role: 'command', problems: ['there is no such command code'] });
  });

  it('that may be cut are not obeyed', () => {
    expect(understood('TG!OUT', { unterminated: true })).toMatchObject({ content: { role: 'command', valid: false }, isQuestioned: true });
    expect(understood('TG!OUT', { unterminated: true }).command).toBeUndefined();
  });

  it.each(['tg!undo', ' TG!UNDO', 'TG-UNDO', 'XTG!UNDO'])('are not taken out of other codes: %j', (text) => {
    expect(understood(text).content.role).toBe('badge');
  });

  it('do not come from radio tags', () => {
    expect(understood('TG!UNDO', { tag: {} }).command).toBeUndefined();
  });
});

describe('a badge that cannot be remembered', () => {
  it('is questioned and says why', () => {
    expect(understood('B'.repeat(201))).toMatchObject({ isQuestioned: true, change: { ends: ['technician'] }, content: { problems: ['the code is empty or too long to be remembered for the scans after it'] } });
  });
});

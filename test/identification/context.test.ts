import { describe, expect, it } from 'vitest';
import type { ScanContent, Stamp } from '../../src/core/reading.ts';
import { changeBy, changedContext, contextAt, contextNote, type ContextState, readContextNote } from '../../src/identification/context.ts';

const NOW_MS = Date.parse('2026-11-23T08:15:30.123Z');
const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 12 * HOUR_MS;
const THEN: Stamp = { wallMs: NOW_MS, monotonicMs: 1000, bootId: 'a', clock: 'synced' };
const STATE: ContextState = changedContext({}, { kind: 'technician', value: 'B-1138' }, THEN);

function content(role: ScanContent['role'], rest: Partial<ScanContent> = {}): ScanContent {
  return { device: 'cab', text: 'B-1138', hex: '', role, identity: { value: 'B-1138' }, ...rest };
}

describe('the context that a scan leaves behind', () => {
  it.each([
    ['badge', 'technician'],
    ['work-order', 'workOrder'],
    ['location', 'location'],
  ] as const)('is made by a %s', (role, kind) => {
    expect(changeBy(content(role))).toEqual({ kind, value: 'B-1138' });
  });

  it.each(['asset', 'part', 'command', 'unknown'] as const)('is not made by a scan of the role %s', (role) => {
    expect(changeBy(content(role))).toBeUndefined();
  });

  it.each([
    ['wrong', { valid: false }],
    ['empty', { text: '', identity: undefined }],
    ['longer than every scan can carry', { identity: { value: 'B'.repeat(201) } }],
  ])('is ended by a badge that is %s', (_, rest) => {
    expect(changeBy(content('badge', rest))).toEqual({ ends: ['technician'] });
  });

  it('is the text where there is nothing to match on', () => {
    expect(changeBy(content('badge', { identity: undefined }))).toEqual({ kind: 'technician', value: 'B-1138' });
  });

  it('is replaced by the next of its kind and ended by name, and leaves the others as they are', () => {
    const later = { ...THEN, monotonicMs: 2000 };
    const state = [{ kind: 'workOrder', value: 'WO-1' } as const, { kind: 'technician', value: 'B-2' } as const].reduce((before, change) => changedContext(before, change, later), STATE);
    expect(contextAt(state, later, TIMEOUT_MS)).toEqual({ technician: 'B-2', workOrder: 'WO-1' });
    expect(contextAt(changedContext(state, { ends: ['technician'] }, later), later, TIMEOUT_MS)).toEqual({ workOrder: 'WO-1' });
    expect(contextAt(changedContext(state, { ends: ['technician', 'workOrder'] }, later), later, TIMEOUT_MS)).toBeUndefined();
  });
});

describe('how long a context holds', () => {
  const later = (ms: number, rest: Partial<Stamp> = {}): Stamp => ({ ...THEN, wallMs: THEN.wallMs + ms, monotonicMs: THEN.monotonicMs + ms, ...rest });
  const other = { bootId: 'b', monotonicMs: 500 };

  it.each<[string, Stamp, Stamp, boolean]>([
    ['a moment before the end', THEN, later(TIMEOUT_MS - 1), true],
    ['at the end', THEN, later(TIMEOUT_MS), false],
    ['within one boot, while wall time jumps years ahead', THEN, later(HOUR_MS, { wallMs: NOW_MS + 5 * 8766 * HOUR_MS }), true],
    ['within one boot, long ago, while wall time jumps back', THEN, later(TIMEOUT_MS + 1, { wallMs: NOW_MS }), false],
    ['within one boot without a clock', { ...THEN, clock: 'unsynced' }, later(HOUR_MS, { clock: 'unsynced' }), true],
    ['after a restart of the machine', THEN, later(HOUR_MS, other), true],
    ['too long after a restart of the machine', THEN, later(TIMEOUT_MS, other), false],
    ['after a restart with a clock that was held over and is a little behind', { ...THEN, clock: 'holdover' }, later(-60_000, other), true],
    ['after a restart with a clock that is far behind', THEN, later(-2 * HOUR_MS, other), false],
    ['after a restart, before the clock is set', THEN, later(HOUR_MS, { ...other, clock: 'unsynced' }), false],
    ['after a restart, of a scan that had no clock', { ...THEN, clock: 'unsynced' }, later(HOUR_MS, other), false],
  ])('%s', (_, since, now, holds) => {
    const state = changedContext({}, { kind: 'technician', value: 'B-1138' }, since);
    expect(contextAt(state, now, TIMEOUT_MS)).toEqual(holds ? { technician: 'B-1138' } : undefined);
  });
});

describe('the note of a context', () => {
  it('is read as it was written, with its version', () => {
    const state = changedContext(STATE, { kind: 'activity', value: 'repair' }, { ...THEN, clock: 'unsynced' });
    expect(JSON.parse(contextNote(state))).toMatchObject({ v: 1 });
    expect(readContextNote(contextNote(state))).toEqual(state);
  });

  it.each([undefined, '', '{', 'null', '[]', '{"technician":{"value":"B-1"}}', contextNote(STATE).replace('"v":1', '"v":2')])('counts as nothing when it is %j', (text) => {
    expect(readContextNote(text)).toEqual({});
  });

  it.each(['"value":7', '"value":"B-1138","since":null', '"value":"B-1138","since":{"wallMs":1,"monotonicMs":1,"bootId":"a","clock":"good"}'])('leaves out a damaged member: %s', (member) => {
    expect(readContextNote(`{"v":1,"technician":{${member}}}`)).toEqual({});
  });
});

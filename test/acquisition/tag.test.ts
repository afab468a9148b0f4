import { describe, expect, it } from 'vitest';
import { bthome } from '../../drivers/bthome/driver.ts';
import { Tag } from '../../src/acquisition/tag.ts';
import type { Advertisement } from '../../src/driver-kit/advertisement.ts';

// Counters 42, 43 and 1 of one tag: see drivers/bthome/fixtures/encrypted.transcript.
const [AT_42, AT_43, AT_1] = ['41DDCC7B71D42A00000080AB434F', '416C5460D3172B00000023099558', '41EC71FDA9CC01000000C375E7BB'].map(
  (hex): Advertisement => ({ address: 'C0:DE:C0:DE:00:01', addressType: 'random', connectable: false, rssi: -60, manufacturer: [], services: [{ uuid: 'fcd2', bytes: new Uint8Array(Buffer.from(hex, 'hex')) }], serviceUuids: [] }),
) as [Advertisement, Advertisement, Advertisement];

function tagWith(notes: Readonly<Record<string, string>> = {}): Tag {
  return new Tag({ device: 'pump', driver: bthome, options: { keyFile: '00112233445566778899AABBCCDDEEFF', unauthenticatedCounters: 'good' }, clock: { monotonicMs: () => 0 }, note: (key) => notes[key] });
}

describe('a tag', () => {
  it('notes its counter with the readings that changed it, and nothing for a repeat', () => {
    const tag = tagWith();
    expect(tag.hear(AT_42)).toMatchObject({ observations: [{ meter: 'count' }], notes: { 'tag/pump': '42' } });
    expect(tag.hear(AT_42)).toMatchObject({ observations: [], notes: {} });
    expect(tag.hear(AT_43)).toMatchObject({ observations: [{ meter: 'count' }], notes: { 'tag/pump': '43' } });
  });

  it('refuses after a restart what was recorded before it', () => {
    const tag = tagWith({ 'tag/pump': '43' });
    expect(() => tag.hear(AT_42)).toThrow(/played back/);
    expect(tag.hear(AT_43).observations).toEqual([]);
  });

  it('takes a lower counter on the word of a person only', () => {
    const tag = tagWith({ 'tag/pump': '43' });
    expect(() => tag.hear(AT_1)).toThrow(/tailgate tag reset/);
    expect(tag.reset()).toEqual({ 'tag/pump': null });
    expect(tag.hear(AT_1)).toMatchObject({ observations: [{ meter: 'count' }], notes: { 'tag/pump': '1' } });
  });

  it('takes nothing while its note cannot be read', () => {
    const tag = tagWith({ 'tag/pump': 'rubbish' });
    expect(() => tag.hear(AT_43)).toThrow(/cannot be read/);
    expect(() => tag.hear(AT_43)).toThrow(/cannot be read/);
    tag.reset();
    expect(tag.hear(AT_43).observations).toHaveLength(1);
  });

  it('takes the repeat of what could not be stored', () => {
    const tag = tagWith();
    tag.hear(AT_42).unstored();
    expect(tag.hear(AT_42)).toMatchObject({ observations: [{ meter: 'count' }], notes: { 'tag/pump': '42' } });
  });

  it('does not go back behind what was heard since', () => {
    const tag = tagWith();
    const { unstored } = tag.hear(AT_42);
    tag.hear(AT_43);
    unstored();
    expect(() => tag.hear(AT_42)).toThrow(/played back/);
  });
});

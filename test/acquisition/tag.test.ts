import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bthome } from '../../drivers/bthome/driver.ts';
import { Tag } from '../../src/acquisition/tag.ts';
import type { Advertisement } from '../../src/driver-kit/advertisement.ts';

const KEY = '00112233445566778899AABBCCDDEEFF';
// Counters 42, 43 and 1 of one tag: see drivers/bthome/fixtures/encrypted.transcript.
const [AT_42, AT_43, AT_1] = ['41DDCC7B71D42A00000080AB434F', '416C5460D3172B00000023099558', '41EC71FDA9CC01000000C375E7BB'].map((hex) => saying(Buffer.from(hex, 'hex'))) as [Advertisement, Advertisement, Advertisement];

function saying(bytes: Uint8Array): Advertisement {
  return { address: 'C0:DE:C0:DE:00:01', addressType: 'random', connectable: false, rssi: -60, manufacturer: [], services: [{ uuid: 'fcd2', bytes: new Uint8Array(bytes) }], serviceUuids: [] };
}

/** A count of 123,456 with its packet id, in clear. */
function plain(packetId: number): Advertisement {
  return saying(Buffer.of(0x40, 0x00, packetId, 0x3e, 0x40, 0xe2, 0x01, 0x00));
}

/** The same, encrypted (bthome.io/encryption). */
function sealed(packetId: number, counter: number): Advertisement {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(counter);
  const cipher = createCipheriv('aes-128-ccm', Buffer.from(KEY, 'hex'), Buffer.concat([Buffer.from('C0DEC0DE0001D2FC41', 'hex'), count]), { authTagLength: 4 });
  const text = Buffer.concat([cipher.update(Buffer.of(0x00, packetId, 0x3e, 0x40, 0xe2, 0x01, 0x00)), cipher.final()]);
  return saying(Buffer.concat([Buffer.of(0x41), text, count, cipher.getAuthTag()]));
}

function tagWith(notes: Readonly<Record<string, string>> = {}, { monotonicMs = () => 0 }: { readonly monotonicMs?: () => number } = {}): Tag {
  return new Tag({ device: 'pump', driver: bthome, options: { keyFile: KEY, unauthenticatedCounters: 'good' }, clock: { monotonicMs }, note: (key) => notes[key] });
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

  it('takes it too where repeats came before that was known', () => {
    for (const [tag, at] of [[tagWith(), (): Advertisement => AT_42], [tagWith(), (n: number): Advertisement => sealed(7, 42 + n)], [clearTag(), (): Advertisement => plain(7)]] as const) {
      const { unstored, observations } = tag.hear(at(0));
      expect(observations).toHaveLength(1);
      expect(tag.hear(at(1)).observations).toEqual([]);
      unstored();
      expect(tag.hear(at(2)).observations).toHaveLength(1);
      expect(tag.hear(at(3)).observations).toEqual([]);
    }
  });

  it.each([
    ['in clear', clearTag, (packetId: number): Advertisement => plain(packetId)],
    ['encrypted', (monotonicMs: () => number): Tag => tagWith({}, { monotonicMs }), sealed],
  ])('takes a packet id that begins anew after more than 4 s, through which the last one was repeated: %s', (_, tagAt, packet) => {
    let nowMs = 0;
    const tag = tagAt(() => nowMs);
    expect(tag.hear(packet(100, 1)).observations).toHaveLength(1);
    for (; nowMs < 5000; nowMs += 1000) expect(tag.hear(packet(100, 1)).observations).toEqual([]);
    expect(tag.hear(packet(0, 2)).observations).toHaveLength(1);
  });

  it('does not go back behind what was heard since', () => {
    const tag = tagWith();
    const { unstored } = tag.hear(AT_42);
    tag.hear(AT_43);
    unstored();
    expect(() => tag.hear(AT_42)).toThrow(/played back/);
  });
});

function clearTag(monotonicMs: () => number = () => 0): Tag {
  return new Tag({ device: 'pump', driver: bthome, options: { unauthenticatedCounters: 'good' }, clock: { monotonicMs }, note: () => undefined });
}

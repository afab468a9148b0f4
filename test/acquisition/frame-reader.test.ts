import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/acquisition/frame-reader.ts';
import { crc16Modbus } from '../../src/driver-kit/checksum.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { lineFraming } from '../../drivers/line-scanner/codec.ts';

const LINE = { terminator: 'CR', lengthMax: 32, aim: 'never', content: 'text' } as const;

/** Length, payload, CRC: a frame whose length byte can be noise. */
const COUNTED: Framing = {
  bytesMax: 20,
  overflow: 'byte',
  next(buffer) {
    const length = (buffer[0] ?? 0) + 3;
    if (length > 20) return discard(1, 'length');
    if (buffer.length < length) return INCOMPLETE;
    const crc = (buffer[length - 2] ?? 0) | ((buffer[length - 1] ?? 0) << 8);
    return crc16Modbus(buffer, 0, length - 2) === crc ? frameOf(buffer, length) : discard(1, 'checksum');
  },
};

/** The same without looking at the length: what claims to be too long is left to the reader. */
function believed(buffer: Uint8Array): Framed {
  const found = COUNTED.next(buffer, false);
  return found.kind === 'discard' ? { kind: 'incomplete' } : found;
}

function counted(payload: string): Uint8Array {
  const body = Buffer.from([payload.length, ...Buffer.from(payload)]);
  const crc = crc16Modbus(body);
  return Buffer.from([...body, crc & 0xff, crc >> 8]);
}

function read(framing: Framing, chunks: readonly Uint8Array[], after: (reader: FrameReader) => void = () => undefined) {
  const frames: string[] = [];
  const discards: Record<string, number> = {};
  const reader = new FrameReader(framing, {
    frame: (frame) => void frames.push(Buffer.from(frame).toString('latin1')),
    discarded: (bytes, reason) => void (discards[reason] = (discards[reason] ?? 0) + bytes),
  });
  for (const chunk of chunks) reader.push(chunk);
  after(reader);
  return { frames, discards, waiting: reader.waiting };
}

/** Cuts at random places, the same for the same seed. */
function cut(bytes: Uint8Array, seed: number): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let random = seed;
  for (let at = 0; at < bytes.length; ) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    const size = 1 + ((random >> 16) % 40);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe('a frame reader', () => {
  it.each([
    ['lines', lineFraming(LINE)],
    ['frames with a length and a checksum', COUNTED],
    ['frames whose length byte is believed', { ...COUNTED, next: (buffer: Uint8Array) => believed(buffer) }],
  ])('finds the same %s however the bytes are cut', (_, framing) => {
    const noise = Array.from({ length: 600 }, (__, index) => (index * 7919 + (index >> 3)) & 0xff);
    const bytes = Buffer.concat([
      Buffer.from('first\r\r\r'),
      counted('one'),
      Buffer.from(noise),
      counted('two'),
      Buffer.from(`${'x'.repeat(31)}\r${'y'.repeat(32)}\r${'z'.repeat(33)}\r${'w'.repeat(500)}\rlast\r`),
      counted('three'),
    ]);
    const whole = read(framing, [bytes]);
    expect(whole.frames.length).toBeGreaterThan(1);
    expect(Object.keys(whole.discards).length).toBeGreaterThan(0);
    for (let seed = 1; seed <= 300; seed += 1) expect(read(framing, cut(bytes, seed))).toEqual(whole);
    expect(read(framing, [...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('finds the same codes between marks however the bytes are cut', () => {
    const framing = lineFraming({ ...LINE, terminator: 'STX/ETX' });
    const bytes = Buffer.from(`noise\x02ONE\x03\r\n\x02LOST\x02TWO\x03\x02${'x'.repeat(200)}\x03\x02${'y'.repeat(40)}\x02THREE\x03`, 'latin1');
    for (let seed = 1; seed <= 300; seed += 1) expect(read(framing, cut(bytes, seed)).frames).toEqual(['ONE', 'TWO', 'THREE']);
  });

  it('finds a good frame behind a length byte that is noise', () => {
    const { frames } = read(COUNTED, [Buffer.concat([Buffer.from([0x0b]), counted('good'), counted('next')])]);
    expect(frames.map((frame) => frame.slice(1, -2))).toEqual(['good', 'next']);
  });

  it('counts every byte as part of a frame or of a discard', () => {
    const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 31 + (index >> 5)) & 0xff));
    const { frames, discards } = read(COUNTED, [bytes], (reader) => reader.end('rest'));
    const framed = frames.reduce((sum, frame) => sum + frame.length, 0);
    const discarded = Object.values(discards).reduce((sum, count) => sum + count, 0);
    expect(framed + discarded).toBe(bytes.length);
  });

  it('drops a line that is too long up to its end, wherever its terminator falls', () => {
    for (let length = 33; length < 140; length += 1) {
      const { frames, discards } = read(lineFraming(LINE), [...Buffer.from(`${'x'.repeat(length)}\rgood\r`)].map((byte) => Uint8Array.of(byte)));
      expect({ length, frames, discards }).toEqual({ length, frames: ['good'], discards: { 'too long': length + 1 } });
    }
  });

  it('finds a terminator of two bytes that the bound falls into', () => {
    const framing = lineFraming({ ...LINE, terminator: 'CRLF' });
    for (let length = 30; length < 110; length += 1) {
      const { frames } = read(framing, [...Buffer.from(`${'x'.repeat(length)}\r\ngood\r\n`)].map((byte) => Uint8Array.of(byte)));
      expect(frames.at(-1)).toBe('good');
      expect(frames.length).toBe(length <= 32 ? 2 : 1);
    }
  });

  it('keeps no more than the bound of endless garbage, and reads on after it', () => {
    const { frames, discards, waiting } = read(lineFraming(LINE), [
      ...Array.from({ length: 1000 }, () => Buffer.alloc(10_000, 0x41)),
      Buffer.from('\rgood\r'),
    ]);
    expect(frames).toEqual(['good']);
    expect(discards).toEqual({ 'too long': 10_000_001 });
    expect(waiting).toBe(0);
  });

  it('reads 10 MB without a terminator in less time than they take on any wire', () => {
    const startMs = performance.now();
    read(lineFraming({ ...LINE, lengthMax: 4096 }), Array.from({ length: 160_000 }, () => Buffer.alloc(64, 0x41)));
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  it('lets silence end a line only where the framing says so', () => {
    const atGap = (framing: Framing) => read(framing, [Buffer.from('half')], (reader) => reader.gap()).frames;
    expect(atGap(lineFraming({ ...LINE, terminator: 'none' }))).toEqual(['half']);
    expect(atGap({ ...COUNTED, gapMs: 5 })).toEqual([]);
  });

  it('says which frames silence ended', () => {
    const ended: [string, boolean][] = [];
    const reader = new FrameReader(lineFraming(LINE), {
      frame: (frame, atGap) => void ended.push([Buffer.from(frame).toString(), atGap]),
      discarded: () => undefined,
    });
    reader.push(Buffer.from('whole\rhalf'));
    reader.gap();
    reader.push(Buffer.from('whole\r'));
    expect(ended).toEqual([['whole', false], ['half', true], ['whole', false]]);
  });

  it('counts what is left over at the end and is empty then', () => {
    const { discards, waiting } = read(lineFraming(LINE), [Buffer.from('half a li')], (reader) => reader.end('link lost'));
    expect(discards).toEqual({ 'link lost': 9 });
    expect(waiting).toBe(0);
  });
});

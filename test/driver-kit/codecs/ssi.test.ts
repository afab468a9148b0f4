import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../../src/acquisition/frame-reader.ts';
import { bytesOfHex, hexOf } from '../../../src/driver-kit/bytes.ts';
import { ssiCommand, ssiFrameOf, ssiFraming } from '../../../src/driver-kit/codecs/ssi.ts';

function read(stream: string, size: number): { frames: string[]; discarded: number } {
  const frames: string[] = [];
  let discarded = 0;
  const reader = new FrameReader(ssiFraming, { frame: (frame) => void frames.push(hexOf(frame)), discarded: (bytes) => void (discarded += bytes) });
  const bytes = bytesOfHex(stream);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.gap();
  return { frames, discarded };
}

const EVENT = '05F6000020FEE5';

describe('frames of SSI', () => {
  it('have the checksum that scanners and hosts give them', () => {
    expect(hexOf(ssiCommand(0xd0))).toBe('04D00400FF28');
    expect(hexOf(ssiCommand(0xe4))).toBe('04E40400FF14');
    expect(hexOf(ssiCommand(0xe6, [1]))).toBe('05E6040001FF10');
  });

  it('are taken apart', () => {
    expect(ssiFrameOf(bytesOfHex('05F6000020'))).toEqual({ opcode: 0xf6, source: 0, status: 0, body: bytesOfHex('20') });
  });

  it.each(['', '00', '0102', '05', '05F6', 'FF', 'FFFF', '05F6000021FEE5'])('are found behind the noise %s, split anywhere', (noise) => {
    for (const size of [1, 2, 7, 100]) expect(read(noise + EVENT + EVENT, size)).toEqual({ frames: ['05F6000020', '05F6000020'], discarded: noise.length / 2 });
  });

  it('are not found with any one bit turned over', () => {
    for (let bit = 0; bit < 7 * 8; bit += 1) {
      const bad = bytesOfHex(EVENT);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(read(hexOf(bad), 100)).toEqual({ frames: [], discarded: 7 });
    }
  });
});

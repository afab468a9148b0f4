import { describe, expect, test } from 'vitest';
import type { Question } from '../../../drivers/modbus/codec.ts';
import { decodedTcpReply, encodedTcpQuestion, framingOfTcpReply } from '../../../drivers/modbus/tcp-codec.ts';
import { FrameReader } from '../../../src/acquisition/frame-reader.ts';
import { bytesOfHex, hexOf } from '../../../src/driver-kit/bytes.ts';

const QUESTION: Question = { address: 17, function: 3, start: 1798, count: 2 };
const ANSWER = '00070000000711030402A62190';
const REFUSAL = '000700000003118302';

describe('Modbus TCP', () => {
  test('puts the number and the length before the question, and no checksum behind', () => {
    expect(hexOf(encodedTcpQuestion(QUESTION, 7))).toBe('000700000006110307060002');
    expect(hexOf(encodedTcpQuestion(QUESTION, 0xfffe)).slice(0, 4)).toBe('FFFE');
  });

  test('finds values and refusals in chunks of any size, and behind noise', () => {
    for (const size of [1, 2, 7, 100]) {
      for (const whole of [ANSWER, REFUSAL]) {
        expect(read(whole, size)).toEqual([whole]);
        expect(read(`0007FF00${whole}`, size)).toEqual([whole]);
      }
    }
    expect(decodedTcpReply(bytesOfHex(ANSWER))).toEqual({ kind: 'values', bytes: bytesOfHex('02A62190') });
    expect(decodedTcpReply(bytesOfHex(REFUSAL))).toMatchObject({ kind: 'refusal', code: 2, raw: '8302' });
  });

  test.each([
    ['the answer to an earlier question', '00060000000711030402A62190'],
    ['another protocol', '00070001000711030402A62190'],
    ['another unit', '00070000000712030402A62190'],
    ['another function', '00070000000711040402A62190'],
    ['a refusal of another function', '000700000003118402'],
    ['an answer of another length', '000700000005110302 02A6'.replace(' ', '')],
    ['an echo of the question', '000700000006110307060002'],
  ])('does not take %s, and finds the answer behind it', (_, other) => {
    expect(read(other, 100)).toEqual([]);
    expect(read(other + ANSWER, 3)).toEqual([ANSWER]);
  });

  test('takes no answer with another byte in its head, and none that is cut off; TCP has no checksum, so a cut one with a whole head would take in what follows', () => {
    const whole = bytesOfHex(ANSWER);
    for (let at = 0; at < 9; at += 1) {
      for (let value = 0; value < 256; value += 1) {
        if (value === whole[at]) continue;
        const changed = whole.slice();
        changed[at] = value;
        expect(read(hexOf(changed), 100), `byte ${at} = ${value}`).toEqual([]);
      }
    }
    for (let cut = 0; cut < whole.length; cut += 1) expect(read(hexOf(whole.subarray(0, cut)), 100)).toEqual([]);
    for (let cut = 0; cut < 9; cut += 1) expect(read(hexOf(whole.subarray(0, cut)) + ANSWER, 100)).toEqual([ANSWER]);
  });
});

function read(stream: string, size: number): string[] {
  const frames: string[] = [];
  const reader = new FrameReader(framingOfTcpReply(QUESTION, 7), { frame: (frame) => void frames.push(hexOf(frame)), discarded: () => undefined });
  const bytes = bytesOfHex(stream);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.end('left over');
  return frames;
}

import { describe, expect, test } from 'vitest';
import { decodedReply, encodedQuestion, framingOfReply, type Question } from '../../../drivers/modbus/codec.ts';
import { FrameReader } from '../../../src/acquisition/frame-reader.ts';
import { bytesOfHex, hexOf } from '../../../src/driver-kit/bytes.ts';
import { withChecksum } from '../../support/modbus-slave.ts';

const RUN_TIME: Question = { address: 17, function: 3, start: 1798, count: 2 };
const ANSWER = '1103040 2A6219 01255'.replaceAll(' ', '');

describe('questions', () => {
  test('read two holding registers at 1798 from device 17', () => {
    expect(hexOf(encodedQuestion(RUN_TIME))).toBe('11030706000227EE');
  });

  test('hold the highest address, start and count', () => {
    expect(hexOf(encodedQuestion({ address: 247, function: 4, start: 65_411, count: 125 })).slice(0, 12)).toBe('F704FF83007D');
  });
});

describe('the framing of a reply', () => {
  test.each([
    ['the answer', ANSWER, [ANSWER], {}],
    ['a refusal', '118302C134', ['118302C134'], {}],
    ['an answer behind noise', `00FF55${ANSWER}`, [ANSWER], { 'not the answer': 3 }],
    ['an answer behind its own address as noise', `1111${ANSWER}`, [ANSWER], { 'not the answer': 2 }],
    ['an answer behind half of one', `1103040 2A6${ANSWER}`, [ANSWER], { 'bad checksum': 1, 'not the answer': 4 }],
    ['an answer behind a false refusal', `1183${ANSWER}`, [ANSWER], { 'bad checksum': 1, 'not the answer': 1 }],
    ['an answer behind that of another device', `12030400003039 0CE0${ANSWER}`, [ANSWER], { 'not the answer': 9 }],
    ['an answer behind the echo of its question', `11030706000227EE${ANSWER}`, [ANSWER], { 'not the answer': 8 }],
    ['that of another device only', '120304000030390CE0', [], { 'not the answer': 9 }],
    ['an answer with a bad checksum', '11030402A621901254', [], { 'bad checksum': 1, 'not the answer': 8 }],
    ['an answer of another function', hexOf(withChecksum([17, 4, 4, 1, 2, 3, 4])), [], { 'not the answer': 9 }],
    ['an answer of another length', hexOf(withChecksum([17, 3, 2, 1, 2])), [], { 'not the answer': 7 }],
    ['a refusal of another function', hexOf(withChecksum([17, 0x84, 2])), [], { 'not the answer': 5 }],
    ['half an answer', '11030402', [], { 'left over': 4 }],
  ])('finds %s', (_, stream, frames, discards) => {
    for (const size of [1, 2, 7, 100]) expect(read(RUN_TIME, stream, size)).toEqual({ frames, discards });
  });

  test('does not take the echo of a question for its answer, even where it has the form of one', () => {
    const question: Question = { address: 17, function: 1, start: 0x0300, count: 20 };
    const echo = hexOf(encodedQuestion(question));
    const answer = hexOf(withChecksum([17, 1, 3, 1, 2, 3]));
    for (const size of [1, 2, 7, 100]) {
      expect(read(question, echo + answer, size)).toEqual({ frames: [answer], discards: { echo: 8 } });
    }
  });

  test.each([
    [1, 1],
    [8, 1],
    [9, 2],
    [2000, 250],
  ])('asks for %i bits in %i bytes', (count, bytes) => {
    const answer = hexOf(withChecksum([17, 2, bytes, ...Array.from({ length: bytes }, () => 0xa5)]));
    expect(read({ address: 17, function: 2, start: 0, count }, answer, 7).frames).toEqual([answer]);
  });

  test('finds no frame in noise of any length, and keeps nothing of it', () => {
    let seed = 1;
    const noise = Uint8Array.from({ length: 100_000 }, () => (seed = (seed * 48_271) % 2_147_483_647) & 0xff);
    expect(read(RUN_TIME, hexOf(noise), 1000).frames).toEqual([]);
  });
});

describe('replies', () => {
  test('give the bytes of the values', () => {
    expect(decodedReply(bytesOfHex(ANSWER))).toEqual({ kind: 'values', bytes: bytesOfHex('02A62190') });
  });

  test.each([
    ['118302', 'exception 2, illegal data address', '8302'],
    ['118306', 'exception 6, device busy', '8306'],
    ['11830B', 'exception 11, gateway target did not answer', '830B'],
    ['118363', 'exception 99', '8363'],
  ])('%s refuse with "%s"', (frame, reason, raw) => {
    expect(decodedReply(withChecksum([...bytesOfHex(frame)]))).toMatchObject({ kind: 'refusal', reason, raw });
  });
});

function read(question: Question, stream: string, size: number): { frames: string[]; discards: Record<string, number> } {
  const frames: string[] = [];
  const discards: Record<string, number> = {};
  const reader = new FrameReader(framingOfReply(question), {
    frame: (frame) => void frames.push(hexOf(frame)),
    discarded: (bytes, reason) => (discards[reason] = (discards[reason] ?? 0) + bytes),
  });
  const bytes = bytesOfHex(stream);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.end('left over');
  return { frames, discards };
}

describe('bad answers', () => {
  const QUESTIONS: readonly Question[] = [RUN_TIME, { address: 1, function: 1, start: 0, count: 20 }, { address: 247, function: 4, start: 9, count: 125 }];
  const answerOf = ({ address, function: code, count }: Question): Uint8Array => {
    const bytes = code < 3 ? Math.ceil(count / 8) : 2 * count;
    return withChecksum([address, code, bytes, ...Array.from({ length: bytes }, (_, at) => (at * 7) & 0xff)]);
  };

  test.each(QUESTIONS)('with any other checksum are none: %j', (question) => {
    const answer = answerOf(question);
    const right = answer.at(-2)! + 256 * answer.at(-1)!;
    const { next } = framingOfReply(question);
    const taken: number[] = [];
    for (let crc = 0; crc < 0x10000; crc += 1) {
      const found = next(Uint8Array.from([...answer.subarray(0, -2), crc & 0xff, crc >> 8]), false);
      if (found.kind === 'frame') taken.push(crc);
    }
    expect(taken).toEqual([right]);
  });

  test.each(QUESTIONS)('with any other length byte are none, whatever their checksum: %j', (question) => {
    const answer = answerOf(question);
    for (let length = 0; length < 256; length += 1) {
      if (length === answer[2]) continue;
      const body = [...answer.subarray(0, 2), length, ...Array.from({ length }, () => 0)];
      expect(read(question, hexOf(withChecksum(body)), 1000).frames).toEqual([]);
      expect(read(question, hexOf(withChecksum([...answer.subarray(0, 2), length, ...answer.subarray(3, -2)])), 1000).frames).toEqual([]);
    }
  });

  test.each(QUESTIONS)('cut off at any byte are none, and do not hide the whole one behind: %j', (question) => {
    const answer = answerOf(question);
    for (let cut = 0; cut < answer.length; cut += 1) {
      const part = hexOf(answer.subarray(0, cut));
      expect(read(question, part, 1000).frames).toEqual([]);
      expect(read(question, part + hexOf(answer), 1000).frames).toEqual([hexOf(answer)]);
    }
  });

  test('with one bit turned are none', () => {
    for (const question of QUESTIONS) {
      const answer = answerOf(question);
      for (let bit = 0; bit < 8 * answer.length; bit += 1) {
        const turned = answer.slice();
        turned[bit >> 3]! ^= 1 << (bit & 7);
        expect(read(question, hexOf(turned), 1000).frames).toEqual([]);
      }
    }
  });
});

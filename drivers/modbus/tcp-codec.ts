import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { decodedAnswer, isBits, type Question, type Reply } from './codec.ts';

/*
 * The same question and answers over Modbus TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3):
 *
 *   question  00 07 00 00 00 06 11 03 07 06 00 02      answer  00 07 00 00 00 07 11 03 04 02 A6 21 90
 *             |     |     |     |  |                           |                 |
 *             |     |     |     |  as in codec.ts, no CRC      the same number   bytes that follow
 *             |     |     |     unit
 *             |     |     bytes that follow
 *             |     protocol 0: Modbus
 *             number of the question
 */

/** The bytes of a question with its number. */
export function encodedTcpQuestion({ address, function: code, start, count }: Question, number: number): Uint8Array {
  return Uint8Array.of(number >> 8, number & 0xff, 0, 0, 0, 6, address, code, start >> 8, start & 0xff, count >> 8, count & 0xff);
}

/** Finds the answer to this one question: number, protocol, length, unit and function must fit. What does not goes one byte at a time. */
export function framingOfTcpReply(question: Question, number: number): Framing {
  const valueBytes = isBits(question.function) ? Math.ceil(question.count / 8) : 2 * question.count;
  const head = (code: number, follow: number): readonly number[] => [number >> 8, number & 0xff, 0, 0, 0, follow, question.address, code];
  const values = { head: [...head(question.function, valueBytes + 3), valueBytes], length: valueBytes + HEAD_LENGTH + 2 };
  const refusal = { head: head(question.function | REFUSED, 3), length: HEAD_LENGTH + 2 };

  const next = (buffer: Uint8Array): Framed => {
    const form = [values, refusal].find((candidate) => candidate.head.every((byte, at) => at >= buffer.length || buffer[at] === byte));
    if (form === undefined) return discard(1, 'not the answer');
    return buffer.length < form.length ? INCOMPLETE : frameOf(buffer, form.length);
  };
  return { next, bytesMax: values.length, overflow: 'byte' };
}

/** What a frame that `framingOfTcpReply` found says. */
export function decodedTcpReply(frame: Uint8Array): Reply {
  return decodedAnswer(frame.subarray(HEAD_LENGTH));
}

/** Number, protocol, length and unit. */
const HEAD_LENGTH = 7;
const REFUSED = 0x80;

import { crc16Modbus } from '../../src/driver-kit/checksum.ts';
import { hexOf, standsAt } from '../../src/driver-kit/bytes.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';

/*
 * One question and its two possible answers (Modbus over Serial Line V1.02, section 2.5.1; Modbus Application Protocol
 * V1.1b3, sections 6.1 to 6.4 and 7):
 *
 *   question  11 03 07 06 00 02 27 EE      answer  11 03 04 02 A6 21 90 12 55      refusal  11 83 02 C1 34
 *             |  |  |     |     |                  |  |  |  |           |                   |  |  |  |
 *             |  |  |     |     CRC, low byte first|  |  |  values      CRC                 |  |  |  CRC
 *             |  |  |     count: 2 registers       |  |  bytes of values: 2 x count         |  |  2: illegal data address
 *             |  |  start: 0x0706 = 1798           |  function                              |  function + 0x80
 *             |  function: 3, holding registers    address                                  address
 *             address: 17
 *
 * Not here, and nowhere in this driver: the functions that write (5, 6, 15, 16).
 */

/** Read coils, discrete inputs, holding registers, input registers. */
export type ReadFunction = 1 | 2 | 3 | 4;

/** What is asked of a device; `start` and `count` are bits for functions 1 and 2, registers for 3 and 4. */
export interface Question {
  readonly address: number;
  readonly function: ReadFunction;
  readonly start: number;
  readonly count: number;
}

/** The values of an answer as they stand on the wire, or a refusal's exception code, its reason and its bytes in hexadecimal. */
export type Reply =
  | { readonly kind: 'values'; readonly bytes: Uint8Array }
  | { readonly kind: 'refusal'; readonly code: number; readonly reason: string; readonly raw: string };

/** The bytes of a question. */
export function encodedQuestion({ address, function: code, start, count }: Question): Uint8Array {
  const bytes = Uint8Array.of(address, code, start >> 8, start & 0xff, count >> 8, count & 0xff, 0, 0);
  const crc = crc16Modbus(bytes, 0, 6);
  bytes[6] = crc & 0xff;
  bytes[7] = crc >> 8;
  return bytes;
}

/**
 * Finds the answer to this one question: its address, function, length and checksum must fit. What does not goes one
 * byte at a time, another device's answer too, since nothing tells its length for sure.
 */
export function framingOfReply(question: Question): Framing {
  const request = encodedQuestion(question);
  const valueBytes = isBits(question.function) ? Math.ceil(question.count / 8) : 2 * question.count;
  const length = valueBytes + 5;

  const next = (buffer: Uint8Array): Framed => {
    const [address, code, byteCount] = buffer;
    if (address !== question.address) return discard(1, NOT_THE_ANSWER);
    if (code === undefined) return INCOMPLETE;
    if (code === (question.function | REFUSED)) return checked(buffer, REFUSAL_LENGTH);
    if (code !== question.function) return discard(1, NOT_THE_ANSWER);
    if (byteCount === undefined) return INCOMPLETE;
    if (byteCount !== valueBytes) return discard(1, NOT_THE_ANSWER);
    // The echo of a question for 17 to 24 bits from 0x03xx on has the form of its own answer, checksum and all.
    if (length === request.length && standsAt(buffer, 0, request)) return discard(length, 'echo');
    return checked(buffer, length);
  };
  return { next, bytesMax: length, overflow: 'byte', hasRival: (heard) => hasOtherQuestion(heard, request) };
}

/** What a frame that `framingOfReply` found says. */
export function decodedReply(frame: Uint8Array): Reply {
  return decodedAnswer(frame.subarray(1, frame.length - 2));
}

/** What an answer says, from its function to its last value: what all forms of Modbus have in common. */
export function decodedAnswer(answer: Uint8Array): Reply {
  const [code = 0, second = 0] = answer;
  if ((code & REFUSED) === 0) return { kind: 'values', bytes: answer.subarray(2) };
  const name = REFUSALS.get(second);
  const reason = name === undefined ? `exception ${second}` : `exception ${second}, ${name}`;
  return { kind: 'refusal', code: second, reason, raw: hexOf(answer.subarray(0, 2)) };
}

/** Whether a function reads single bits in place of registers. */
export function isBits(code: ReadFunction): boolean {
  return code <= 2;
}

/** Another question of this function to this device: an answer of the same length would be taken for ours. */
function hasOtherQuestion(heard: Uint8Array, request: Uint8Array): boolean {
  for (let at = 0; at + request.length <= heard.length; at += 1) {
    if (heard[at] !== request[0] || heard[at + 1] !== request[1] || standsAt(heard, at, request)) continue;
    const count = ((heard[at + 4] ?? 0) << 8) | (heard[at + 5] ?? 0);
    const sent = (heard[at + 6] ?? 0) | ((heard[at + 7] ?? 0) << 8);
    // An answer of one register with a 00 behind it has a question's form and checksum, but not its count.
    if (count >= 1 && count <= BITS_MOST && crc16Modbus(heard, at, at + 6) === sent) return true;
  }
  return false;
}

function checked(buffer: Uint8Array, length: number): Framed {
  if (buffer.length < length) return INCOMPLETE;
  const sent = (buffer[length - 2] ?? 0) | ((buffer[length - 1] ?? 0) << 8);
  return crc16Modbus(buffer, 0, length - 2) === sent ? frameOf(buffer, length) : discard(1, 'bad checksum');
}

/** Modbus Application Protocol V1.1b3, section 6.1. */
const BITS_MOST = 2000;
const REFUSED = 0x80;
const REFUSAL_LENGTH = 5;
const NOT_THE_ANSWER = 'not the answer';

/** Modbus Application Protocol V1.1b3, section 7. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [1, 'illegal function'],
  [2, 'illegal data address'],
  [3, 'illegal data value'],
  [4, 'device failure'],
  [5, 'acknowledged, not ready yet'],
  [6, 'device busy'],
  [8, 'memory parity error'],
  [10, 'gateway path unavailable'],
  [11, 'gateway target did not answer'],
]);

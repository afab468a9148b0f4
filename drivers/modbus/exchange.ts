import type { Framing } from '../../src/driver-kit/framing.ts';
import { decodedReply, encodedQuestion, framingOfReply, type Question, type Reply } from './codec.ts';
import { decodedTcpReply, encodedTcpQuestion, framingOfTcpReply } from './tcp-codec.ts';

/** The two forms in which Modbus comes. */
export type Protocol = 'rtu' | 'tcp';

/** A question as it goes out, how its answer is found, and what a found one says. */
export interface Exchange {
  readonly request: Uint8Array;
  readonly reply: Framing;
  readonly decoded: (frame: Uint8Array) => Reply;
}

/** Puts a question into bytes; `number` tells it from others over TCP, and is not sent in RTU. */
export function exchangeOf(question: Question, protocol: Protocol, number: () => number): Exchange {
  if (protocol === 'rtu') return { request: encodedQuestion(question), reply: framingOfReply(question), decoded: decodedReply };
  const low = number() & 0xffff;
  return { request: encodedTcpQuestion(question, low), reply: framingOfTcpReply(question, low), decoded: decodedTcpReply };
}

import type { Exchange, Protocol } from '../../drivers/modbus/exchange.ts';
import type { Question, ReadFunction, Reply } from '../../drivers/modbus/codec.ts';
import type { BusDesk } from '../acquisition/bus-desk.ts';
import { LinkError, ProtocolError } from '../core/errors.ts';
import { hexOf } from '../core/hex.ts';
import type { JsonObject } from '../core/json.ts';
import type { Commands } from './control-socket.ts';

/** What the commands are given. */
export interface ModbusCommandParts {
  /** The bus that holds a port, undefined when none does. */
  readonly deskAt: (port: string) => BusDesk | undefined;
  readonly exchangeOf: (question: Question, protocol: Protocol, number: () => number) => Exchange;
}

/**
 * The commands by which a person who sets a meter up asks on a port that the gateway holds. They take four functions
 * that read, and a number in place of bytes: nothing can be written through them.
 */
export function modbusCommands({ deskAt, exchangeOf }: ModbusCommandParts): Commands {
  return {
    'modbus-port': ({ port }) => ({ held: typeof port === 'string' && deskAt(port) !== undefined }),
    'modbus-ask': async (request) => {
      const desk = typeof request['port'] === 'string' ? deskAt(request['port']) : undefined;
      const asked = askedIn(request);
      if (desk === undefined || asked === undefined) return { kind: 'failed', what: desk === undefined ? 'the gateway does not hold this port' : 'no such question' };
      return answerOf(desk, asked, exchangeOf(asked.question, asked.protocol, desk.nextNumber));
    },
  };
}

interface Asked {
  readonly question: Question;
  readonly protocol: Protocol;
  readonly responseTimeoutMs: number;
  readonly echo: boolean;
}

async function answerOf(desk: BusDesk, { question, protocol, responseTimeoutMs, echo }: Asked, exchange: Exchange): Promise<JsonObject> {
  const { request, reply, decoded } = exchange;
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const numbered = protocol === 'tcp';
  try {
    const { frame } = await desk.ask({ address: String(question.address), request, reply, responseTimeoutMs, silenceMs: SILENCE_MS, echo, numbered }, signal);
    return spoken(decoded(frame));
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: error.fault, what: error.what };
    if (!(error instanceof LinkError)) throw error;
    return { kind: 'failed', what: signal.aborted ? 'the line was too busy with the polls of the gateway' : error.message };
  }
}

function spoken(reply: Reply): JsonObject {
  return reply.kind === 'values' ? { kind: 'values', hex: hexOf(reply.bytes) } : { kind: 'refusal', code: reply.code, what: reply.reason };
}

/** The request comes from whoever may open the socket. */
function askedIn(request: Readonly<Record<string, unknown>>): Asked | undefined {
  const { address, start, count, protocol, responseTimeoutMs, echo } = request;
  const code = FUNCTIONS.find((known) => known === request['function']);
  const most = code !== undefined && code <= 2 ? BITS_MAX : REGISTERS_MAX;
  if (code === undefined || (protocol !== 'rtu' && protocol !== 'tcp')) return undefined;
  if (!within(address, 0, 255) || !within(start, 0, 0xffff) || !within(count, 1, most) || !within(responseTimeoutMs, 1, RESPONSE_TIMEOUT_MAX_MS)) return undefined;
  return { question: { address, function: code, start, count }, protocol, responseTimeoutMs, echo: echo === true };
}

function within(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

const FUNCTIONS: readonly ReadFunction[] = [1, 2, 3, 4];
const REGISTERS_MAX = 125;
const BITS_MAX = 2000;
/** Less than the control socket gives a command. */
const ANSWER_WITHIN_MS = 4500;
const RESPONSE_TIMEOUT_MAX_MS = 2000;
const SILENCE_MS = 5;

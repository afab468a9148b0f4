import type { Question, Reply } from '../../drivers/modbus/codec.ts';
import { exchangeOf, type Protocol } from '../../drivers/modbus/exchange.ts';
import { BusDesk } from '../acquisition/bus-desk.ts';
import { LateAnswers } from '../acquisition/late-answers.ts';
import { QuietLine } from '../acquisition/quiet-line.ts';
import { systemClock } from '../acquisition/stamp.ts';
import type { LineConfiguration } from '../config/configuration.ts';
import { portKey, type PortConfiguration } from '../config/port.ts';
import { LinkError, ProtocolError } from '../core/errors.ts';
import { bytesOfHex } from '../driver-kit/bytes.ts';
import { ask, socketPath } from '../operations/control-socket.ts';
import { transportTo } from '../transports/transport-to.ts';

/** What came of one question. */
export type Answered = Reply | { readonly kind: 'silent' | 'corrupt'; readonly what: string };

/** A line that can be asked, by way of the running gateway or by itself. */
export interface ModbusLine {
  /** How the line is reached, in words. */
  readonly way: string;
  /** Rejects with a LinkError when the line cannot be asked at all. */
  ask(question: Question): Promise<Answered>;
  close(): Promise<void>;
}

/** How a line is to be asked. */
export interface LineSettings {
  readonly port: PortConfiguration;
  readonly line: LineConfiguration;
  readonly protocol: Protocol;
  readonly responseTimeoutMs: number;
  readonly echo: boolean;
  /** The outbox directory of a gateway that may hold the port; undefined when there is none. */
  readonly directory: string | undefined;
}

/** By way of the running gateway when it holds the port, otherwise directly. Rejects with a LinkError. */
export async function openModbusLine(settings: LineSettings): Promise<ModbusLine> {
  if (settings.directory !== undefined && (await isHeld(settings.directory, settings.port))) return throughGateway(settings, settings.directory);
  return direct(settings);
}

/** A gateway that does not run holds nothing; one whose socket this user may not open is a fault that is told. */
async function isHeld(directory: string, port: PortConfiguration): Promise<boolean> {
  try {
    const answer = (await ask(socketPath(directory), 'modbus-port', { port: portKey(port) })) as { readonly held?: boolean };
    return answer.held === true;
  } catch (error) {
    if (error instanceof LinkError && error.what === 'no gateway runs with this outbox') return false;
    throw error;
  }
}

function throughGateway({ port, protocol, responseTimeoutMs, echo }: LineSettings, directory: string): ModbusLine {
  return {
    way: 'through the running gateway, between its polls',
    async ask({ address, function: code, start, count }) {
      const request = { port: portKey(port), protocol, responseTimeoutMs, echo, address, function: code, start, count };
      const answer = (await ask(socketPath(directory), 'modbus-ask', request)) as { readonly kind: string; readonly hex?: string; readonly code?: number; readonly what?: string };
      const { kind, hex = '', code: exception = 0, what = '' } = answer;
      if (kind === 'values') return { kind, bytes: bytesOfHex(hex) };
      if (kind === 'refusal') return { kind, code: exception, reason: what, raw: '' };
      if (kind === 'silent' || kind === 'corrupt') return { kind, what };
      throw new LinkError({ where: portKey(port), what: what === '' ? 'the gateway did not understand; is it of another version?' : what });
    },
    close: () => Promise.resolve(),
  };
}

async function direct({ port, line: parameters, protocol, responseTimeoutMs, echo }: LineSettings): Promise<ModbusLine> {
  const clock = systemClock(() => 'unsynced');
  const characterMs = port.kind === 'tcp' ? 0 : (BITS_A_CHARACTER * 1000) / parameters.baudRate;
  const line = new QuietLine({ clock, lateAnswers: new LateAnswers(clock), characterMs, discarded: () => undefined });
  const end = new AbortController();
  const link = await transportTo(port, parameters).open((chunk) => line.receive(chunk), end.signal);
  const desk = new BusDesk();
  desk.open(link, line, end.signal);
  void link.closed.then(() => end.abort());
  return {
    way: `directly on ${link.name}`,
    async ask(question) {
      const { request, reply, decoded } = exchangeOf(question, protocol, desk.nextNumber);
      try {
        const { frame } = await desk.ask({ address: String(question.address), request, reply, responseTimeoutMs, silenceMs: SILENCE_MS, echo, numbered: protocol === 'tcp' }, end.signal);
        return decoded(frame);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        return { kind: error.fault === 'silent' ? 'silent' : 'corrupt', what: error.what };
      }
    },
    async close() {
      end.abort();
      await link.close();
    },
  };
}

const BITS_A_CHARACTER = 11;
const SILENCE_MS = 5;

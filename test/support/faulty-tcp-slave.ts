import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SlaveQuestion } from './modbus-slave.ts';
import type { SeededRandom } from './random.ts';

/** What can go wrong with one answer over Modbus TCP; nothing in its values can, since only TCP itself would see it. */
export const TCP_FAULTS = [
  'late',
  'later than the next question',
  'silent once',
  'answer of before',
  'twice',
  'number of another question',
  'another unit',
  'another protocol',
  'another function',
  'bad length',
  'bad count',
  'half a frame, the rest late',
  'noise before',
  'noise after',
  'pieces with pauses',
  'exception',
  'closed',
  'closed within',
] as const;

/** One of them. */
export type TcpFault = (typeof TCP_FAULTS)[number];

/** What a faulty far end is made of. */
export interface FaultyTcpParts {
  readonly random: SeededRandom;
  readonly timeoutMs: number;
  readonly units: readonly number[];
  readonly faultsInHundred: number;
  /** The answer from its function on, by the number of the question at this far end. */
  readonly answer: (question: SlaveQuestion, number: number) => readonly number[];
  readonly exceptions: readonly number[];
}

/**
 * A gateway with some units behind it that speaks Modbus TCP and whose answers go wrong by chance. What it begins to write it
 * ends before it writes anything else, or it closes the connection: a frame that loses its end in a stream that goes on takes the
 * next bytes for it, and without a checksum nobody can tell. It shares no code with the driver.
 */
export class FaultyTcpSlave {
  /** How many questions came, to any unit. */
  questions = 0;
  readonly injected = new Map<TcpFault, number>();
  faultsInHundred: number;
  readonly #parts: FaultyTcpParts;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What is being written, by connection. */
  readonly #written = new WeakMap<Socket, Promise<void>>();
  /** The last answer to each question, by what it asked for. */
  readonly #before = new Map<string, Uint8Array>();

  private constructor(server: Server, parts: FaultyTcpParts) {
    this.#server = server;
    this.#parts = parts;
    this.faultsInHundred = parts.faultsInHundred;
  }

  static async start(parts: FaultyTcpParts): Promise<FaultyTcpSlave> {
    const server = createServer({ noDelay: true });
    const slave = new FaultyTcpSlave(server, parts);
    server.on('connection', (socket) => slave.#serve(socket));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return slave;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => void this.#sockets.delete(socket));
    let waiting = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      for (; waiting.length >= QUESTION_LENGTH; waiting = waiting.subarray(QUESTION_LENGTH)) void this.#answer(waiting.subarray(0, QUESTION_LENGTH), socket);
    });
  }

  async #answer(asked: Buffer, socket: Socket): Promise<void> {
    this.questions += 1;
    const number = this.questions;
    const question = { address: asked[6]!, function: asked[7]!, start: asked.readUInt16BE(8), count: asked.readUInt16BE(10) };
    if (!this.#parts.units.includes(question.address)) return;
    const { random, answer, timeoutMs } = this.#parts;
    const fault = random.below(100) < this.faultsInHundred ? random.oneOf(TCP_FAULTS) : undefined;
    if (fault !== undefined) this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
    const whole = framed(asked.readUInt16BE(0), question.address, answer(question, number));
    const key = JSON.stringify(question);
    const before = this.#before.get(key) ?? new Uint8Array(0);
    this.#before.set(key, whole);
    await passed(1 + random.below(3));
    const waitMs = fault === 'late' ? timeoutMs * (1 + random.below(100) / 100) : fault === 'later than the next question' ? timeoutMs * (2 + random.below(400) / 100) : 0;
    await passed(waitMs);
    const written = (this.#written.get(socket) ?? Promise.resolve()).then(() => this.#send(socket, fault, whole, before));
    this.#written.set(socket, written);
    await written;
  }

  async #send(socket: Socket, fault: TcpFault | undefined, whole: Uint8Array, before: Uint8Array): Promise<void> {
    const { random, timeoutMs, exceptions } = this.#parts;
    const send = (...parts: readonly Uint8Array[]): void => void (socket.destroyed || socket.write(Buffer.concat(parts)));
    switch (fault) {
      case undefined:
      case 'late':
      case 'later than the next question':
        return send(whole);
      case 'silent once':
        return;
      case 'answer of before':
        return send(before, whole);
      case 'twice':
        return send(whole, whole);
      case 'number of another question':
        return send(changed(whole, 1, 1 + random.below(255)), whole);
      case 'another unit':
        return send(changed(whole, 6, 1 + random.below(255)));
      case 'another protocol':
        return send(changed(whole, 2 + random.below(2), 1 + random.below(255)));
      case 'another function':
        return send(changed(whole, 7, 1 + random.below(127)));
      case 'bad length':
        return send(changed(whole, 4 + random.below(2), 1 + random.below(255)));
      case 'bad count':
        return send(changed(whole, 8, 1 + random.below(255)));
      case 'half a frame, the rest late': {
        const half = 1 + random.below(whole.length - 1);
        send(whole.slice(0, half));
        await passed(timeoutMs * (random.below(200) / 100));
        return send(whole.slice(half));
      }
      case 'noise before':
        return send(random.bytes(1 + random.below(12)), whole);
      case 'noise after':
        return send(whole, random.bytes(1 + random.below(12)));
      case 'pieces with pauses':
        for (let at = 0, length = 1; at < whole.length; at += length) {
          length = 1 + random.below(6);
          send(whole.slice(at, at + length));
          await passed(1 + random.below(3));
        }
        return;
      case 'exception':
        return send(framed(whole[0]! * 256 + whole[1]!, whole[6]!, [whole[7]! | 0x80, random.oneOf(exceptions)]));
      case 'closed':
        return void socket.destroy();
      case 'closed within':
        send(whole.slice(0, 1 + random.below(whole.length - 1)));
        return void socket.end();
    }
  }
}

function framed(number: number, unit: number, pdu: readonly number[]): Uint8Array {
  return Uint8Array.from([number >> 8, number & 0xff, 0, 0, 0, pdu.length + 1, unit, ...pdu]);
}

function changed(frame: Uint8Array, at: number, by: number): Uint8Array {
  const other = Uint8Array.from(frame);
  other[at]! ^= by;
  return other;
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

const QUESTION_LENGTH = 12;

import { openPty, type Pty } from './pty.ts';
import { type SlaveQuestion, withChecksum } from './modbus-slave.ts';
import type { SeededRandom } from './random.ts';

/** What can go wrong with one answer. */
export const LINE_FAULTS = [
  'late',
  'later than the next question',
  'silent once',
  'echo',
  'half a frame',
  'noise before',
  'noise after',
  'frame of another unit',
  'pieces with pauses',
  'bad checksum',
  'bad length',
  'exception',
  'another master, another unit',
  'another master, same unit',
] as const;

/** One of them, or nothing. */
export type LineFault = (typeof LINE_FAULTS)[number];

/** What can go wrong with an echo, where the adapter gives one. */
export const ECHO_FAULTS = ['echo lost', 'echo damaged', 'echo in pieces'] as const;

/** What a faulty line is made of. */
export interface FaultyLineParts {
  readonly random: SeededRandom;
  /** The time-out that its devices are asked with, in milliseconds: late answers come after it. */
  readonly timeoutMs: number;
  /** Units that answer Modbus questions; questions in text are answered for any unit. */
  readonly units: readonly number[];
  /** How many of a hundred answers go wrong. */
  readonly faultsInHundred: number;
  /** The answer to a Modbus question from its function on, by the number of the question on this line; four registers that name it unless given. */
  readonly answer?: ((question: SlaveQuestion, number: number) => readonly number[]) | undefined;
  /** The refusals that are done to an answer; 2, 4 and 6 unless given. */
  readonly exceptions?: readonly number[] | undefined;
  /** Whether the adapter gives every byte back that is sent, most of the time. */
  readonly echo?: boolean | undefined;
}

/**
 * A line of simulated slaves on a pseudo-terminal whose answers go wrong by chance. Each answer names its unit, the place
 * that was asked for and the number of the question on this line, so that a wrong or an old one shows. A slave
 * answers one question after the other, however late it is. It shares no code with the gateway but the checksum.
 */
export class FaultyLine {
  /** How many questions came, to any unit. */
  questions = 0;
  /** How often each fault was done to an answer. */
  readonly injected = new Map<Injected, number>();
  faultsInHundred: number;
  readonly #parts: FaultyLineParts;
  readonly #busy = new Map<number, Promise<void>>();
  #pty: Pty;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(parts: FaultyLineParts) {
    this.#parts = parts;
    this.faultsInHundred = parts.faultsInHundred;
    this.#pty = this.#plugged();
  }

  /** The port to open now. */
  get path(): string {
    return this.#pty.path;
  }

  /** Pulls the adapter; the slaves do not know and go on with what they were about to say, to the next one. */
  unplug(): void {
    this.#count('unplug');
    this.#pty.close();
    this.#buffer = new Uint8Array(0);
    this.#pty = this.#plugged();
  }

  close(): void {
    this.#pty.close();
  }

  #plugged(): Pty {
    const pty = openPty();
    pty.onData((chunk) => {
      if (pty !== this.#pty) return;
      if (this.#parts.echo === true) this.#echo(chunk);
      this.#feed(chunk);
    });
    return pty;
  }

  #echo(chunk: Uint8Array): void {
    const { random } = this.#parts;
    const fault = random.below(400) < this.faultsInHundred ? random.oneOf(ECHO_FAULTS) : undefined; // a quarter as often as those of answers
    if (fault !== undefined) this.#count(fault);
    if (fault === 'echo lost') return;
    const back = Uint8Array.from(chunk);
    if (fault === 'echo damaged') back[random.below(back.length)]! ^= 1 << random.below(8);
    if (fault !== 'echo in pieces') return this.#send(back);
    this.#send(back.slice(0, 3)); // the rest comes before any answer, which takes a millisecond at least
    this.#send(back.slice(3));
  }

  #feed(chunk: Uint8Array): void {
    this.#buffer = Uint8Array.from([...this.#buffer, ...chunk]);
    while (this.#buffer.length > 0) {
      const end = this.#buffer.indexOf(TEXT_END);
      if (this.#buffer[0] === TEXT_START && end > 0) {
        const [unit = 0, place = 0] = Buffer.from(this.#buffer.subarray(1, end)).toString().split(':').map(Number);
        this.#take(end + 1, unit, (number) => textAnswer(unit, place, number));
      } else if (this.#buffer.length >= QUESTION_LENGTH && isQuestion(this.#buffer)) {
        const [unit = 0, code = 0, high = 0, low = 0, ...counted] = this.#buffer;
        const count = (counted[0] ?? 0) * 256 + (counted[1] ?? 0);
        const { answer = modbusAnswer } = this.#parts;
        this.#take(QUESTION_LENGTH, unit, (number, place = high * 256 + low, from = unit) => withChecksum([from, ...answer({ address: from, function: code, start: place, count }, number)]));
      } else if (this.#buffer.length < QUESTION_LENGTH) {
        return;
      } else {
        this.#buffer = this.#buffer.subarray(1);
      }
    }
  }

  #take(length: number, unit: number, compose: Compose): void {
    const question = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.questions += 1;
    const number = this.questions;
    if (question[0] !== TEXT_START && !this.#parts.units.includes(unit)) return;
    const before = this.#busy.get(unit) ?? Promise.resolve();
    this.#busy.set(unit, before.then(() => this.#answer(question, number, compose)));
  }

  async #answer(question: Uint8Array, number: number, compose: Compose): Promise<void> {
    const { random, timeoutMs } = this.#parts;
    const fault = random.below(100) < this.faultsInHundred ? random.oneOf(LINE_FAULTS) : undefined;
    if (fault !== undefined && !(question[0] === TEXT_START && MODBUS_ONLY.has(fault))) this.#count(fault);
    const whole = compose(number);
    const [unit = 0, code = 0, high = 0, low = 0] = question;
    const otherPlace = high * 256 + low + 1;
    await passed(1 + random.below(3));
    if (question[0] === TEXT_START && fault !== undefined && MODBUS_ONLY.has(fault)) return this.#send(whole);
    switch (fault) {
      case undefined:
        return this.#send(whole);
      case 'late':
        await passed(timeoutMs * (1 + random.below(100) / 100));
        return this.#send(whole);
      case 'later than the next question':
        await passed(timeoutMs * (2 + random.below(400) / 100));
        return this.#send(whole);
      case 'silent once':
        return;
      case 'echo':
        return this.#send(question, whole);
      case 'half a frame':
        return this.#send(whole.slice(0, 1 + random.below(whole.length - 1)));
      case 'noise before':
        return this.#send(random.bytes(1 + random.below(12)), whole);
      case 'noise after':
        return this.#send(whole, random.bytes(1 + random.below(12)));
      case 'frame of another unit':
        return this.#send(compose(number, undefined, unit + 1), whole);
      case 'pieces with pauses':
        for (let at = 0, length = 1; at < whole.length; at += length) {
          length = 1 + random.below(6);
          this.#send(whole.slice(at, at + length));
          await passed(1 + random.below(3));
        }
        return;
      case 'bad checksum': {
        const bad = Uint8Array.from(whole);
        bad[random.below(bad.length)]! ^= 1 << random.below(8);
        return this.#send(bad);
      }
      case 'bad length':
        return this.#send(withChecksum([unit, code, whole[2]! + 2 * (1 + random.below(3)) * (random.below(2) === 0 ? 1 : -1), ...whole.slice(3, -2)]));
      case 'exception':
        return this.#send(withChecksum([unit, code | 0x80, random.oneOf(this.#parts.exceptions ?? [2, 4, 6])]));
      case 'another master, another unit':
        this.#send(withChecksum([unit + 1, code, ...question.slice(2, 6)]));
        await passed(3);
        return this.#send(compose(number, otherPlace, unit + 1), whole);
      case 'another master, same unit': // ours is lost where both spoke at once
        this.#send(withChecksum([unit, code, otherPlace >> 8, otherPlace & 0xff, ...question.slice(4, 6)]));
        await passed(3 + random.below(5));
        return this.#send(compose(number, otherPlace));
    }
  }

  #send(...parts: readonly Uint8Array[]): void {
    void this.#pty.write(Buffer.concat(parts));
  }

  #count(fault: Injected): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
  }
}

/** All that can be done to a line. */
type Injected = LineFault | (typeof ECHO_FAULTS)[number] | 'unplug';

type Compose = (number: number, place?: number, from?: number) => Uint8Array;

/** Four registers: the unit, the place, and the question's number in two. */
function modbusAnswer({ address, function: code, start }: SlaveQuestion, number: number): readonly number[] {
  const words = [address, start, number >> 16, number & 0xffff];
  return [code, 8, ...words.flatMap((word) => [word >> 8, word & 0xff])];
}

/** The same in text, such as "=5:100:77:1a2b" and a carriage return, with its Modbus checksum. */
function textAnswer(unit: number, place: number, number: number): Uint8Array {
  const text = `=${unit}:${place}:${number}:`;
  const crc = Buffer.from(withChecksum([...Buffer.from(text)]).slice(-2)).toString('hex');
  return Buffer.from(`${text}${crc}\r`);
}

function isQuestion(buffer: Uint8Array): boolean {
  return Buffer.from(buffer.subarray(0, QUESTION_LENGTH)).equals(withChecksum([...buffer.subarray(0, QUESTION_LENGTH - 2)]));
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Faults whose bytes are made of a Modbus question. */
const MODBUS_ONLY: ReadonlySet<LineFault> = new Set(['frame of another unit', 'bad length', 'exception', 'another master, another unit', 'another master, same unit']);
const QUESTION_LENGTH = 8;
const TEXT_START = 0x3f;
const TEXT_END = 0x0d;

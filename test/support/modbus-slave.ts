import { crc16Modbus } from '../../src/driver-kit/checksum.ts';

/** What goes wrong with one answer. */
export interface SlaveFault {
  /** Says nothing. */
  readonly silent?: boolean;
  /** Says nothing to questions that begin at this register. */
  readonly silentAt?: number;
  /** Answers after so many milliseconds in place of the usual. */
  readonly afterMs?: number;
  /** Gives the question back first, as an adapter does that leaves its receiver on. */
  readonly echo?: boolean;
  /** Sends the first half of the answer only. */
  readonly half?: boolean;
  readonly noiseBefore?: Uint8Array;
  readonly noiseAfter?: Uint8Array;
  /** Another device's answer comes first. */
  readonly foreignFirst?: boolean;
  readonly badChecksum?: boolean;
  /** Refuses with this exception code. */
  readonly exception?: number;
  /** Sends in pieces of so many bytes, so many milliseconds apart. */
  readonly pieces?: { readonly bytes: number; readonly everyMs: number };
}

/** A question as the slave understood it. */
export interface SlaveQuestion {
  readonly address: number;
  readonly function: number;
  readonly start: number;
  readonly count: number;
}

/** What a simulated slave is made of. */
export interface SlaveParts {
  readonly address: number;
  /** Puts bytes on the line. */
  readonly send: (bytes: Uint8Array) => void;
  /** How it waits; the real clock unless a fake is given. */
  readonly after?: (delayMs: number, action: () => void) => void;
  /** How long it takes to answer. */
  readonly answerMs?: number;
  /** Whether it answers one question after another, however long that takes, as most do; or each in its own time. */
  readonly oneByOne?: boolean;
  /** What stands in a register; its own address unless told otherwise, so that no answer passes for another. */
  readonly register?: (address: number) => number;
}

/**
 * A Modbus RTU slave on a pipe of bytes: `feed` it what the master sends, and it answers through `send`. It shares no
 * code with the driver but the checksum.
 */
export class ModbusSlave {
  /** Every question to its address, in order. */
  readonly questions: SlaveQuestion[] = [];
  /** What goes wrong with the next answers, one each; after that `fault` holds. */
  readonly nextFaults: SlaveFault[] = [];
  fault: SlaveFault = {};
  readonly #parts: Required<SlaveParts>;
  readonly #waiting: (() => void)[] = [];
  #buffer = new Uint8Array(0);

  constructor(parts: SlaveParts) {
    this.#parts = {
      after: (delayMs, action) => void setTimeout(action, delayMs),
      answerMs: 10,
      oneByOne: true,
      register: (address) => address,
      ...parts,
    };
  }

  /** Takes bytes of the master, in chunks of any size. */
  feed(bytes: Uint8Array): void {
    this.#buffer = Uint8Array.from([...this.#buffer, ...bytes]);
    while (this.#buffer.length >= QUESTION_LENGTH) {
      const question = this.#buffer.slice(0, QUESTION_LENGTH);
      const fits = crc16Modbus(question, 0, 6) === question[6]! + question[7]! * 256;
      this.#buffer = this.#buffer.slice(fits ? QUESTION_LENGTH : 1);
      if (fits && question[0] === this.#parts.address) this.#answer(question);
    }
  }

  #answer(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer);
    const question = { address: bytes[0]!, function: bytes[1]!, start: view.getUint16(2), count: view.getUint16(4) };
    this.questions.push(question);
    const fault = this.nextFaults.shift() ?? this.fault;
    if (fault.echo === true) this.#parts.send(bytes);
    if (fault.silent === true || fault.silentAt === question.start) return;
    const answer = (): void => {
      this.#parts.after(fault.afterMs ?? this.#parts.answerMs, () => {
        this.#send(this.#frame(question, fault), fault);
        this.#waiting.shift();
        this.#waiting[0]?.();
      });
    };
    if (!this.#parts.oneByOne) answer();
    else if (this.#waiting.push(answer) === 1) answer();
  }

  #frame(question: SlaveQuestion, fault: SlaveFault): Uint8Array {
    const whole = this.#wholeAnswer(question, fault.exception);
    if (fault.badChecksum === true) whole[whole.length - 1]! ^= 0xff;
    const answer = fault.half === true ? whole.slice(0, whole.length / 2) : whole;
    const foreign = fault.foreignFirst === true ? withChecksum([(question.address % 247) + 1, ...whole.slice(1, -2)]) : [];
    return Uint8Array.from([...(fault.noiseBefore ?? []), ...foreign, ...answer, ...(fault.noiseAfter ?? [])]);
  }

  #wholeAnswer({ address, function: code, start, count }: SlaveQuestion, exception: number | undefined): Uint8Array {
    if (exception !== undefined) return withChecksum([address, code | 0x80, exception]);
    if (code < 1 || code > 4) return withChecksum([address, code | 0x80, 1]);
    const values = Array.from({ length: count }, (_, index) => this.#parts.register(start + index) & 0xffff);
    const bytes = code > 2 ? values.flatMap((value) => [value >> 8, value & 0xff]) : packed(values);
    return withChecksum([address, code, bytes.length, ...bytes]);
  }

  #send(bytes: Uint8Array, { pieces }: SlaveFault): void {
    if (pieces === undefined) {
      this.#parts.send(bytes);
      return;
    }
    this.#parts.send(bytes.slice(0, pieces.bytes));
    const rest = bytes.slice(pieces.bytes);
    if (rest.length > 0) this.#parts.after(pieces.everyMs, () => this.#send(rest, { pieces }));
  }
}

/** The bytes with their Modbus checksum behind them. */
export function withChecksum(bytes: readonly number[]): Uint8Array {
  const crc = crc16Modbus(Uint8Array.from(bytes));
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8]);
}

function packed(values: readonly number[]): number[] {
  const bytes = Array.from({ length: Math.ceil(values.length / 8) }, () => 0);
  for (const [index, value] of values.entries()) bytes[index >> 3]! |= (value & 1) << (index & 7);
  return bytes;
}

const QUESTION_LENGTH = 8;

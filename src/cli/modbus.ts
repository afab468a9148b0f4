import { candidatesOf } from '../../drivers/modbus/candidates.ts';
import type { Question, ReadFunction } from '../../drivers/modbus/codec.ts';
import { spokenDuration } from '../core/amount.ts';
import { printable } from '../core/printable.ts';
import { hexOf } from '../driver-kit/bytes.ts';
import type { Answered, ModbusLine } from './modbus-line.ts';

/** What each of the commands needs. */
export interface ModbusCommandParts {
  readonly line: ModbusLine;
  readonly write: (text: string) => void;
}

/** What `tailgate modbus scan` is asked for. */
export interface ScanWish {
  readonly first: number;
  readonly last: number;
  readonly function: ReadFunction;
  readonly start: number;
  readonly responseTimeoutMs: number;
  /** When to give up, and say where. */
  readonly withinMs: number;
  readonly nowMs: () => number;
  /** Told how far it is, every few seconds. */
  readonly progress: (text: string) => void;
}

/** Asks each address for one register; who answers, even with a refusal, is there. The exit code is 0 when somebody is. */
export async function scanModbus(wish: ScanWish, { line, write }: ModbusCommandParts): Promise<number> {
  const { first, last, function: code, start, withinMs, nowMs, progress } = wish;
  const beganMs = nowMs();
  let toldMs = beganMs;
  let found = 0;
  write(`asking addresses ${first} to ${last} ${line.way}; takes up to ${spokenDuration(Math.ceil(((last - first + 1) * (wish.responseTimeoutMs + EACH_MS)) / 1000) * 1000)}`);
  for (let address = first; address <= last; address += 1) {
    if (nowMs() - beganMs >= withinMs) {
      write(`stopped after ${spokenDuration(withinMs)}: go on with --from ${address}`);
      return found > 0 ? 0 : 1;
    }
    const answer = await line.ask({ address, function: code, start, count: 1 });
    if (answer.kind !== 'silent') {
      found += 1;
      write(`${String(address).padStart(3)}  ${foundWords(answer)}`);
    }
    if (nowMs() - toldMs >= PROGRESS_EVERY_MS) {
      toldMs = nowMs();
      progress(`${address} of ${last}, ${found} found`);
    }
  }
  write(found === 0 ? 'nobody answered. Check the baud rate, the parity, the wiring (A/B) and the power' : `${found} found`);
  return found > 0 ? 0 : 1;
}

/** Reads registers or bits and prints each. The exit code is 1 when some were not had. */
export async function readModbus(question: Question, { line, write }: ModbusCommandParts): Promise<number> {
  const most = question.function <= 2 ? BITS_AT_ONCE : REGISTERS_AT_ONCE;
  let failed = false;
  write(question.function <= 2 ? 'bit' : 'register     hex   unsigned  signed');
  for (let done = 0; done < question.count; done += most) {
    const part = { ...question, start: question.start + done, count: Math.min(most, question.count - done) };
    const answer = await line.ask(part);
    failed ||= answer.kind !== 'values';
    for (const text of answer.kind === 'values' ? valueLines(part, answer.bytes) : [`${part.start} to ${part.start + part.count - 1}: ${missingWords(answer)}`]) write(text);
  }
  return failed ? 1 : 0;
}

/** Reads registers and prints every way to read them. The exit code is 1 when they were not had. */
export async function decodeModbus(question: Question, { line, write }: ModbusCommandParts): Promise<number> {
  const answer = await line.ask(question);
  if (answer.kind !== 'values') {
    write(missingWords(answer));
    return 1;
  }
  for (const text of decodings(answer.bytes, question.start)) write(text);
  return 0;
}

/** Every way to read some registers, as a table for each register and each two and four in a row; doubtful ones get a question mark. */
export function decodings(bytes: Uint8Array, start: number): readonly string[] {
  const registers = bytes.length / 2;
  const windows = [1, 2, 4].flatMap((size) => Array.from({ length: Math.max(0, registers - size + 1) }, (_, at) => ({ at, size })));
  return [...windows.flatMap(({ at, size }) => table(bytes.subarray(2 * at, 2 * (at + size)), start + at)), '? hardly what the device means: compare with its own display'];
}

function table(wire: Uint8Array, start: number): readonly string[] {
  const candidates = candidatesOf(wire);
  const orders = [...new Set(candidates.filter(({ type }) => type !== 'string').map(({ order }) => order))];
  const types = [...new Set(candidates.map(({ type }) => type))];
  const end = start + wire.length / 2 - 1;
  const head = `${start === end ? `register ${start}` : `registers ${start} to ${end}`}  (0x${hex(start)})  ${hexOf(wire).replace(/(.{4})(?=.)/g, '$1 ')}`;
  const rows = types.map((type) => {
    const cells = candidates.filter((candidate) => candidate.type === type).map(({ text, doubt }) => `${text}${doubt === undefined ? '' : ' ?'}`);
    return `  ${type.padEnd(TYPE_WIDTH)}${cells.map((cell) => cell.padEnd(CELL_WIDTH)).join(' ')}`.trimEnd();
  });
  return [head, `  ${''.padEnd(TYPE_WIDTH)}${orders.map((order) => order.padEnd(CELL_WIDTH)).join(' ')}`.trimEnd(), ...rows, ''];
}

function foundWords(answer: Exclude<Answered, { readonly kind: 'silent' }>): string {
  if (answer.kind === 'values') return `answers: ${hexOf(answer.bytes)}`;
  if (answer.kind === 'refusal') return `answers: ${printable(answer.reason)}`;
  return `something answers, but ${printable(answer.what)}: another baud rate or parity, or two devices with one address`;
}

function missingWords(answer: Exclude<Answered, { readonly kind: 'values' }>): string {
  return printable(answer.kind === 'refusal' ? answer.reason : answer.what);
}

function valueLines({ function: code, start, count }: Question, bytes: Uint8Array): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const number = start + at;
    if (code <= 2) return `${String(number).padStart(5)}  ${((bytes[at >> 3] ?? 0) >> (at & 7)) & 1}`;
    const value = ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0);
    return `${String(number).padStart(5)} 0x${hex(number)}  ${hex(value)}  ${String(value).padStart(8)}  ${String(value > 0x7fff ? value - 0x10000 : value).padStart(6)}`;
  });
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0');
}

const PROGRESS_EVERY_MS = 3000;
/** What a question takes beside the wait for its answer: silence before it, and its own bytes. */
const EACH_MS = 20;
/** Many devices answer no more at once. */
const REGISTERS_AT_ONCE = 60;
const BITS_AT_ONCE = 960;
const TYPE_WIDTH = 9;
const CELL_WIDTH = 22;

import { hexOf } from '../../src/driver-kit/bytes.ts';
import { Decimal, printable } from '../../src/driver-kit/vocabulary.ts';
import { decodedRegisters, type Order, ORDERS, REGISTERS_OF, type RegisterType } from './registers.ts';

/** One way to read some registers, and whether a meter is likely to mean it. */
export interface Candidate {
  readonly type: RegisterType;
  readonly order: Order;
  /** The value's digits, a text in quotes, or why there is none. */
  readonly text: string;
  /** Why it is hardly what the device means; undefined for a plausible one. */
  readonly doubt?: string | undefined;
}

/** Every way to read exactly these registers, given as they came over the wire: all types of that length in all orders. */
export function candidatesOf(wire: Uint8Array): readonly Candidate[] {
  const types = TYPES.filter((type) => REGISTERS_OF[type] === wire.length / 2);
  const numbers = types.flatMap((type) => ordersOf(wire.length).map((order) => candidate(wire, type, order)));
  return [...numbers, ...(['AB', 'BA'] as const).map((order) => candidate(wire, 'string', order))];
}

function ordersOf(bytes: number): readonly Order[] {
  return Object.keys(ORDERS).filter((name): name is Order => name.length === bytes);
}

function candidate(wire: Uint8Array, type: RegisterType, order: Order): Candidate {
  const { value } = decodedRegisters(wire, { type, order, noValue: [] });
  if (typeof value === 'string') return { type, order, text: `"${printable(value)}"`, doubt: /^[\x20-\x7e]+$/.test(value) ? undefined : 'no plain text' };
  if (!(value instanceof Decimal)) return { type, order, text: value.missing, doubt: 'no value' };
  return { type, order, text: shown(value, type), doubt: doubtOf(value, type, wire) };
}

/** Floats of any size in as many characters as a column holds. */
function shown(value: Decimal, type: RegisterType): string {
  const digits = value.toString();
  return type.startsWith('float') && digits.length > DIGITS_SHOWN_MAX ? value.toNumber().toExponential(6) : digits;
}

function doubtOf(value: Decimal, type: RegisterType, wire: Uint8Array): string | undefined {
  if (SENTINELS.test(hexOf(wire)) && !type.endsWith('L') && !type.endsWith('H')) return 'often means "no value"';
  const size = Math.abs(value.toNumber());
  if (size === 0) return undefined;
  if (type.startsWith('float')) return size < FLOAT_LEAST || size > FLOAT_MOST ? 'hardly a measured size' : undefined;
  if (REGISTERS_OF[type] === 2 && size >= LARGE_32) return 'very large';
  return REGISTERS_OF[type] === 4 && size >= LARGE_64 ? 'very large' : undefined;
}

const TYPES = Object.keys(REGISTERS_OF).filter((type): type is RegisterType => type !== 'bit' && type !== 'string');
/** The codes for "no value" that are met most, in any order of the bytes. */
const SENTINELS = /^(?:(?:FFFF)+|8000(?:0000)*|7FFF(?:FFFF)*|0080|FF7F|00008000|FFFF7FFF)$/;
const DIGITS_SHOWN_MAX = 18;
const FLOAT_LEAST = 1e-6;
const FLOAT_MOST = 1e10;
const LARGE_32 = 1e9;
const LARGE_64 = 1e13;

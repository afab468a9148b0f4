import type { ReadFunction } from './codec.ts';
import { isBits } from './codec.ts';
import type { Point, Term, WrittenPoint, WrittenProfile } from './profile.ts';
import { type Fraction, fractionOf, rounded } from './fraction.ts';
import { Decimal } from '../../src/driver-kit/vocabulary.ts';
import { bitsOf, isInteger, type NoValueCode, type Order, ORDERS, REGISTERS_OF, type RegisterType } from './registers.ts';

/** Why a point cannot be used, and at which of its keys. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly problem: string;
}

/** The point with the defaults of its profile and wire addresses, or what is wrong with it. */
export function compiledPoint(meter: string, given: WrittenPoint, profile: WrittenProfile): Point | Problem {
  const addends = addendsOf(given);
  if ('problem' in addends) return addends;
  const places: Place[] = [];
  for (const addend of addends) {
    const place = placed(addend, given, profile);
    if ('problem' in place) return place;
    places.push(place);
  }
  return joinedPlaces(meter, given, places, profile.registersMax);
}

/** One addend with its own wire address, before the point's start is known. */
interface Place extends Omit<Term, 'at'> {
  readonly function: ReadFunction;
  readonly start: number;
}

interface Addend {
  readonly path: readonly (string | number)[];
  readonly address: number;
  readonly type: RegisterType | undefined;
  readonly weight: Term['weight'];
}

function addendsOf({ address, terms }: WrittenPoint): readonly Addend[] | Problem {
  if (terms !== undefined && address !== undefined) return { path: ['terms'], problem: 'give an address or terms, not both' };
  if (terms !== undefined) return terms.map((term, index) => ({ ...term, path: ['terms', index, 'address'], type: term.type }));
  if (address === undefined) return { path: [], problem: 'give the address of the value, or terms' };
  return [{ path: ['address'], address, type: undefined, weight: fractionOf(Decimal.of(1)) }];
}

function placed(addend: Addend, given: WrittenPoint, profile: WrittenProfile): Place | Problem {
  const wire = wireAddress(addend.address, given.function ?? profile.function, profile.notation);
  if (typeof wire === 'string') return { path: addend.path, problem: wire };
  const type = addend.type ?? given.type ?? (isBits(wire.function) ? 'bit' : profile.type);
  if (type === undefined) return { path: [], problem: 'give a type here or for the whole profile' };
  const own = addend.type === undefined ? given.order : undefined;
  const wrong = misfit(type, given, wire.function) ?? misfitOrder(type, own, given.order ?? profile.order);
  if (wrong !== undefined) return wrong;
  if (isZero(addend.weight)) return { path: [...addend.path.slice(0, -1), 'weight'], problem: 'weight 0 leaves this addend out; leave it out of the terms' };
  const noValue = compiledNoValue(given.noValue ?? profile.noValue[type] ?? {}, type);
  if ('problem' in noValue) return noValue;
  const mask = given.bit === undefined ? given.mask : 2 ** given.bit;
  return {
    ...wire,
    count: type === 'string' ? (given.length ?? 1) : REGISTERS_OF[type],
    type,
    order: given.order ?? profile.order,
    mask: mask === undefined ? undefined : BigInt(mask),
    noValue,
    weight: addend.weight,
  };
}

function joinedPlaces(meter: string, given: WrittenPoint, places: readonly Place[], registersMax: number): Point | Problem {
  const { quantity, kind, alone, scale, offset, minimum, maximum, decimals, rollover, reset } = given;
  const [first] = places;
  const start = Math.min(...places.map((place) => place.start));
  const end = Math.max(...places.map((place) => place.start + place.count));
  if (first === undefined || places.some((place) => place.function !== first.function)) {
    return { path: ['terms'], problem: 'all terms must be read with one function' };
  }
  if (end > 0x10000) return { path: ['address'], problem: 'the last register has no address: 65535 is the highest' };
  if (end - start > registersMax) return { path: [], problem: `it takes more than registersMax (${registersMax}) in one request` };
  const terms = places.map(({ start: at, ...term }) => ({ ...term, at: at - start }));
  const rateMax = given.rateMax && rounded(given.rateMax, RATE_DECIMALS);
  return { meter, quantity, kind, function: first.function, start, count: end - start, alone, terms, scale, offset, minimum, maximum, decimals, rollover, reset, rateMax };
}

/** What a type cannot do; undefined when all fits. */
function misfit(type: RegisterType, given: WrittenPoint, code: ReadFunction): Problem | undefined {
  const says = (key: string, problem: string): Problem => ({ path: [key], problem });
  if (isBits(code) && type !== 'bit') return says('type', 'functions 1 and 2 read single bits: type bit');
  if (isBits(code) && (given.bit ?? given.mask) !== undefined) return says('bit', 'functions 1 and 2 read single bits: give no bit or mask');
  if (!isBits(code) && type === 'bit' && given.bit === undefined) return says('bit', 'say which bit of the register');
  if (given.bit !== undefined && type !== 'bit') return says('bit', 'only for type bit; use mask to take several bits');
  if (given.mask !== undefined && !isInteger(type)) return says('mask', 'only for integers');
  if (given.mask !== undefined && BigInt(given.mask) >> BigInt(bitsOf(type)) > 0n) return says('mask', `wider than ${type}`);
  if ((type === 'string') !== (given.length !== undefined)) return says('length', 'a string needs a length, and nothing else takes one');
  if ((type === 'string') !== (given.kind === 'characteristic')) return says('kind', 'a string is a characteristic, and nothing else is');
  if (type === 'string' && given.terms !== undefined) return says('terms', 'texts cannot be added');
  if (type === 'string' && !isOne(given.scale)) return says('scale', 'texts cannot be scaled');
  if (type === 'string' && !isZero(given.offset)) return says('offset', 'texts cannot be shifted');
  if (isBits(code) && given.noValue !== undefined) return says('noValue', 'a single bit has no code for "no value"');
  const ofCounter = (['rollover', 'reset', 'rateMax'] as const).find((key) => given[key] !== undefined);
  if (given.kind !== 'counter' && ofCounter !== undefined) return says(ofCounter, 'only for counters');
  if (type === 'string' && (given.minimum ?? given.maximum) !== undefined) return says(given.minimum === undefined ? 'maximum' : 'minimum', 'texts have no size');
  if (isZero(given.scale)) return says('scale', 'scale 0 makes every value 0');
  return undefined;
}

/**
 * What is wrong with a byte order; undefined when it fits. One that stands at the point itself has a letter for each
 * byte of the type. One of the whole profile may also have four, whatever the type: its two swaps are the same for all.
 */
function misfitOrder(type: RegisterType, own: Order | undefined, order: Order): Problem | undefined {
  const bytes = type === 'string' ? 2 : 2 * REGISTERS_OF[type];
  if (order.length === bytes || (own === undefined && order.length === 4)) return undefined;
  const fitting = Object.keys(ORDERS).filter((name) => name.length === bytes);
  return { path: ['order'], problem: `${order} is no order of ${type === 'string' ? 'a string' : type}; write ${fitting.join(', ')}` };
}

/** Turns the notation of a document into function and wire address; a text says what is wrong. */
function wireAddress(
  address: number,
  code: ReadFunction | undefined,
  notation: WrittenProfile['notation'],
): { readonly function: ReadFunction; readonly start: number } | string {
  if (notation === 'modicon') {
    const [thousand, span] = address > 99_999 ? [100_000, 65_536] : [10_000, 9_999];
    const range = MODICON.get(Math.floor(address / thousand));
    const number = address % thousand;
    if (range === undefined || number < 1 || number > span) return 'not a number like 40001, 30001, 10001 or 1';
    return code === undefined || code === range ? { function: range, start: number - 1 } : `its first digit means function ${range}`;
  }
  if (code === undefined) return 'give a function here or for the whole profile';
  const start = notation === 'one-based' ? address - 1 : address;
  return start < 0 || start > 0xffff ? 'outside of what Modbus can address' : { function: code, start };
}

function compiledNoValue(codes: Readonly<Record<string, string>>, type: RegisterType): readonly NoValueCode[] | Problem {
  if (type === 'string' && Object.keys(codes).length > 0) {
    return { path: ['noValue'], problem: 'a text has no such codes; an empty one has no value' };
  }
  const width = bitsOf(type);
  const compiled: NoValueCode[] = [];
  for (const [key, means] of Object.entries(codes)) {
    const [from, to = from, ...more] = key.split('..').map((text) => codeBits(text, width));
    if (from === undefined || to === undefined || more.length > 0) {
      return { path: ['noValue'], problem: `${key} is no code of ${type}; write it as 0x8000 or "0xFFF8..0xFFFF"` };
    }
    if (from > to) {
      return { path: ['noValue'], problem: `${key} holds no code: the bits of its start (${hex(from)}) are above those of its end (${hex(to)})` };
    }
    compiled.push({ from, to, means });
  }
  return compiled;
}

/** The bits of an integer of this width; a negative one stands as its two's complement. */
function codeBits(text: string, width: number): bigint | undefined {
  if (!/^(?:0x[0-9A-Fa-f]{1,16}|-?\d{1,20})$/.test(text)) return undefined;
  const value = BigInt(text);
  const fits = value < 1n << BigInt(width) && value >= -(1n << BigInt(width - 1));
  return fits ? BigInt.asUintN(width, value) : undefined;
}

function hex(bits: bigint): string {
  return `0x${bits.toString(16).toUpperCase()}`;
}

function isZero({ numerator }: Fraction): boolean {
  return numerator.unscaled === 0n;
}

function isOne({ numerator, denominator }: Fraction): boolean {
  return numerator.toString() === denominator.toString();
}

/** Coils, discrete inputs, input registers, holding registers, by the first digit of the Modicon number. */
const MODICON: ReadonlyMap<number, ReadFunction> = new Map([
  [0, 1],
  [1, 2],
  [3, 4],
  [4, 3],
]);

const RATE_DECIMALS = 9;

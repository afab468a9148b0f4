import { z } from '../../src/driver-kit/options.ts';
import { type MeterKind, QUANTITIES, type Quantity } from '../../src/driver-kit/vocabulary.ts';
import type { ReadFunction } from './codec.ts';
import { type Fraction, parseFraction } from './fraction.ts';
import { compiledPoint } from './points.ts';
import { type Coding, ORDERS, type Order, REGISTERS_OF, type RegisterType } from './registers.ts';

/** What a profile says of one model of meter, checked and turned into wire addresses. */
export interface Profile {
  readonly brand: string;
  readonly model: string;
  readonly points: readonly Point[];
  /** The most registers that one question asks for. */
  readonly registersMax: number;
  /** The most registers between two points that one question still spans. */
  readonly gapMax: number;
}

/** One meter and where its value stands. `start`, `count` and `at` are bits for functions 1 and 2, else registers. */
export interface Point {
  readonly meter: string;
  readonly quantity: Quantity;
  readonly kind: MeterKind;
  readonly function: ReadFunction;
  readonly start: number;
  readonly count: number;
  /** Never read together with another point. */
  readonly alone: boolean;
  readonly terms: readonly Term[];
  readonly scale: Fraction;
  readonly offset: Fraction;
  readonly minimum?: Fraction | undefined;
  readonly maximum?: Fraction | undefined;
  readonly decimals: number;
}

/** One addend of a point; most points have one. */
export interface Term extends Coding {
  /** Counted from the point's start. */
  readonly at: number;
  readonly count: number;
  readonly weight: Fraction;
}

/** A profile as it is written; `Profile` is what comes out of the schema. */
export type WrittenProfile = z.output<typeof written>;

/** One meter of a profile as it is written. */
export type WrittenPoint = z.output<typeof point>;

/** A decimal number or a fraction as text or number, such as 0.1 or "1/3600". */
const fraction = z.union([z.string(), z.number()]).transform((text, context) => {
  const value = parseFraction(String(text));
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: 'write a decimal number such as "0.1", or a fraction such as "1/3600"' });
  return z.NEVER;
});

const address = z.int().min(0).max(465_536);
const readFunction = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]);
const type = z.enum(namesOf<RegisterType>(REGISTERS_OF));
const order = z.enum(namesOf<Order>(ORDERS));
const noValue = z.record(z.string(), z.string().min(1));

const term = z.strictObject({
  address: address.describe('Where the addend stands, in the notation of the profile.'),
  type: type.optional().describe('The type of the addend, unless it is the one of the point.'),
  weight: fraction.prefault('1').describe('What the addend is multiplied by before it is added, such as "1000" or "1/60".'),
});

const point = z.strictObject({
  address: address.optional().describe('Where the value stands, in the notation of the profile: its first register.'),
  terms: z.array(term).min(2).max(8).optional().describe('In place of an address: addends of one value, read in one request.'),
  quantity: z.enum(namesOf<Quantity>(QUANTITIES)).describe('What is measured; it fixes the unit that scale must lead to.'),
  kind: z.enum(['counter', 'gauge', 'characteristic']).describe('How the value behaves: only up, up and down, or text.'),
  function: readFunction.optional().describe('1 coils, 2 discrete inputs, 3 holding registers, 4 input registers.'),
  type: type.optional().describe('How the registers make a value, unless it is the one of the profile.'),
  order: order.optional().describe('The order of the bytes on the wire, unless it is the one of the profile.'),
  length: z.int().min(1).max(125).optional().describe('How many registers a string takes.'),
  bit: z.int().min(0).max(15).optional().describe('For type bit: which bit of the register, 0 being the lowest.'),
  mask: z.int().min(1).optional().describe('Which bits of an integer count, such as 0x0FF0; they are moved down to bit 0.'),
  noValue: noValue.optional().describe('Codes or "from..to" that mean "no value", and what they say, such as { 0x8000: sensor fault }.'),
  scale: fraction.prefault('1').describe('What the integer is multiplied by, such as "0.1" or "1/3600".'),
  offset: fraction.prefault('0').describe('What is added after scaling.'),
  minimum: fraction.optional().describe('The least value there can be, in the unit of the quantity; what is below has no value.'),
  maximum: fraction.optional().describe('The greatest value there can be, in the unit of the quantity; what is above has no value.'),
  decimals: z.int().min(0).max(9).default(4).describe('Where the result of a fraction is rounded; without one nothing is.'),
  alone: z.boolean().default(false).describe('Never read this point together with another one.'),
});

const written = z.strictObject({
  brand: z.string().min(1).describe('Who makes the meter.'),
  model: z.string().min(1).describe('The model or the range of models, as the maker writes it.'),
  source: z.array(z.string().min(1)).min(1).describe('Where the registers were read: title, revision, page or section, or address.'),
  unverified: z
    .union([z.string().min(1), z.literal(true)])
    .optional()
    .describe('What nobody has checked yet, in words, or true where there is one source only; left out once a real device confirmed it all.'),
  notation: z
    .enum(['zero-based', 'one-based', 'modicon'])
    .describe('How addresses are written: as on the wire, one more than that, or as 40001 with the function in the first digit.'),
  function: readFunction.optional().describe('The function of every point that gives none.'),
  type: type.optional().describe('The type of every point that gives none.'),
  order: order.default('ABCD').describe('The byte order of every point that gives none, A being the highest byte.'),
  noValue: z.partialRecord(type, noValue).default({}).describe('The "no value" codes of every point that gives none, by type.'),
  registersMax: z.int().min(1).max(125).default(60).describe('The most registers that the device answers in one request.'),
  gapMax: z.int().min(0).max(124).default(0).describe('The most unused registers that a request may span to save another one.'),
  meters: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'use lower-case letters, digits and hyphens'), point)
    .refine((meters) => Object.keys(meters).length > 0, 'a profile needs at least one meter')
    .describe('The meters of the device, by name.'),
});

/** The shape of a profile file: what YAML holds in, a `Profile` out. */
export const profile = written.transform((whole, context): Profile => {
  const points = Object.entries(whole.meters).flatMap(([meter, given]) => {
    const result = compiledPoint(meter, given, whole);
    if ('start' in result) return [result];
    context.addIssue({ code: 'custom', path: ['meters', meter, ...result.path], message: result.problem });
    return [];
  });
  const { brand, model, registersMax, gapMax } = whole;
  return { brand, model, registersMax, gapMax, points };
});

function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): [Name, ...Name[]] {
  return Object.keys(table) as [Name, ...Name[]]; // Object.keys forgets which keys; none of the tables is empty
}

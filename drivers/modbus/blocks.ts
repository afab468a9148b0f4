import { isBits, type ReadFunction } from './codec.ts';
import type { Point, Profile } from './profile.ts';

/** What one question reads: neighbouring points of one function. */
export interface Block {
  readonly function: ReadFunction;
  readonly start: number;
  readonly count: number;
  readonly points: readonly Point[];
}

/**
 * The fewest questions that read the points without spanning more than the profile's gap and size, nor all of what the
 * device once `refused` to give in one: a register in between that it lacks would cost the whole block. A point is never cut.
 */
export function blocksOf(points: readonly Point[], limits: BlockLimits, refused: Refused = []): readonly Block[] {
  const sorted = [...points].sort((one, other) => one.function - other.function || one.start - other.start || one.count - other.count);
  const blocks: Block[] = [];
  for (const point of sorted) {
    const last = blocks.at(-1);
    if (last !== undefined && mayJoin(last, point, limits, refused)) blocks[blocks.length - 1] = joined(last, point);
    else blocks.push(alone(point));
  }
  return blocks;
}

/** How large blocks may get. */
export type BlockLimits = Pick<Profile, 'gapMax' | 'registersMax'>;

/** What a device refused to give in one answer since it lacks some of it. */
export type Refused = readonly Span[];

/** Some neighbouring registers, or bits for functions 1 and 2. */
export interface Span {
  readonly function: ReadFunction;
  readonly start: number;
  readonly count: number;
}

/**
 * The two halves of a block that the device refuses since it lacks one of its registers; halves find that one in few
 * questions. Points of the same registers, such as the bits of one, stay together; what cannot be divided comes back whole.
 */
export function halvesOf(block: Block): readonly Block[] {
  const places = [...new Set(block.points.map(placeOf))];
  if (places.length < 2) return [block];
  const first = new Set(places.slice(0, Math.ceil(places.length / 2)));
  const [low, high] = [block.points.filter((point) => first.has(placeOf(point))), block.points.filter((point) => !first.has(placeOf(point)))];
  return [low, high].flatMap(([point, ...more]) => (point === undefined ? [] : [more.reduce(joined, alone(point))]));
}

function placeOf({ start, count }: Point): string {
  return `${start}+${count}`;
}

function alone(point: Point): Block {
  return { function: point.function, start: point.start, count: point.count, points: [point] };
}

function mayJoin(block: Block, point: Point, { gapMax, registersMax }: BlockLimits, refused: Refused): boolean {
  const most = isBits(point.function) ? registersMax * BITS_IN_REGISTER : registersMax;
  const both = joined(block, point);
  const samePlace = block.points.every((other) => placeOf(other) === placeOf(point));
  return (
    block.function === point.function &&
    !point.alone &&
    block.points.every((other) => !other.alone) &&
    point.start - (block.start + block.count) <= gapMax &&
    both.count <= most &&
    (samePlace || !refused.some((span) => covers(both, span)))
  );
}

function covers(block: Block, span: Span): boolean {
  return block.function === span.function && block.start <= span.start && block.start + block.count >= span.start + span.count;
}

function joined(block: Block, point: Point): Block {
  const end = Math.max(block.start + block.count, point.start + point.count);
  return { ...block, count: end - block.start, points: [...block.points, point] };
}

const BITS_IN_REGISTER = 16;

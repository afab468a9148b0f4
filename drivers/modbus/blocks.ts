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
 * The fewest questions that read the points without spanning more than the profile's gap and size: a register in
 * between that the model refuses would cost the whole block. A point is never cut.
 */
export function blocksOf(points: readonly Point[], { gapMax, registersMax }: Pick<Profile, 'gapMax' | 'registersMax'>): readonly Block[] {
  const sorted = [...points].sort((one, other) => one.function - other.function || one.start - other.start || one.count - other.count);
  const blocks: Block[] = [];
  for (const point of sorted) {
    const last = blocks.at(-1);
    if (last !== undefined && mayJoin(last, point, gapMax, registersMax)) blocks[blocks.length - 1] = joined(last, point);
    else blocks.push({ function: point.function, start: point.start, count: point.count, points: [point] });
  }
  return blocks;
}

function mayJoin(block: Block, point: Point, gapMax: number, registersMax: number): boolean {
  const most = isBits(point.function) ? registersMax * BITS_IN_REGISTER : registersMax;
  return (
    block.function === point.function &&
    !point.alone &&
    block.points.every(({ alone }) => !alone) &&
    point.start - (block.start + block.count) <= gapMax &&
    joined(block, point).count <= most
  );
}

function joined(block: Block, point: Point): Block {
  const end = Math.max(block.start + block.count, point.start + point.count);
  return { ...block, count: end - block.start, points: [...block.points, point] };
}

const BITS_IN_REGISTER = 16;

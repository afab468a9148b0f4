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

/**
 * The block's points one by one, for a device that refuses the block since it lacks one of its registers. Points of the
 * same registers, such as the bits of one, stay together; what cannot be divided comes back as one block.
 */
export function dividedBlock({ function: code, points }: Block): readonly Block[] {
  const blocks = new Map<string, Block>();
  for (const point of points) {
    const { start, count } = point;
    const same = blocks.get(`${start}+${count}`)?.points ?? [];
    blocks.set(`${start}+${count}`, { function: code, start, count, points: [...same, point] });
  }
  return [...blocks.values()];
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

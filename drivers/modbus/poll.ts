import type { PollingLink } from '../../src/driver-kit/define-driver.ts';
import { type MeterObservation, ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { type Block, blocksOf } from './blocks.ts';
import { decodedReply, encodedQuestion, framingOfReply, isBits, type Reply } from './codec.ts';
import { decodedPoint } from './point-value.ts';
import type { Point, Profile } from './profile.ts';

/** What a poll needs of the device's options. */
interface Polled {
  readonly address: number;
  readonly profile: Profile;
  readonly only?: readonly string[] | undefined;
}

/**
 * Reads all points of a profile, in the profile's order. A block that is refused or left unanswered costs its own
 * points their values; rejects when no block was answered at all.
 */
export async function polledPoints(link: PollingLink, { address, profile, only }: Polled): Promise<readonly MeterObservation[]> {
  const points = chosenPoints(profile.points, only);
  const found = new Map<string, MeterObservation>();
  let unanswered: ProtocolError | undefined;
  let unansweredInARow = 0;
  for (const block of blocksOf(points, profile)) {
    if (unansweredInARow >= UNANSWERED_MAX) break;
    const answer = await asked(link, address, block);
    unansweredInARow = answer instanceof ProtocolError ? unansweredInARow + 1 : 0;
    if (answer instanceof ProtocolError) unanswered ??= answer;
    else for (const point of block.points) found.set(point.meter, observed(point, block, answer));
  }
  if (found.size === 0 && unanswered !== undefined) throw unanswered;
  return points.map((point) => found.get(point.meter) ?? { ...described(point), value: { missing: 'no answer' }, raw: '' });
}

/** The points that `only` names, all of them without it. Throws a ProtocolError for a name that the profile has not. */
export function chosenPoints(points: readonly Point[], only: readonly string[] | undefined): readonly Point[] {
  if (only === undefined) return points;
  const unknown = only.find((meter) => !points.some((point) => point.meter === meter));
  if (unknown === undefined) return points.filter(({ meter }) => only.includes(meter));
  throw new ProtocolError({
    fault: 'unexpected',
    where: 'only',
    what: `the profile has no meter "${unknown}"`,
    remedy: `It has ${points.map(({ meter }) => meter).join(', ')}`,
  });
}

async function asked(link: PollingLink, address: number, block: Block): Promise<Reply | ProtocolError> {
  const question = { address, function: block.function, start: block.start, count: block.count };
  try {
    const frame = await link.exchange({ request: encodedQuestion(question), reply: framingOfReply(question) });
    return decodedReply(frame);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function observed(point: Point, block: Block, reply: Reply): MeterObservation {
  if (reply.kind === 'refusal') return { ...described(point), value: { missing: reply.reason }, raw: reply.raw };
  const at = point.start - block.start;
  if (isBits(point.function)) return { ...described(point), ...decodedPoint(point, reply.bytes, at) };
  return { ...described(point), ...decodedPoint(point, reply.bytes.subarray(2 * at, 2 * (at + point.count)), 0) };
}

function described({ meter, quantity, kind }: Point): Pick<MeterObservation, 'kind' | 'meter' | 'quantity' | 'meterKind'> {
  return { kind: 'meter', meter, quantity, meterKind: kind };
}

/** A device that leaves this many blocks in a row unanswered is not asked for the rest: it would hold up its neighbours. */
const UNANSWERED_MAX = 2;

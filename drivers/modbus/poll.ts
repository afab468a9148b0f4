import type { Emit, PollingLink } from '../../src/driver-kit/define-driver.ts';
import { type MeterObservation, ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { type Block, blocksOf, halvesOf, type Refused } from './blocks.ts';
import { isBits, type Reply } from './codec.ts';
import { exchangeOf, type Protocol } from './exchange.ts';
import { decodedPoint } from './point-value.ts';
import type { Point, Profile } from './profile.ts';

/** What a poll needs of the device's options. */
interface Polled {
  readonly address: number;
  readonly protocol: Protocol;
  readonly profile: Profile;
  readonly only?: readonly string[] | undefined;
}

/**
 * Reads all points of a profile and emits them block by block. A block that is left unanswered costs its own points
 * their values, told at the end; rejects when no block was answered at all. What the device refused in the polls before
 * comes as `refused`; resolves with that and what it refused in this one.
 */
export async function pollPoints(link: PollingLink, polled: Polled, emit: Emit, refused: Refused = []): Promise<Refused> {
  const { profile } = polled;
  const points = chosenPoints(profile.points, polled.only);
  const blocks = [...blocksOf(points, profile, refused)];
  const missing = new Set(points);
  const learnt = [...refused];
  let unanswered: ProtocolError | undefined;
  let answers = 0;
  let unansweredInARow = 0;
  for (let block = blocks.shift(); block !== undefined && unansweredInARow < UNANSWERED_MAX; block = blocks.shift()) {
    const answer = await asked(link, polled, block);
    if (answer instanceof ProtocolError) {
      unanswered ??= answer;
      unansweredInARow += 1;
      continue;
    }
    answers += 1;
    unansweredInARow = 0;
    const isLacking = answer.kind === 'refusal' && LACKING.has(answer.code);
    if (isLacking) learn(learnt, block);
    const parts = isLacking ? halvesOf(block) : [block];
    if (parts.length > 1) blocks.unshift(...parts);
    else emitBlock(block, answer, emit, missing);
  }
  if (answers === 0 && unanswered !== undefined) throw unanswered;
  if (missing.size > 0) emit([...missing].map((point) => ({ ...described(point), value: { missing: 'no answer' }, raw: '' })));
  return learnt;
}

async function asked(link: PollingLink, { address, protocol }: Polled, { function: code, start, count }: Block): Promise<Reply | ProtocolError> {
  const { request, reply, decoded } = exchangeOf({ address, function: code, start, count }, protocol, () => link.nextNumber());
  try {
    return decoded(await link.exchange({ request, reply }));
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function learn(learnt: Refused[number][], { function: code, start, count }: Block): void {
  const known = learnt.some((span) => span.function === code && span.start === start && span.count === count);
  if (!known && learnt.length < LEARNT_MAX) learnt.push({ function: code, start, count });
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

function emitBlock(block: Block, answer: Reply, emit: Emit, missing: Set<Point>): void {
  for (const point of block.points) missing.delete(point);
  emit(block.points.map((point) => observed(point, block, answer)));
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
/**
 * The exceptions that one register, or too many at once, can bring on a whole block: illegal data address, illegal data
 * value (Modbus Application Protocol V1.1b3, section 7).
 */
const LACKING: ReadonlySet<number> = new Set([2, 3]);
/** What is refused beyond this is found out anew at each poll. */
const LEARNT_MAX = 1000;

import type { Emit, PollingLink } from '../../src/driver-kit/define-driver.ts';
import { type MeterObservation, ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { type Block, blocksOf, halvesOf, type Refused, type Span } from './blocks.ts';
import { isBits, type Reply } from './codec.ts';
import { counterShape } from './counter-shape.ts';
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

/** What the polls so far have shown of a device. */
export interface Learnt {
  readonly refused: Refused;
  /** What it left unanswered when it was last asked for it; what was asked longest ago first. */
  readonly silent: readonly Span[];
}

/**
 * Reads all points of a profile and emits them block by block. A block that is left unanswered costs its own points
 * their values, told at the end; rejects when no block was answered at all. Takes what the polls before have learnt;
 * resolves with that and what this one has.
 */
export async function pollPoints(link: PollingLink, polled: Polled, emit: Emit, learnt: Learnt = NOTHING_LEARNT): Promise<Learnt> {
  const { profile } = polled;
  const points = chosenPoints(profile.points, polled.only);
  const blocks = inOrder(blocksOf(points, profile, learnt.refused), learnt.silent);
  const missing = new Set(points);
  const refused = [...learnt.refused];
  let { silent } = learnt;
  let unanswered: ProtocolError | undefined;
  let answers = 0;
  let unansweredInARow = 0;
  let serialOwed: Block | undefined;
  for (let block = blocks.shift(); block !== undefined && unansweredInARow < UNANSWERED_MAX; block = blocks.shift()) {
    const answer = await asked(link, polled, block);
    silent = silent.filter((span) => !isSame(span, block));
    if (answer instanceof ProtocolError) {
      silent = [...silent, spanOf(block)].slice(-LEARNT_MAX);
      if (unanswered === undefined && hasSerialNumber(block) && !learnt.silent.some((span) => isSame(span, block))) serialOwed = block;
      unanswered ??= answer;
      unansweredInARow += 1;
      continue;
    }
    answers += 1;
    unansweredInARow = 0;
    if (serialOwed !== undefined) {
      blocks.unshift(serialOwed, block); // whoever answers now may be an exchanged meter that was starting up
      serialOwed = undefined;
      continue;
    }
    const isLacking = answer.kind === 'refusal' && LACKING.has(answer.code);
    if (isLacking) learn(refused, block);
    const parts = isLacking ? halvesOf(block) : [block];
    if (parts.length > 1) blocks.unshift(...parts);
    else emitBlock(block, answer, emit, missing);
  }
  if (answers === 0 && unanswered !== undefined) throw unanswered;
  if (missing.size > 0) emit([...missing].map((point) => ({ ...described(point), value: { missing: 'no answer' }, raw: '' })));
  return { refused, silent };
}

/**
 * The serial number first, since it tells whose the counters are. What was left unanswered comes last: two of these in a row
 * would end the poll before what the device does answer. They take turns at being the first of these.
 */
function inOrder(blocks: readonly Block[], silent: readonly Span[]): Block[] {
  const turnOf = (block: Block): number => {
    const at = silent.findIndex((span) => isSame(span, block));
    return at >= 0 ? at + 1 : hasSerialNumber(block) ? -1 : 0;
  };
  return [...blocks].sort((one, other) => turnOf(one) - turnOf(other));
}

function hasSerialNumber({ points }: Block): boolean {
  return points.some(({ meter }) => meter === SERIAL_NUMBER);
}

async function asked(link: PollingLink, { address, protocol }: Polled, { function: code, start, count }: Block): Promise<Reply | ProtocolError> {
  const { request, reply, decoded } = exchangeOf({ address, function: code, start, count }, protocol, () => link.nextNumber());
  try {
    return decoded(await link.exchange({ request, reply, isBusy: (frame) => isBusy(decoded(frame)) }));
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function isBusy(reply: Reply): boolean {
  return reply.kind === 'refusal' && BUSY.has(reply.code);
}

function learn(refused: Span[], block: Block): void {
  if (refused.length < LEARNT_MAX && !refused.some((span) => isSame(span, block))) refused.push(spanOf(block));
}

function spanOf({ function: code, start, count }: Block): Span {
  return { function: code, start, count };
}

function isSame(span: Span, block: Block): boolean {
  return span.function === block.function && span.start === block.start && span.count === block.count;
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

function described(point: Point): Pick<MeterObservation, 'kind' | 'meter' | 'quantity' | 'meterKind' | 'counter'> {
  const { meter, quantity, kind } = point;
  const counter = counterShape(point);
  return { kind: 'meter', meter, quantity, meterKind: kind, ...(counter && { counter }) };
}

/** A device that leaves this many blocks in a row unanswered is not asked for the rest: it would hold up its neighbours. */
const UNANSWERED_MAX = 2;
/**
 * The exceptions that one register, or too many at once, can bring on a whole block: illegal data address, illegal data
 * value (Modbus Application Protocol V1.1b3, section 7).
 */
const LACKING: ReadonlySet<number> = new Set([2, 3]);
/** Acknowledge and server device busy (the same section): the device says that it will answer later. */
const BUSY: ReadonlySet<number> = new Set([5, 6]);
/** What is refused or left unanswered beyond this is found out anew at each poll. */
const LEARNT_MAX = 1000;
const NOTHING_LEARNT: Learnt = { refused: [], silent: [] };
/** The meter by whose text a device that was exchanged is known (docs/meters.md). */
export const SERIAL_NUMBER = 'serial-number';

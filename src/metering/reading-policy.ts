import { Decimal } from '../core/decimal.ts';
import type { ReadingPolicy } from '../core/meter-settings.ts';
import type { MeterContent, Stamp } from '../core/reading.ts';
import { elapsedMs } from './moments.ts';

/** What was published last of a meter. */
export interface Sent {
  /** The value's digits, or the text of a characteristic; none when it was `bad`. */
  readonly value?: string | undefined;
  readonly epoch: number;
  readonly quality: string;
  readonly reason?: string | undefined;
  readonly at: Stamp;
}

/** What becomes of a reading: published, or left out since it is too soon after the last or says nothing new. */
export type Publication = 'publish' | 'too-soon' | 'same';

/**
 * Whether a reading is published. Of readings within a second of the last one never more than the first: receivers
 * store whole seconds. A new epoch, and a quality that changes, wait for nothing else. Pure.
 */
export function publication(content: MeterContent, at: Stamp, sent: Sent | undefined, policy: ReadingPolicy = {}): Publication {
  if (sent === undefined) return 'publish';
  const passedMs = elapsedMs(sent.at, at);
  if (isSameSecond(sent.at, at, passedMs)) return 'too-soon';
  if (content.epoch !== sent.epoch || content.quality !== sent.quality || content.reason !== sent.reason) return 'publish';
  if (policy.everyMs !== undefined && !isOver(passedMs, policy.everyMs)) return 'too-soon';
  if (policy.heartbeatMs !== undefined && isOver(passedMs, policy.heartbeatMs)) return 'publish';
  if (policy.deadband === undefined && policy.heartbeatMs === undefined) return 'publish';
  return differs(content, sent, policy.deadband ?? Decimal.of(0)) ? 'publish' : 'same';
}

/** By the seconds of the wall clock where it is right, since receivers store these; otherwise by the time between. */
function isSameSecond(before: Stamp, now: Stamp, passedMs: number | undefined): boolean {
  if (before.clock === 'unsynced' || now.clock === 'unsynced') return passedMs !== undefined && passedMs < SECOND_MS;
  const isNear = passedMs === undefined || passedMs < 2 * SECOND_MS;
  return isNear && Math.floor(before.wallMs / SECOND_MS) === Math.floor(now.wallMs / SECOND_MS);
}

/** A time that nobody knows is over: rather a reading too many than a meter that says nothing. */
function isOver(passedMs: number | undefined, lengthMs: number): boolean {
  return passedMs === undefined || passedMs >= lengthMs - Math.min(EARLY_MS, lengthMs / 10);
}

function differs({ value }: MeterContent, sent: Sent, deadband: Decimal): boolean {
  if (value === undefined || sent.value === undefined) return (value === undefined) !== (sent.value === undefined);
  if (typeof value === 'string') return value !== sent.value;
  const before = Decimal.parse(sent.value);
  if (before === undefined) return true;
  const difference = value.minus(before).magnitude();
  return difference.unscaled !== 0n && difference.compare(deadband) >= 0;
}

const SECOND_MS = 1000;
/** Answers take longer at one time than at another, and a poll that comes a moment early must not wait for the next. */
const EARLY_MS = 5000;

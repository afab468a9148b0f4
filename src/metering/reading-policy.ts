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

/**
 * What becomes of a reading: published, now or later when the second of the last one is over; or left out since it is too
 * soon after the last or says nothing new.
 */
export type Publication = 'publish' | 'later' | 'too-soon' | 'same';

/** What a reading is published by. */
export interface PublicationRules {
  readonly policy?: ReadingPolicy | undefined;
  /** Somebody wished it, whatever the policy says. */
  readonly demanded?: boolean | undefined;
}

/**
 * Whether a reading is published. Never two in one second: receivers store whole seconds. What says something new inside
 * the second of the last one waits for the next. A new epoch, and a quality that changes, wait for nothing else. Pure.
 */
export function publication(content: MeterContent, at: Stamp, sent: Sent | undefined, rules: PublicationRules = {}): Publication {
  if (sent === undefined) return 'publish';
  const passedMs = elapsedMs(sent.at, at);
  const wanted = wantedNow(content, sent, passedMs, rules);
  if (wanted !== 'publish' || !isSameSecond(sent.at, at, passedMs)) return wanted;
  return isOtherState(content, sent) || differs(content, sent, Decimal.of(0)) ? 'later' : 'too-soon';
}

/** The beginning of the first second that a reading may be published in, after one that was published in its own. */
export function nextSecond(at: Stamp, sent: Sent): Stamp {
  const isBySeconds = at.clock !== 'unsynced' && sent.at.clock !== 'unsynced';
  const waitMs = SECOND_MS - (isBySeconds ? at.wallMs % SECOND_MS : (elapsedMs(sent.at, at) ?? 0));
  return { ...at, wallMs: at.wallMs + waitMs, monotonicMs: at.monotonicMs + waitMs };
}

function wantedNow(content: MeterContent, sent: Sent, passedMs: number | undefined, { policy = {}, demanded = false }: PublicationRules): 'publish' | 'too-soon' | 'same' {
  if (demanded || isOtherState(content, sent)) return 'publish';
  if (policy.everyMs !== undefined && !isOver(passedMs, policy.everyMs)) return 'too-soon';
  if (policy.heartbeatMs !== undefined && isOver(passedMs, policy.heartbeatMs)) return 'publish';
  if (policy.deadband === undefined && policy.heartbeatMs === undefined) return 'publish';
  return differs(content, sent, policy.deadband ?? Decimal.of(0)) ? 'publish' : 'same';
}

function isOtherState({ epoch, quality, reason }: MeterContent, sent: Sent): boolean {
  return epoch !== sent.epoch || quality !== sent.quality || reason !== sent.reason;
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

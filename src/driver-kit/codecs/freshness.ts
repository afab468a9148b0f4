import { hexOf } from '../bytes.ts';
import { fingerprintOf } from '../fingerprint.ts';

/** What is remembered of what a tag said, to tell news from repeats: 8 KB at most, usually a few hundred bytes. */
export interface Freshness {
  /** The packet id or sequence number of the last news. */
  readonly sequence?: number;
  /** How long ago that was, in milliseconds, as far as advertisements were heard since. */
  readonly quietMs: number;
  /** The last payload of each kind in upper-case hexadecimal, or the fingerprint of a long one, the oldest first. */
  readonly last: readonly (readonly [kind: string, payload: string])[];
}

/** A payload as it is judged. */
export interface Payload {
  /** Payloads of one kind replace each other; a tag may send several kinds in turn. */
  readonly kind: string;
  readonly bytes: Uint8Array;
  /** The packet id or sequence number, where the payload has one, and its number of bits. */
  readonly sequence?: { readonly value: number; readonly bits: number } | undefined;
}

/**
 * Whether a payload is news, and what to remember if it is or not. The same bytes as the last of their kind never are: a
 * callback, or a stack's cache, gives them again and again. A sequence number is news if it is ahead by less than a
 * quarter of its range, or if the last news is more than 4 s ago, as after a change of battery (BTHome's rule for packet ids).
 */
export function judged(before: Freshness | undefined, { kind, bytes, sequence }: Payload, sinceMs: number): { readonly isNews: boolean; readonly after: Freshness } {
  const payload = nameOf(bytes);
  if (before === undefined) return { isNews: true, after: remembered(undefined, kind, payload, sequence) };
  const quietMs = Math.min(before.quietMs + sinceMs, QUIET_MOST_MS);
  const isSame = before.last.some((entry) => entry[0] === kind && entry[1] === payload);
  const isNews = !isSame && (sequence === undefined || before.sequence === undefined || quietMs > FORGOTTEN_AFTER_MS || isAhead(before.sequence, sequence));
  return { isNews, after: isNews ? remembered(before, kind, payload, sequence) : { ...before, quietMs } };
}

/** What to remember when these bytes are the last of some kind once more, so that nobody has to decode them; undefined when they are not. */
export function repeated(before: Freshness | undefined, bytes: Uint8Array, sinceMs: number): Freshness | undefined {
  if (before === undefined) return undefined;
  const payload = nameOf(bytes);
  return before.last.some((entry) => entry[1] === payload) ? quieter(before, sinceMs) : undefined;
}

/** What to remember after something that is known to be no news. */
export function quieter(before: Freshness, sinceMs: number): Freshness {
  return { ...before, quietMs: Math.min(before.quietMs + sinceMs, QUIET_MOST_MS) };
}

function nameOf(bytes: Uint8Array): string {
  return bytes.length > BYTES_MAX ? fingerprintOf(bytes) : hexOf(bytes);
}

function isAhead(last: number, { value, bits }: { readonly value: number; readonly bits: number }): boolean {
  const range = 2 ** bits;
  const ahead = (((value - last) % range) + range) % range;
  return ahead > 0 && ahead < range / 4;
}

function remembered(before: Freshness | undefined, kind: string, payload: string, sequence: Payload['sequence']): Freshness {
  const last: (readonly [string, string])[] = [];
  for (const entry of before?.last ?? []) if (entry[0] !== kind) last.push(entry);
  if (last.length >= KINDS_MAX) last.shift();
  last.push([kind, payload]);
  const value = sequence?.value ?? before?.sequence;
  return value === undefined ? { quietMs: 0, last } : { quietMs: 0, last, sequence: value };
}

const FORGOTTEN_AFTER_MS = 4000;
/** Beyond it all silences are alike; Infinity would not survive JSON. */
const QUIET_MOST_MS = 1_000_000_000;
const KINDS_MAX = 16;
/** The most that a structure of an advertisement holds; several together can be longer. */
const BYTES_MAX = 254;

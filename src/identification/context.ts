import { encodeJson } from '../core/json.ts';
import { noteMembers, objectIn, stampIn, stampJson } from '../core/note-json.ts';
import type { Role, ScanContent, ScanContext, Stamp } from '../core/reading.ts';

/** What a scan can leave behind for the scans after it. */
export const CONTEXT_KINDS = ['technician', 'workOrder', 'location', 'activity'] as const;
export type ContextKind = (typeof CONTEXT_KINDS)[number];

/** One kind of context: what was scanned, and when. */
export interface ContextEntry {
  readonly value: string;
  readonly since: Stamp;
}

/** What is remembered for the scans of one device, or of several that share it. */
export type ContextState = Readonly<Partial<Record<ContextKind, ContextEntry>>>;

/** What one scan does to the context of the scans after it. */
export type ContextChange = { readonly kind: ContextKind; readonly value: string } | { readonly ends: readonly ContextKind[] };

/** The kind of context that codes of a role make. */
export function contextKindOf(role: Role): ContextKind | undefined {
  switch (role) {
    case 'badge':
      return 'technician';
    case 'work-order':
      return 'workOrder';
    case 'location':
      return 'location';
    case 'asset':
    case 'part':
    case 'command':
    case 'unknown':
      return undefined;
  }
}

/**
 * What a badge, work order or location does to the context. One that is wrong by itself, or too long to be carried along,
 * ends what was there: no name on a scan is better than that of the one before.
 */
export function changeBy(content: ScanContent): ContextChange | undefined {
  const kind = contextKindOf(content.role);
  if (kind === undefined) return undefined;
  const value = content.identity?.value ?? content.text;
  const isFit = content.valid !== false && value !== '' && value.length <= CONTEXT_CHARACTERS_MAX;
  return isFit ? { kind, value } : { ends: [kind] };
}

/** The state after a change. */
export function changedContext(state: ContextState, change: ContextChange, since: Stamp): ContextState {
  const gone = 'ends' in change ? change.ends : [change.kind];
  const rest = Object.fromEntries(CONTEXT_KINDS.flatMap((kind) => (gone.includes(kind) || state[kind] === undefined ? [] : [[kind, state[kind]]])));
  return 'ends' in change ? rest : { ...rest, [change.kind]: { value: change.value, since } };
}

/**
 * What holds for a scan of this moment; undefined when nothing does. Age is told by the monotonic clock within one boot, and by
 * wall time across boots. Where neither can tell, since a clock was not set, a context is not given: it may be from last week.
 */
export function contextAt(state: ContextState, now: Stamp, timeoutMs: number): ScanContext | undefined {
  if (state === NO_CONTEXT) return undefined;
  const held = CONTEXT_KINDS.flatMap((kind) => {
    const entry = state[kind];
    return entry === undefined || !isWithin(entry.since, now, timeoutMs) ? [] : [[kind, entry.value] as const];
  });
  return held.length === 0 ? undefined : Object.fromEntries(held);
}

function isWithin(since: Stamp, now: Stamp, timeoutMs: number): boolean {
  if (since.bootId === now.bootId) return now.monotonicMs - since.monotonicMs < timeoutMs;
  if (since.clock === 'unsynced' || now.clock === 'unsynced') return false;
  const ageMs = now.wallMs - since.wallMs;
  return ageMs < timeoutMs && ageMs > -DRIFT_MS;
}

/** The text of a context's note. `v` grows when a member changes its meaning, not when one is added. */
export function contextNote(state: ContextState): string {
  const entries = CONTEXT_KINDS.flatMap((kind) => {
    const entry = state[kind];
    return entry === undefined ? [] : [[kind, { value: entry.value, since: stampJson(entry.since) }] as const];
  });
  return encodeJson({ v: VERSION, ...Object.fromEntries(entries) });
}

/** Reads a note; what is damaged or of another version counts as nothing. */
export function readContextNote(text: string | undefined): ContextState {
  const found = noteMembers(text);
  if (found?.['v'] !== VERSION) return NO_CONTEXT;
  return Object.fromEntries(
    CONTEXT_KINDS.flatMap((kind) => {
      const { value, since } = objectIn(found[kind]) ?? {};
      const at = stampIn(since);
      return typeof value === 'string' && at !== undefined ? [[kind, { value, since: at }]] : [];
    }),
  );
}

const NO_CONTEXT: ContextState = {};

const VERSION = 1;

/** Every scan carries it, so a QR code of four kilobytes is no badge. */
const CONTEXT_CHARACTERS_MAX = 200;

/** A clock that was held over is set back by no more than this when it is synchronised. */
const DRIFT_MS = 600_000;

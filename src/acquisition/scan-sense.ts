import { printable } from '../core/printable.ts';
import type { EventReading, ScanContext, ScanReading, Stamp } from '../core/reading.ts';
import type { Notes, Recorded } from '../core/record.ts';
import { changedContext, contextAt, type ContextChange, type ContextKind, contextNote, type ContextState, readContextNote } from '../identification/context.ts';
import { type UnderstoodScan, withProblem } from '../identification/understood-scan.ts';

/** What a ScanSense is made of. */
export interface ScanSenseParts {
  /** What was recorded for a key, in this run or an earlier one. */
  readonly note: (key: string) => string | undefined;
  /** How long a badge, work order, location or activity holds. */
  readonly contextTimeoutMs: number;
  /** Whether nothing of what was scanned until now waits to be delivered. */
  readonly isDelivered: () => boolean;
}

/** Where a scan was made. */
export interface ScanPlace {
  readonly device: string;
  /** The key of what the place shares: of its scans' turns, and of the note that holds their context. */
  readonly contextKey: string;
}

/** The place that a device is; devices of one group share what was scanned before. */
export function scanPlace(device: string, contextGroup?: string): ScanPlace {
  return { device, contextKey: contextGroup === undefined ? `context/device/${device}` : `context/group/${contextGroup}` };
}

/** Scans that were entered together, to be recorded together with the notes. */
export interface EnteredScans {
  /** The scans in their order, then what they caused. */
  readonly readings: readonly (ScanReading | EventReading)[];
  readonly notes: Notes;
  readonly isQuestioned: boolean;
  /** To be called with what they were recorded as, or without when they were not. */
  readonly settled: (recorded?: Recorded) => void;
}

/**
 * Says what scans mean among those before them: which context they have, and what their commands do. It looks at what is
 * stored and at nothing else, so a scan that was refused leaves no trace. Scans have to be entered in turns: not while one that
 * changes something for them is on its way.
 */
export class ScanSense {
  readonly #parts: ScanSenseParts;
  /** Of each device: what an undo names. Its number is known only after the commit, so a restart forgets it. */
  readonly #lastScans: LastScans = new Map();
  /** Of each place: the note that was read last, since most scans change nothing. */
  readonly #read = new Map<string, { readonly note: string | undefined; readonly state: ContextState }>();

  constructor(parts: ScanSenseParts) {
    this.#parts = parts;
  }

  /** Enters the scans of one frame. */
  enter(scans: readonly UnderstoodScan[], place: ScanPlace, stamp: Stamp): EnteredScans {
    if (scans.length === 0) return NO_SCANS;
    const draft = new Draft({ sense: this.#parts, lastScans: this.#lastScans, before: this.#contextOf(place), place, stamp });
    for (const scan of scans) draft.add(scan);
    return draft.entered();
  }

  #contextOf({ contextKey }: ScanPlace): ContextState {
    const note = this.#parts.note(contextKey);
    const known = this.#read.get(contextKey);
    if (known !== undefined && known.note === note) return known.state;
    const state = readContextNote(note);
    this.#read.set(contextKey, { note, state });
    return state;
  }
}

/** The last scan of a device that can be undone. */
interface LastScan {
  readonly source: string;
  readonly sequence: number;
  /** Its whole text, as it came. */
  readonly text: string;
  /** The kind of context that it made or ended. */
  readonly changed: ContextKind | undefined;
}

type LastScans = Map<string, LastScan>;

interface DraftParts {
  readonly sense: ScanSenseParts;
  readonly lastScans: LastScans;
  /** The context that holds before the first of them. */
  readonly before: ContextState;
  readonly place: ScanPlace;
  readonly stamp: Stamp;
}

/** The scans of one frame on their way to be entered. */
class Draft {
  readonly #parts: DraftParts;
  readonly #before: ContextState;
  readonly #scans: ScanReading[] = [];
  readonly #events: EventReading[] = [];
  #state: ContextState;
  #isQuestioned = false;
  #last: { readonly index: number; readonly text: string; readonly changed: ContextKind | undefined } | undefined;

  constructor(parts: DraftParts) {
    this.#parts = parts;
    this.#before = parts.before;
    this.#state = parts.before;
  }

  add(scan: UnderstoodScan): void {
    const { command, change, content } = scan;
    const changed = command === undefined && change !== undefined ? kindsOf(change)[0] : undefined;
    const context = this.#contextFor(change);
    const problem = this.#problemOf(scan);
    const told = problem === undefined ? content : withProblem(content, problem);
    const { device } = this.#parts.place;
    if (isUndoable(content)) this.#last = { index: this.#scans.length, text: content.text, changed };
    this.#scans.push({ kind: 'scan', device, stamp: this.#parts.stamp, content: context === undefined ? told : { ...told, context } });
    this.#isQuestioned ||= scan.isQuestioned || problem !== undefined || (command?.kind === 'status' && !this.#parts.sense.isDelivered());
    if (change !== undefined) this.#state = changedContext(this.#state, change, this.#parts.stamp);
  }

  entered(): EnteredScans {
    const { lastScans, place } = this.#parts;
    const { device, contextKey } = place;
    const last = this.#last;
    const undoes = this.#events.length > 0;
    return {
      readings: [...this.#scans, ...this.#events],
      notes: this.#state === this.#before ? NO_NOTES : { [contextKey]: contextNote(this.#state) },
      isQuestioned: this.#isQuestioned,
      settled: (recorded) => {
        if (recorded === undefined) return;
        if (undoes) lastScans.delete(device);
        const sequence = last === undefined ? undefined : recorded.sequences[last.index];
        if (last !== undefined && sequence !== undefined) lastScans.set(device, { source: recorded.source, sequence, text: last.text, changed: last.changed });
      },
    };
  }

  /** What was there before the scan. A new badge does not carry the old one, but the end of a work order names what ends. */
  #contextFor(change: ContextChange | undefined): ScanContext | undefined {
    const { stamp, sense } = this.#parts;
    const state = change === undefined || 'ends' in change ? this.#state : changedContext(this.#state, { ends: [change.kind] }, stamp);
    return contextAt(state, stamp, sense.contextTimeoutMs);
  }

  #problemOf({ command }: UnderstoodScan): string | undefined {
    return command?.kind === 'undo' ? this.#undo() : undefined;
  }

  /** What the scan that is undone left behind ends with it; what was there before does not come back. */
  #undo(): string | undefined {
    const { lastScans, place, stamp } = this.#parts;
    const { device } = place;
    const last = this.#last === undefined && this.#events.length === 0 ? lastScans.get(device) : undefined;
    if (last === undefined) return 'nothing is undone: no scan of this device before it is known';
    const { source, sequence, text, changed } = last;
    this.#events.push({ kind: 'undo', device, stamp, content: { device, source, id: `${sequence}`, text: printable(text) } });
    if (changed !== undefined) this.#state = changedContext(this.#state, { ends: [changed] }, stamp);
    return undefined;
  }
}

const NO_NOTES: Notes = {};
const NO_SCANS: EnteredScans = { readings: [], notes: NO_NOTES, isQuestioned: false, settled: () => undefined };

/** A tag that moves or departs was scanned by nobody. */
function isUndoable({ role, presence }: ScanReading['content']): boolean {
  return role !== 'command' && (presence === undefined || presence === 'arrived');
}

function kindsOf(change: ContextChange): readonly ContextKind[] {
  return 'ends' in change ? change.ends : [change.kind];
}

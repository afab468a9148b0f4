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
  /** Devices of one group share what was scanned before. */
  readonly contextGroup?: string | undefined;
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

/** The key of what a place shares: of its scans' turns, and of the note that holds its context. */
export function contextKeyOf({ device, contextGroup }: ScanPlace): string {
  return contextGroup === undefined ? `context/device/${device}` : `context/group/${contextGroup}`;
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

  constructor(parts: ScanSenseParts) {
    this.#parts = parts;
  }

  /** Enters the scans of one frame. */
  enter(scans: readonly UnderstoodScan[], place: ScanPlace, stamp: Stamp): EnteredScans {
    const draft = new Draft({ sense: this.#parts, lastScans: this.#lastScans, place, stamp });
    for (const scan of scans) draft.add(scan);
    return draft.entered();
  }
}

/** The last scan of a device that can be undone. */
interface LastScan {
  readonly source: string;
  readonly sequence: number;
  /** The beginning of its text, fit to be shown. */
  readonly text: string;
  /** The kind of context that it made or ended. */
  readonly changed: ContextKind | undefined;
}

type LastScans = Map<string, LastScan>;

interface DraftParts {
  readonly sense: ScanSenseParts;
  readonly lastScans: LastScans;
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
    this.#before = readContextNote(parts.sense.note(contextKeyOf(parts.place)));
    this.#state = this.#before;
  }

  add(scan: UnderstoodScan): void {
    const { command, change, content } = scan;
    const changed = command === undefined && change !== undefined ? kindsOf(change)[0] : undefined;
    const context = this.#contextFor(change);
    const problem = this.#problemOf(scan);
    const told = problem === undefined ? content : withProblem(content, problem);
    const { device } = this.#parts.place;
    if (isUndoable(content)) this.#last = { index: this.#scans.length, text: printable(content.text), changed };
    this.#scans.push({ kind: 'scan', device, stamp: this.#parts.stamp, content: context === undefined ? told : { ...told, context } });
    this.#isQuestioned ||= scan.isQuestioned || problem !== undefined || (command?.kind === 'status' && !this.#parts.sense.isDelivered());
    if (change !== undefined) this.#state = changedContext(this.#state, change, this.#parts.stamp);
  }

  entered(): EnteredScans {
    const { lastScans, place } = this.#parts;
    const { device } = place;
    const last = this.#last;
    const undoes = this.#events.length > 0;
    return {
      readings: [...this.#scans, ...this.#events],
      notes: this.#state === this.#before ? NO_NOTES : { [contextKeyOf(place)]: contextNote(this.#state) },
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
    this.#events.push({ kind: 'undo', device, stamp, content: { device, source, id: `${sequence}`, text } });
    if (changed !== undefined) this.#state = changedContext(this.#state, { ends: [changed] }, stamp);
    return undefined;
  }
}

const NO_NOTES: Notes = {};

/** A tag that moves or departs was scanned by nobody. */
function isUndoable({ role, presence }: ScanReading['content']): boolean {
  return role !== 'command' && (presence === undefined || presence === 'arrived');
}

function kindsOf(change: ContextChange): readonly ContextKind[] {
  return 'ends' in change ? change.ends : [change.kind];
}

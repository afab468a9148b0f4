import { encodeJson } from '../core/json.ts';
import { StorageError } from '../core/errors.ts';
import type { Notes, RecordReadings } from '../core/record.ts';
import { CONTEXT_KINDS, type ContextKind } from '../identification/context.ts';

/** The last scan of a device: what an undo names. */
export interface LastScan {
  readonly source: string;
  readonly sequence: number;
  /** The beginning of its text, fit to be shown. */
  readonly text: string;
  /** The kind of context that it made or ended. */
  readonly changed?: ContextKind | undefined;
}

/**
 * Remembers of each device the last scan that can be undone. Its number is known only after its commit, so a scan is
 * stored together with a note that says that there is a newer one, and the number is noted along with the next commit, or
 * alone after some seconds. A crash in between leaves a scan that cannot be named: then nothing is undone, never another.
 */
export class LastScans {
  readonly #record: RecordReadings;
  readonly #note: (key: string) => string | undefined;
  readonly #known = new Map<string, LastScan>();
  readonly #underway = new Map<string, number>();

  constructor(parts: { readonly record: RecordReadings; readonly note: (key: string) => string | undefined }) {
    this.#record = parts.record;
    this.#note = parts.note;
  }

  /** The last scan of the device, when nothing of it is on its way; undefined when there is none, or none that can be named. */
  of(device: string): LastScan | undefined {
    return this.#known.get(device) ?? readLastScanNote(this.#note(keyOf(device)));
  }

  /** The notes to be stored with a scan that comes after the last. */
  entering(device: string): Notes {
    this.#underway.set(device, (this.#underway.get(device) ?? 0) + 1);
    return { [keyOf(device)]: UNNAMED };
  }

  /** A scan that entered was stored, or was not: undefined. */
  settled(device: string, scan: LastScan | undefined): void {
    const left = (this.#underway.get(device) ?? 1) - 1;
    this.#underway.set(device, left);
    if (scan !== undefined) this.#known.set(device, scan);
    if (left === 0) this.#name(device);
  }

  /** The notes to be stored with the undo of the last scan. */
  undoing(device: string): Notes {
    return { [keyOf(device)]: null };
  }

  /** The undo was stored. */
  undone(device: string): void {
    this.#known.delete(device);
  }

  /** Only while no newer one is on its way, which has said so in its own note already. */
  #name(device: string): void {
    const scan = this.#known.get(device);
    if (scan === undefined) return;
    this.#record([], { [keyOf(device)]: lastScanNote(scan) }, { lingerMs: NAME_AFTER_MS }).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error; // the note with the scan stays, and says that it cannot be named
    });
  }
}

/** The text of a last scan's note. */
export function lastScanNote({ source, sequence, text, changed }: LastScan): string {
  return encodeJson({ v: VERSION, source, sequence, text, changed });
}

/** Reads a note; one that is damaged, of another version or without a scan counts as none. */
export function readLastScanNote(note: string | undefined): LastScan | undefined {
  const found = note === undefined ? undefined : parsed(note);
  if (typeof found !== 'object' || found === null || !('v' in found) || found.v !== VERSION) return undefined;
  if (!('source' in found && 'sequence' in found && 'text' in found)) return undefined;
  const { source, sequence, text } = found;
  if (typeof source !== 'string' || !Number.isSafeInteger(sequence) || typeof text !== 'string') return undefined;
  const changed = 'changed' in found ? CONTEXT_KINDS.find((kind) => kind === found.changed) : undefined;
  return { source, sequence: Number(sequence), text, changed };
}

function keyOf(device: string): string {
  return `last-scan/${device}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const VERSION = 1;
const UNNAMED = encodeJson({ v: VERSION });
const NAME_AFTER_MS = 5000;

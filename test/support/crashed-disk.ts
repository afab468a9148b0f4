import type { TraceRecord } from './storage-trace.ts';

/**
 * What of the unsynced writes a power cut leaves: nothing; everything; of each page of 4 KiB, or of each sector of 512
 * bytes, what it held at any one moment since it was last synced.
 */
export const CRASHES = ['none', 'all', 'random', 'torn'] as const;
export type Crash = (typeof CRASHES)[number];

/**
 * A disk that is fed the calls of a program and can tell at any point what a power cut would leave. Content is durable
 * at a sync of its file; making, truncating, renaming and removing files at the next sync of any file, in the order they
 * were made, as on ext4 with data=ordered. After a failed sync the writes before it are durable never: the kernel marks
 * their pages clean, and a later sync that succeeds says nothing of them (Rebello et al., "Can Applications Recover from
 * fsync Failures?", USENIX ATC 2020, section 3).
 */
export class CrashedDisk {
  readonly #inodes = new Map<number, DiskFile>();
  /** Names as the program sees them, to know which file a rename means. */
  readonly #names = new Map<string, DiskFile>();
  readonly #durableNames = new Map<string, DiskFile>();
  #namesPending: NameChange[] = [];

  /** Takes the next call. */
  apply(record: TraceRecord): void {
    switch (record.type) {
      case 'create': {
        const file = new DiskFile();
        this.#inodes.set(record.inode, file);
        this.#names.set(record.name, file);
        this.#namesPending.push({ put: [record.name, file] });
        return;
      }
      case 'rename': {
        const file = this.#named(record.name);
        this.#names.delete(record.name);
        this.#names.set(record.to, file);
        this.#namesPending.push({ remove: record.name, put: [record.to, file] });
        return;
      }
      case 'unlink':
        this.#names.delete(record.name);
        this.#namesPending.push({ remove: record.name });
        return;
      case 'write':
        this.#file(record.inode).changes.push({ at: record.at, bytes: record.bytes, state: 'pending' });
        return;
      case 'truncate': {
        const change: Change = { length: record.length, state: 'pending' };
        this.#file(record.inode).changes.push(change);
        this.#namesPending.push({ truncate: change });
        return;
      }
      case 'sync':
        this.#sync(this.#inodes.get(record.inode), record.failed);
        return;
      case 'mark':
        return;
    }
  }

  /** The files after a power cut now, good until the next cut. `random` gives numbers from 0 to 1. */
  cut(crash: Crash, random: () => number): Map<string, Uint8Array> {
    const surviving = { none: 0, all: this.#namesPending.length, random: undefined, torn: undefined }[crash];
    const changes = this.#namesPending.slice(0, surviving ?? Math.floor(random() * (this.#namesPending.length + 1)));
    const names = new Map(this.#durableNames);
    const truncates = new Set<Change>();
    for (const change of changes) {
      rename(names, change);
      if (change.truncate !== undefined) truncates.add(change.truncate);
    }
    return new Map([...names].map(([name, file]) => [name, file.cut(crash, random, truncates)]));
  }

  #sync(file: DiskFile | undefined, failed: boolean): void {
    if (failed) {
      for (const change of file?.changes ?? []) if ('bytes' in change && change.state === 'pending') change.state = 'doomed';
      return;
    }
    for (const change of this.#namesPending.splice(0)) {
      rename(this.#durableNames, change);
      if (change.truncate !== undefined) change.truncate.state = 'durable';
    }
    for (const change of file?.changes ?? []) if (change.state === 'pending') change.state = 'durable';
    for (const known of this.#inodes.values()) known.fold();
  }

  #file(inode: number): DiskFile {
    const file = this.#inodes.get(inode);
    if (file === undefined) throw new Error('the trace writes to a file that it did not make');
    return file;
  }

  #named(name: string): DiskFile {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`the trace renames ${name}, which it did not make`);
    return file;
  }
}

interface NameChange {
  readonly remove?: string;
  readonly put?: readonly [name: string, file: DiskFile];
  readonly truncate?: Change;
}

type Change = ({ readonly at: number; readonly bytes: Uint8Array } | { readonly length: number }) & { state: 'pending' | 'doomed' | 'durable' };

/** One file: what is durable, and what was done to it since, in order. */
class DiskFile {
  changes: Change[] = [];
  readonly #durable = new Image();
  /** Kept, since getting the memory anew for each cut takes longer than all else. */
  readonly #cut = new Image();

  /** Takes what is durable into the durable content, up to the first change that is not. */
  fold(): void {
    const first = this.changes.findIndex(({ state }) => state !== 'durable');
    for (const change of this.changes.splice(0, first < 0 ? this.changes.length : first)) this.#durable.change(change);
  }

  cut(crash: Crash, random: () => number, truncates: ReadonlySet<Change>): Uint8Array {
    const image = this.#cut;
    image.become(this.#durable);
    const unitBytes = crash === 'torn' ? SECTOR_BYTES : PAGE_BYTES;
    const survives = crash === 'none' || crash === 'all' ? () => crash === 'all' : versions(this.changes, unitBytes, random);
    for (const change of this.changes) {
      if (change.state === 'durable' || truncates.has(change)) image.change(change);
      else if ('bytes' in change) for (const piece of piecesOf(change, unitBytes)) if (survives(piece.unit)) image.write(piece.at, piece.bytes);
    }
    return image.bytes();
  }
}

/** Decides for each unit of a file how many of its unsynced writes it has seen, and then says of one after the other whether it is among them. */
function versions(changes: readonly Change[], unitBytes: number, random: () => number): (unit: number) => boolean {
  const left = new Map<number, number>();
  for (const change of changes) {
    if (change.state === 'durable' || !('bytes' in change)) continue;
    for (const { unit } of piecesOf(change, unitBytes)) left.set(unit, (left.get(unit) ?? 0) + 1);
  }
  for (const [unit, count] of left) {
    const dice = random() * 3;
    left.set(unit, dice < 1 ? 0 : dice < 2 ? count : Math.floor(random() * (count + 1)));
  }
  return (unit) => {
    const count = left.get(unit) ?? 0;
    left.set(unit, count - 1);
    return count > 0;
  };
}

function* piecesOf({ at, bytes }: { readonly at: number; readonly bytes: Uint8Array }, unitBytes: number): Generator<{ unit: number; at: number; bytes: Uint8Array }> {
  for (let from = 0; from < bytes.length; ) {
    const unit = Math.floor((at + from) / unitBytes);
    const to = Math.min(bytes.length, (unit + 1) * unitBytes - at);
    yield { unit, at: at + from, bytes: bytes.subarray(from, to) };
    from = to;
  }
}

/** The content of a file, growing. */
class Image {
  #bytes = new Uint8Array(0);
  #length = 0;

  become(other: Image): void {
    this.#resize(0);
    this.write(0, other.bytes());
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  change(change: Change): void {
    if ('bytes' in change) this.write(change.at, change.bytes);
    else this.#resize(change.length);
  }

  write(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.#length) this.#resize(at + bytes.length);
    this.#bytes.set(bytes, at);
  }

  #resize(length: number): void {
    if (length < this.#length) this.#bytes.fill(0, length, this.#length);
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.bytes());
      this.#bytes = grown;
    }
    this.#length = length;
  }
}

function rename(names: Map<string, DiskFile>, { remove, put }: NameChange): void {
  if (remove !== undefined) names.delete(remove);
  if (put !== undefined) names.set(...put);
}

const PAGE_BYTES = 4096;
const SECTOR_BYTES = 512;

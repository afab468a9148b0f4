import type { Opened, StreamReason } from './calls.ts';
import type { Store } from './file/store.ts';
import type { Room } from './room/room.ts';

/** The file as it is used. */
export interface OpenFile {
  readonly store: Store;
  readonly room: Room;
}

/** The file as it was opened, and what stands in it. */
export interface Opening {
  readonly store: Store;
  readonly report: Opened;
}

/** The stream that begins a file in place of one that is put aside or missing. */
export interface Successor {
  readonly reason: StreamReason;
  readonly number: number;
}

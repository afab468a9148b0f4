import { join } from 'node:path';
import { StorageError } from '../core/errors.ts';
import type { Stamp } from '../core/reading.ts';
import type { Opening, OpenFile, Successor } from './opening.ts';
import { streamIdAfter } from './file/stream-id.ts';
import type { Batch, Committed, Fetched, FetchRequest, News, OpenRequest, Page, PageRequest, QuarantinedRow, RestartRequest, StreamReason, Usage } from './calls.ts';
import { takesWrites } from './file/disk-probe.ts';
import { gapRows } from './file/gap.ts';
import { lockDirectory } from './damage/instance-lock.ts';
import { putAside, waitingForSalvage } from './damage/put-aside.ts';
import { Room } from './room/room.ts';
import { SEQUENCE_MAX } from './row-key.ts';
import { RunningMark } from './damage/running-mark.ts';
import { Salvages } from './damage/salvages.ts';
import { storageError, type StorageTrouble, troubleOf } from './file/storage-fault.ts';
import { FILE_NAME, Store } from './file/store.ts';
import { type NamedStream, StreamsFile } from './damage/streams-file.ts';

/**
 * Keeps the outbox's file usable whatever the disk does: tries again with the same sequences and the same bytes, opens it
 * again, puts a damaged one aside and salvages it, makes room. What it cannot do now it says, and does as soon as it can.
 */
export class StoreKeeper {
  #request: OpenRequest;
  readonly #file: string;
  readonly #tell: (news: News) => void;
  readonly #mark: RunningMark;
  readonly #streamsFile: StreamsFile;
  #open: OpenFile | undefined;
  /** The connection before, while its file could not be opened again: what it knows of what was told as not stored. */
  #before: Store | undefined;
  #isLogMissing = false;
  /** When the clock was set last: every file of this boot has to know. */
  #corrected: Stamp | undefined;
  /** What the next file begins with, in place of one that is put aside or missing. */
  #successor: Successor | undefined;
  readonly #salvages: Salvages;
  #alarms = '';
  #isUnsettled = false;
  #usage: Usage = { usedBytes: 0, limitBytes: 0, waitingBytes: 0 };
  /** Held as long as this object is, once it could be taken. */
  #lock: { release(): void } | undefined;
  #now: Stamp;

  private constructor(request: OpenRequest, tell: (news: News) => void) {
    this.#request = request;
    this.#file = join(request.directory, FILE_NAME);
    this.#tell = tell;
    this.#mark = new RunningMark(request.directory);
    this.#streamsFile = new StreamsFile(request.directory);
    this.#salvages = new Salvages({ directory: request.directory, tell });
    this.#now = request.now;
  }

  /**
   * Opens the outbox; `fault` says why it cannot be opened now, in which case it is tried again with each call. Throws a
   * StorageError when the directory must not be used.
   */
  static open(request: OpenRequest, tell: (news: News) => void): { readonly keeper: StoreKeeper; readonly fault: string | undefined } {
    const keeper = new StoreKeeper(request, tell);
    try {
      keeper.#ready();
      return { keeper, fault: undefined };
    } catch (error) {
      if (!(error instanceof StorageError) || troubleOf(error) === 'unusable') throw error;
      return { keeper, fault: error.message };
    }
  }

  /** Opens the file if it is not open; throws a StorageError when that is not possible now. */
  ready(): void {
    this.#ready();
  }

  /** Stores a batch; throws a StorageError when it is not stored and will not be. */
  commit(batch: Batch): Committed {
    this.#now = batch.now;
    for (let tried = 0; ; tried += 1) {
      try {
        return this.#commit(batch);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (!this.#mend(troubleOf(error), tried)) throw error;
      }
    }
  }

  /** Rows of a lane that are not settled, in order. */
  page(request: PageRequest): Page {
    return this.#reading((store) => store.page(request));
  }

  /** Rows of a stream by their sequences, settled or not. */
  fetch(request: FetchRequest): Fetched {
    return this.#reading((store) => store.fetch(request));
  }

  /** What is in quarantine, oldest first. */
  quarantine(): readonly QuarantinedRow[] {
    return this.#reading((store) => store.quarantine());
  }

  /** The clock was set. */
  correct(at: Stamp): void {
    this.#corrected = at;
    this.#ready().store.correct(at);
  }

  /** Begins a new stream, since the present one must not be continued. */
  restart(request: RestartRequest): void {
    const { store } = this.#ready();
    const report = { ...store.report(), notes: {} };
    store.restart(request);
    this.#streamsFile.write(this.#named(store));
    const { own } = store.book;
    this.#tell({ ...report, own, streams: [store.book.report(own)] });
  }

  /** Copies a piece of what was damaged; false when there is nothing to salvage now. */
  salvage(): boolean {
    if (!this.#salvages.isBusy || this.#open === undefined) return false;
    try {
      if (this.#salvages.step(this.#now)) this.#streamsFile.write(this.#named(this.#open.store));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return false; // the present file does not take it now; the next commit tells why, and the salvage goes on later
    }
    this.#try(() => this.#guarded(() => this.#tellAlarms()));
    return this.#salvages.isBusy;
  }

  /** Whether something damaged waits to be copied. */
  get isSalvaging(): boolean {
    return this.#salvages.isBusy;
  }

  /** Does what can wait until the answer to an opening or a commit is out. */
  settle(): void {
    if (!this.#isUnsettled) return;
    this.#isUnsettled = false;
    this.#try(() => this.#guarded(() => this.#open?.room.settle()));
  }

  /** Closes the file; nothing may be called afterwards. */
  close(): void {
    if (this.#open !== undefined) {
      const { store } = this.#open;
      this.#try(() => store.keepCount());
      this.#try(() => this.#guarded(() => this.#mark.clear())); // first: a log that is left is no harm, a mark without one is
      store.close();
      this.#open = undefined;
    }
    this.#lock?.release();
  }

  #commit(batch: Batch): Committed {
    const { store, room } = this.#ready();
    const rest = this.#makeRoom(batch, store, room);
    const committed = store.commit(rest, () => room.tidyInside(rest));
    this.#afterwards(room);
    return { ...committed, usage: this.#usage };
  }

  /**
   * Makes room for a batch. What it says of rows that are there already goes first where that is not possible otherwise:
   * it may be what makes the room.
   */
  #makeRoom(batch: Batch, store: Store, room: Room): Batch {
    try {
      room.make(batch);
      return batch;
    } catch (error) {
      if (!(error instanceof StorageError) || batch.settlements.length + batch.quarantined.length + batch.released.length === 0) throw error;
    }
    const facts = { ...batch, rows: [], notes: [] };
    store.commit(facts, () => room.tidyInside(facts));
    const rest = { ...batch, settlements: [], quarantined: [], released: [] };
    room.make(rest);
    return rest;
  }

  /** The commit stands, whatever of this fails; it is done again after the next one. */
  #afterwards(room: Room): void {
    this.#try(() =>
      this.#guarded(() => {
        this.#isUnsettled = true;
        this.#mark.set();
        this.#usage = room.usage();
        this.#tellAlarms();
      }),
    );
  }

  /** Does what can be done about a fault; true when another try makes sense. */
  #mend(trouble: StorageTrouble, tried: number): boolean {
    if (tried >= TRIES_MAX || this.#open === undefined) return false;
    switch (trouble) {
      case 'full':
        return tried === 0 && this.#try(() => this.#open?.room.relieve(this.#now));
      case 'faulty':
        // First on the same connection: it writes the same frames to the same place of the log once more.
        return tried === 0 || (tried === 1 && takesWrites(this.#request.directory) && this.#try(() => this.#reopen()));
      case 'damaged':
        return this.#try(() => this.#replace());
      case 'unusable':
        return false;
    }
  }

  #try(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }

  #reading<T>(read: (store: Store) => T): T {
    try {
      return read(this.#ready().store);
    } catch (error) {
      if (error instanceof StorageError && troubleOf(error) === 'damaged' && this.#open !== undefined) this.#try(() => this.#replace());
      throw error;
    }
  }

  /** The open file, opened now if it is not. */
  #ready(): OpenFile {
    if (this.#open !== undefined) return this.#open;
    this.#lock ??= lockDirectory(this.#request.directory);
    this.#guarded(() => {
      if (this.#mark.isFileMissing && this.#successor === undefined) this.#successor = this.#successorTo('incomplete');
      // A file that this process has had open loses its log when it is closed: then nothing is missing.
      this.#isLogMissing ||= this.#before === undefined && this.#mark.isLogMissing;
      if (!this.#isLogMissing) this.#mark.clear(); // else only once its stream has ended
    });
    const { store, report } = this.#openOrReplace();
    const open = this.#use(store);
    this.#successor = undefined;
    this.#before = undefined;
    this.#tell(report);
    this.#startSalvages(store);
    return open;
  }

  #openOrReplace(): Opening {
    try {
      return this.#openStore();
    } catch (error) {
      if (!(error instanceof StorageError) || troubleOf(error) !== 'damaged') throw error;
      this.#putAside();
      return this.#openStore();
    }
  }

  /** Opens the file, whole or not at all; what the connection before told as not stored is taken back. */
  #openStore(): Opening {
    const store = Store.open({ file: this.#file, request: { ...this.#request, now: this.#now }, ...this.#successor });
    try {
      if (this.#before !== undefined && this.#successor === undefined) store.takeBack(this.#before, this.#now);
      this.#renewStreamId(store);
      if (this.#isLogMissing) this.#endStream(store);
      if (this.#corrected !== undefined) store.correct(this.#corrected);
      return { store, report: store.report() };
    } catch (error) {
      this.#try(() => store.close());
      throw error;
    }
  }

  /** Two streams never share an id, also when one gateway has to begin several. */
  #renewStreamId(store: Store): void {
    const { newStreamId } = this.#request;
    if (store.book.sourceOf(store.book.own).endsWith(newStreamId)) this.#request = { ...this.#request, newStreamId: streamIdAfter(newStreamId) };
  }

  #use(store: Store): OpenFile {
    const { directory, limits } = this.#request;
    const open = { store, room: new Room({ store, directory, limits, tell: this.#tell }) };
    this.#open = open;
    this.#isUnsettled = true;
    this.#streamsFile.write(this.#named(store));
    this.#try(() => (this.#usage = open.room.usage()));
    this.#tell({ news: 'usage', usage: this.#usage });
    return open;
  }

  /** Opens the file once more. */
  #reopen(): void {
    if (this.#open !== undefined) this.#closeAnyhow(this.#open.store);
    this.#ready();
  }

  /** Puts the damaged file aside and goes on with a new one at once. */
  #replace(): void {
    if (this.#open === undefined) return;
    const { store } = this.#open;
    this.#closeAnyhow(store);
    this.#tell({ news: 'withdrawn', streams: store.book.numbers });
    this.#putAside();
    this.#ready();
  }

  #closeAnyhow(store: Store): void {
    this.#open = undefined;
    this.#before = store;
    this.#salvages.stop();
    this.#try(() => store.close()); // a connection to a broken disk may not close in order, and is gone all the same
  }

  #putAside(): void {
    const streams = this.#before === undefined ? this.#streamsFile.read() : this.#named(this.#before);
    const untoldFrom = this.#before === undefined ? undefined : { stream: this.#before.book.own, sequence: this.#before.next };
    this.#successor = this.#successorTo('damaged');
    this.#guarded(() => putAside(this.#request.directory, this.#now.wallMs, { streams, untoldFrom }));
  }

  /** The number and reason of the stream that follows on a file that cannot be read. */
  #successorTo(reason: StreamReason): Successor | undefined {
    const streams = this.#before === undefined ? this.#streamsFile.read() : this.#named(this.#before);
    if (streams.length === 0 && reason === 'incomplete' && waitingForSalvage(this.#request.directory).length === 0) return undefined; // there was none before
    const highest = Math.max(0, ...streams.map(({ number }) => number));
    return { reason, number: highest === 0 ? NUMBER_AFTER_UNKNOWN : highest + 1 };
  }

  /** The newest readings are missing, and nobody knows how many: their sequences are not given out again. */
  #endStream(store: Store): void {
    if (this.#successor === undefined) {
      const { own } = store.book;
      const gap = { source: store.book.sourceOf(own), ranges: [[this.#guarded(() => store.book.lastOf(own)) + 1, SEQUENCE_MAX]] as const, reason: 'incomplete' } as const;
      store.restart({ reason: 'incomplete', newStreamId: this.#request.newStreamId, now: this.#now }, gapRows(gap, this.#now));
      this.#renewStreamId(store);
    }
    this.#isLogMissing = false;
    this.#guarded(() => this.#mark.clear());
  }

  #startSalvages(store: Store): void {
    this.#try(() =>
      this.#guarded(() => {
        this.#salvages.start(store);
        this.#tellAlarms();
      }),
    );
  }

  #named(store: Store): readonly NamedStream[] {
    return store.book.numbers.map((number) => ({ number, source: store.book.sourceOf(number) }));
  }

  #tellAlarms(): void {
    const alarms = [...(this.#open?.room.alarms() ?? []), ...this.#salvages.alarms(this.#now)];
    if (JSON.stringify(alarms) === this.#alarms) return;
    this.#alarms = JSON.stringify(alarms);
    this.#tell({ news: 'alarms', alarms });
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw storageError(error, this.#file);
    }
  }
}

const TRIES_MAX = 4;
/** Above the streams of any file that was damaged so badly that not even their numbers are known. */
const NUMBER_AFTER_UNKNOWN = 4096;

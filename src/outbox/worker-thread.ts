import { Worker } from 'node:worker_threads';
import { messageOf, StorageError } from '../core/errors.ts';
import type { AnswerMessage, Calls, News } from './calls.ts';

/**
 * The main thread's end of the outbox's worker: calls by name, each answered once. It can be started long before it is
 * used, since a thread takes a while to come up; until the first call it keeps no process alive.
 */
export class WorkerThread {
  /** Resolves with the reason if the thread ends without having been asked to. */
  readonly died: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { readonly resolve: (answer: unknown) => void; readonly reject: (fault: StorageError) => void }>();
  #nextId = 1;
  #gone: StorageError | undefined;
  #closing = false;
  #listener: ((news: News) => void) | undefined;
  #untold: News[] = [];

  /** Starts the compiled worker.ts. */
  constructor(file: URL) {
    this.#worker = new Worker(file, { name: 'outbox', resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } });
    this.#worker.on('message', (message: AnswerMessage | News) => ('news' in message ? this.#tell(message) : this.#answered(message)));
    this.died = new Promise((resolve) => {
      this.#worker.on('error', (error) => resolve(this.#ended(error)));
      this.#worker.on('exit', () => {
        if (!this.#closing) resolve(this.#ended(undefined));
      });
    });
    this.#worker.unref(); // last, since listening for messages holds on to the thread again
  }

  /** Asks the worker; rejects with a StorageError when the storage failed or the thread is gone. */
  call<Name extends keyof Calls>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['answer']> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      const id = this.#nextId;
      this.#nextId += 1;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, name, request });
    }) as Promise<Calls[Name]['answer']>;
  }

  /** Gets what the worker tells without being asked, from the beginning on. */
  set news(listener: (news: News) => void) {
    this.#listener = listener;
    for (const news of this.#untold.splice(0)) listener(news);
  }

  /** Closes the store and lets the thread end by itself: terminating it during a call would crash the process. */
  async close(): Promise<void> {
    this.#closing = true;
    const exited = new Promise<void>((resolve) => void this.#worker.once('exit', () => resolve()));
    await this.call('close', undefined);
    this.#gone = new StorageError({ where: 'outbox', what: 'it is closed' });
    await exited;
  }

  #tell(news: News): void {
    if (this.#listener === undefined) this.#untold.push(news);
    else this.#listener(news);
  }

  #answered(message: AnswerMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('fault' in message) waiting?.reject(new StorageError(message.fault));
    else waiting?.resolve(message.answer);
  }

  #ended(error: unknown): unknown {
    const why = error === undefined ? '' : `: ${messageOf(error)}`;
    this.#gone ??= new StorageError({ where: 'outbox', what: `its thread has ended${why}`, cause: error });
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
    return error ?? this.#gone;
  }
}

/** V8's default is 48 MB, which short-lived rows fill before anything is collected. */
const YOUNG_GENERATION_MB = 12;

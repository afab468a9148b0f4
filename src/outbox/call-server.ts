import { StorageError } from '../core/errors.ts';
import type { AnswerMessage, CallMessage, Calls, News } from './calls.ts';
import { StoreKeeper } from './store-keeper.ts';

/** Answers calls, one after the other, and tells what happens meanwhile. A fault of the storage is an answer, a bug is thrown. */
export class CallServer {
  readonly #tell: (news: News) => void;
  #keeper: StoreKeeper | undefined;

  constructor(tell: (news: News) => void) {
    this.#tell = tell;
  }

  /** Runs one call. */
  answer(message: CallMessage): AnswerMessage {
    try {
      return { id: message.id, answer: message.name === 'open' ? this.#open(message.request) : run(message, this.#keeper) };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return { id: message.id, fault: { where: error.where, what: error.what, remedy: error.remedy } };
    }
  }

  /** To be called when an answer is out, for what it need not wait for. */
  settle(): void {
    this.#keeper?.settle();
  }

  /** Whether something damaged waits to be copied. */
  get isSalvaging(): boolean {
    return this.#keeper?.isSalvaging === true;
  }

  /** Copies a piece of it; false when that is not possible now. */
  salvage(): boolean {
    return this.#keeper?.salvage() === true;
  }

  #open(request: Calls['open']['request']): Calls['open']['answer'] {
    const { keeper, fault } = StoreKeeper.open(request, this.#tell);
    this.#keeper = keeper;
    return { fault };
  }
}

function run(message: Exclude<CallMessage, { name: 'open' }>, keeper: StoreKeeper | undefined): Calls[keyof Calls]['answer'] {
  if (keeper === undefined) throw new StorageError({ where: 'outbox', what: 'it is not open' });
  switch (message.name) {
    case 'ready':
      keeper.ready();
      return undefined;
    case 'commit':
      return keeper.commit(message.request);
    case 'page':
      return keeper.page(message.request);
    case 'fetch':
      return keeper.fetch(message.request);
    case 'quarantine':
      return keeper.quarantine();
    case 'correct':
      keeper.correct(message.request);
      return undefined;
    case 'restart':
      keeper.restart(message.request);
      return undefined;
    case 'ping':
      return undefined;
    case 'close':
      keeper.close();
      return undefined;
  }
}

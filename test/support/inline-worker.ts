import { cpSync } from 'node:fs';
import { StorageError } from '../../src/core/errors.ts';
import { CallServer } from '../../src/outbox/call-server.ts';
import type { CallMessage, Calls, News } from '../../src/outbox/calls.ts';
import type { OutboxParts } from '../../src/outbox/outbox.ts';

/**
 * The outbox's worker in this thread: the real store on a real file, without the cost of a thread. As there, one call is
 * run after the other, and what is asked because of its news or its answer comes behind what was asked before.
 */
export class InlineWorker implements Pick<OutboxParts['worker'], 'call' | 'close' | 'news'> {
  readonly #server = new CallServer((news) => this.#tell(news));
  #listener: ((news: News) => void) | undefined;
  #untold: News[] = [];
  #isOver = false;
  #turn: Promise<void> = Promise.resolve();

  call<Name extends keyof Calls>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['answer']> {
    const answer = this.#turn.then(() => this.#run(name, request));
    this.#turn = answer.then(heard, heard);
    return answer;
  }

  set news(listener: (news: News) => void) {
    this.#listener = listener;
    for (const news of this.#untold.splice(0)) listener(news);
  }

  #run<Name extends keyof Calls>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['answer']> {
    if (this.#isOver) return new Promise(() => undefined); // the process is gone: nobody hears of it any more
    const answer = this.#server.answer({ id: 0, name, request } as CallMessage);
    this.#server.settle();
    if ('fault' in answer) return Promise.reject(new StorageError(answer.fault));
    return Promise.resolve(answer.answer as Calls[Name]['answer']);
  }

  async close(): Promise<void> {
    await this.call('close', undefined);
    this.#isOver = true;
  }

  /** Ends as a killed process does: what is in the files stays there, and goes on in the copy. */
  crash(directory: string, copy: string): void {
    cpSync(directory, copy, { recursive: true });
    this.#server.answer({ id: 0, name: 'close', request: undefined });
    this.#isOver = true;
  }

  #tell(news: News): void {
    if (this.#isOver) return;
    if (this.#listener === undefined) this.#untold.push(news);
    else this.#listener(news);
  }
}

/** An answer has come to whoever waited for it: messages between threads leave that much time between them. */
async function heard(): Promise<void> {
  for (let hop = 0; hop < ANSWER_HOPS; hop += 1) await Promise.resolve();
}

/** More than any of the outbox's answers goes through. */
const ANSWER_HOPS = 20;

import { parentPort } from 'node:worker_threads';
import { StorageError } from '../core/errors.ts';
import type { AnswerMessage, CallMessage, Calls } from './calls.ts';
import { Store } from './store.ts';

/**
 * The outbox's thread: runs one call after the other against the store and answers each. A fault of the storage is an
 * answer; anything else is a bug and ends the thread, which ends the gateway.
 */
function serve(): void {
  const port = parentPort;
  if (port === null) throw new TypeError('the outbox worker runs as a worker thread');
  let store: Store | undefined;
  port.on('message', (message: CallMessage) => {
    let answer: AnswerMessage;
    try {
      if (message.name === 'open') store = Store.open(message.request);
      answer = { id: message.id, answer: run(message, store) };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      answer = { id: message.id, fault: { where: error.where, what: error.what, remedy: error.remedy } };
    }
    port.postMessage(answer);
    if (message.name === 'close') port.close();
  });
}

function run(message: CallMessage, store: Store | undefined): Calls[keyof Calls]['answer'] {
  if (store === undefined) throw new StorageError({ where: 'outbox', what: 'it is not open' });
  switch (message.name) {
    case 'open':
      return store.report();
    case 'commit':
      return store.commit(message.request);
    case 'page':
      return store.page(message.request);
    case 'close':
      store.close();
      return undefined;
  }
}

serve();

import { parentPort } from 'node:worker_threads';
import { StorageError } from '../core/errors.ts';
import type { AnswerMessage, CallMessage, Calls, News } from './calls.ts';
import { StoreKeeper } from './store-keeper.ts';

/**
 * The outbox's thread: runs one call after the other and answers each. A fault of the storage is an answer; anything else
 * is a bug and ends the thread, which ends the gateway.
 */
function serve(): void {
  const port = parentPort;
  if (port === null) throw new TypeError('the outbox worker runs as a worker thread');
  let keeper: StoreKeeper | undefined;
  let salvaging: NodeJS.Timeout | undefined;
  const tell = (news: News): void => port.postMessage(news);
  const salvageSoon = (delayMs: number): void => {
    if (salvaging !== undefined || keeper?.isSalvaging !== true) return;
    salvaging = setTimeout(() => {
      salvaging = undefined;
      salvageSoon(keeper?.salvage() === true ? SALVAGE_EVERY_MS : SALVAGE_AGAIN_MS);
    }, delayMs);
  };
  port.on('message', (message: CallMessage) => {
    let answer: AnswerMessage;
    try {
      if (message.name === 'open') {
        const opened = StoreKeeper.open(message.request, tell);
        ({ keeper } = opened);
        answer = { id: message.id, answer: { fault: opened.fault } };
      } else {
        answer = { id: message.id, answer: run(message, keeper) };
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      answer = { id: message.id, fault: { where: error.where, what: error.what, remedy: error.remedy } };
    }
    port.postMessage(answer);
    if (message.name !== 'close') {
      salvageSoon(SALVAGE_EVERY_MS);
      return;
    }
    clearTimeout(salvaging);
    port.close();
  });
}

function run(message: Exclude<CallMessage, { name: 'open' }>, keeper: StoreKeeper | undefined): Calls[keyof Calls]['answer'] {
  if (keeper === undefined) throw new StorageError({ where: 'outbox', what: 'it is not open' });
  switch (message.name) {
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

/** Between two pieces of a salvage there is room for commits. */
const SALVAGE_EVERY_MS = 5;
/** The file does not take it now. */
const SALVAGE_AGAIN_MS = 10_000;

serve();

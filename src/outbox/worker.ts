import { parentPort } from 'node:worker_threads';
import { CallServer } from './call-server.ts';
import type { CallMessage } from './calls.ts';

/** The outbox's thread: answers calls, and salvages in between. A bug ends the thread, which ends the gateway. */
function serve(): void {
  const port = parentPort;
  if (port === null) throw new TypeError('the outbox worker runs as a worker thread');
  const server = new CallServer((news) => port.postMessage(news));
  let salvaging: NodeJS.Timeout | undefined;
  const salvageSoon = (delayMs: number): void => {
    if (salvaging !== undefined || !server.isSalvaging) return;
    salvaging = setTimeout(() => {
      salvaging = undefined;
      salvageSoon(server.salvage() ? SALVAGE_EVERY_MS : SALVAGE_AGAIN_MS);
    }, delayMs);
  };
  port.on('message', (message: CallMessage) => {
    port.postMessage(server.answer(message));
    server.settle();
    if (message.name !== 'close') {
      salvageSoon(SALVAGE_EVERY_MS);
      return;
    }
    clearTimeout(salvaging);
    port.close();
  });
}

/** Between two pieces of a salvage there is room for commits. */
const SALVAGE_EVERY_MS = 5;
/** The file does not take it now. */
const SALVAGE_AGAIN_MS = 10_000;

serve();

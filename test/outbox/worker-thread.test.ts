import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { News } from '../../src/outbox/calls.ts';
import { WorkerThread } from '../../src/outbox/worker-thread.ts';
import { temporaryFolder } from '../support/folders.ts';

/** A thread that runs a few lines in place of the outbox. */
function threadOf(lines: string): WorkerThread {
  const file = join(temporaryFolder(), 'worker.mjs');
  writeFileSync(file, `import { parentPort } from 'node:worker_threads';\n${lines}\n`);
  return new WorkerThread(pathToFileURL(file));
}

describe('the outbox\'s thread', () => {
  it('that dies refuses what waits and what comes later, and says that it is gone', async () => {
    const thread = threadOf("parentPort.on('message', () => { throw new Error('a bug'); });");
    const [first, second] = [thread.call('ping', undefined), thread.call('ping', undefined)];
    await expect(first).rejects.toThrow('its thread has ended: a bug');
    await expect(second).rejects.toThrow('its thread has ended');
    await expect(thread.died).resolves.toMatchObject({ message: 'a bug' });
    await expect(thread.call('ping', undefined)).rejects.toThrow('its thread has ended');
  });

  it('that exits by itself is noticed too', async () => {
    const thread = threadOf("parentPort.on('message', () => process.exit(3));");
    await expect(thread.call('ping', undefined)).rejects.toThrow('its thread has ended');
    await expect(thread.died).resolves.toMatchObject({ message: 'outbox: its thread has ended' });
  });

  it('is listened to from its first word on, in order', async () => {
    const thread = threadOf("parentPort.postMessage({ news: 'withdrawn', streams: [1] }); parentPort.on('message', ({ id, name }) => { parentPort.postMessage({ news: 'withdrawn', streams: [2] }); parentPort.postMessage({ id, answer: undefined }); if (name === 'close') parentPort.close(); });");
    const heard: News[] = [];
    await thread.call('ping', undefined);
    thread.news = (news) => heard.push(news);
    expect(heard).toMatchObject([{ streams: [1] }, { streams: [2] }]);
    await thread.close();
    expect(heard).toHaveLength(3);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** One message as the subscriber saw it. */
export interface Arrival {
  readonly text: string;
  /** On the machine's monotonic clock. */
  readonly atMs: number;
}

/** The subscriber's process from the outside. */
export class SubscriberProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it and resolves when it has subscribed; `before` is what stands before the text in a message. */
  static async start(url: string, topic: string, before = '"text":"'): Promise<SubscriberProcess> {
    const program = fileURLToPath(new URL('subscriber.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, url, topic, before], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    const subscriber = new SubscriberProcess(child);
    await subscriber.#answer<{ ready: true }>();
    return subscriber;
  }

  /** Waits until so many have arrived since the last take, and takes them. */
  async take(count: number, withinMs = 120_000): Promise<readonly Arrival[]> {
    const endMs = performance.now() + withinMs;
    while ((await this.#ask<{ count: number }>('count')).count < count) {
      if (performance.now() > endMs) throw new Error(`fewer than ${count} messages arrived within ${withinMs} ms`);
      await wait(10);
    }
    return (await this.#ask<{ arrivals: Arrival[] }>('take')).arrivals;
  }

  /** Ends it. */
  stop(): void {
    this.#child.disconnect();
  }

  async #ask<T>(question: string): Promise<T> {
    const answer = this.#answer<T>();
    this.#child.send(question);
    return answer;
  }

  #answer<T>(): Promise<T> {
    return new Promise((resolve) => void this.#child.once('message', (message) => resolve(message as T)));
  }
}

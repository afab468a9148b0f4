import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

/** What a peripheral is made of. */
export interface PeripheralPlan {
  /** The port of its emulated controller. */
  readonly port: string;
  readonly name: string;
  readonly services: readonly {
    readonly uuid: string;
    readonly characteristics: readonly { readonly uuid: string; readonly properties: readonly ('read' | 'write' | 'notify' | 'indicate' | 'writeWithoutResponse')[]; readonly value?: string; readonly refusal?: number }[];
  }[];
}

/** What it tells. */
export type PeripheralNews =
  | { readonly kind: 'advertising' }
  | { readonly kind: 'subscribed'; readonly characteristic: string }
  | { readonly kind: 'written'; readonly characteristic: string; readonly hex: string };

/** What it is told: to notify. */
export interface PeripheralOrder {
  readonly characteristic: string;
  readonly hex: string;
}

/** A real bleno peripheral, in a process of its own since it ends with its process only. */
export class Peripheral {
  readonly news: PeripheralNews[] = [];
  readonly #process: ChildProcess;

  /** Starts it for the running test; resolves when it advertises. */
  static async start(plan: PeripheralPlan): Promise<Peripheral> {
    const peripheral = new Peripheral(plan);
    await peripheral.until((news) => news.kind === 'advertising');
    return peripheral;
  }

  private constructor(plan: PeripheralPlan) {
    this.#process = fork(fileURLToPath(new URL('peripheral-process.ts', import.meta.url)), [JSON.stringify(plan)], { execArgv: ['--import', 'tsx'] });
    this.#process.on('message', (news: PeripheralNews) => this.news.push(news));
    onTestFinished(() => void this.#process.kill('SIGKILL'));
  }

  notify(characteristic: string, hex: string): void {
    this.#process.send({ characteristic, hex } satisfies PeripheralOrder);
  }

  /** What was written to a characteristic so far, as hexadecimal digits. */
  written(characteristic: string): string {
    return this.news.map((news) => (news.kind === 'written' && news.characteristic === characteristic ? news.hex : '')).join('');
  }

  async until(what: (news: PeripheralNews) => boolean): Promise<void> {
    await vi.waitUntil(() => this.news.some(what), { timeout: 15_000, interval: 10 });
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What is to be advertised: so many packets at an even pace, those of tags among those of strangers. */
export interface AirOrder {
  readonly count: number;
  readonly perSecond: number;
  /** How many tags take turns, see `tagAddress`. */
  readonly tags: number;
  /** After how many packets one is a tag's, with a count that was never sent before; 0 for none. The others come from addresses never seen before. */
  readonly tagEvery: number;
}

/** What was sent. */
export interface AirReport {
  /** When each count of a tag was, on the machine's monotonic clock. */
  readonly sentMs: ReadonlyMap<number, number>;
  readonly tookMs: number;
}

/** The address of a tag by its number. */
export function tagAddress(index: number): string {
  return `C0:DE:C0:DE:00:${index.toString(16).padStart(2, '0').toUpperCase()}`;
}

/** The emulated controller's process from the outside. */
export class AirProcess {
  /** The port that a host opens. */
  readonly path: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, path: string) {
    this.#child = child;
    this.path = path;
  }

  static async start(): Promise<AirProcess> {
    const program = fileURLToPath(new URL('air-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    const [path] = (await once(child, 'message')) as [string];
    return new AirProcess(child, path);
  }

  /** Resolves when all of it was sent. */
  async advertise(order: AirOrder): Promise<AirReport> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    const [report] = (await answer) as [AirReport];
    return report;
  }

  stop(): void {
    this.#child.disconnect();
  }
}

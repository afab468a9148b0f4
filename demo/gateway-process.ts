import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built gateway as a process of its own, so that it can be killed like one. */
export class GatewayProcess {
  readonly #configurationFile: string;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;

  constructor(parts: { readonly configurationFile: string; readonly logFile: string }) {
    this.#configurationFile = parts.configurationFile;
    this.#log = createWriteStream(parts.logFile, { flags: 'a' });
  }

  /** Its process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether it has ended by itself. */
  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  /** Starts `tailgate run`, with this beside what stands in the environment. */
  start(environment: Readonly<Record<string, string>> = {}): void {
    const program = fileURLToPath(new URL('../dist/tailgate.js', import.meta.url));
    const child = spawn(process.execPath, [program, 'run', this.#configurationFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    child.stdout.pipe(this.#log, { end: false });
    child.stderr.pipe(this.#log, { end: false });
    this.#child = child;
  }

  /** Ends it with a signal and resolves with its exit code, or the signal that ended it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return null;
    if (child.exitCode !== null) return child.exitCode;
    const exited = new Promise<number | string | null>((resolve) => void child.once('exit', (code, by) => resolve(code ?? by)));
    child.kill(signal);
    return exited;
  }
}

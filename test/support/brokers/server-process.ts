import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { listens } from '../free-port.ts';

/** How a server is started. */
export interface ServerProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment; without it, this process's own. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Where it listens when it is ready. */
  readonly port: number;
  /** Gets what it prints. */
  readonly logFile: string;
  /** Its own, which goes with it. */
  readonly folder?: string;
}

/** A server as a child of this process: it never outlives it, and has ended when `stop` resolves. */
export class ServerProcess {
  readonly #program: ServerProgram;
  #child: ChildProcess | undefined;

  constructor(program: ServerProgram) {
    this.#program = program;
  }

  /** Whether it was started and has not ended. */
  get runs(): boolean {
    return this.#child !== undefined && ended(this.#child) === undefined;
  }

  /** Starts it and waits until it listens; throws with the end of its log when it does not. */
  async start(): Promise<void> {
    const { program, args, environment = process.env, port, logFile } = this.#program;
    if (await listens(port)) throw new Error(`somebody else listens on ${port} already`);
    const log = openSync(logFile, 'a');
    const child = spawn(program, args, { env: environment, stdio: ['ignore', log, log] });
    closeSync(log);
    let fault: Error | undefined;
    child.once('error', (error) => (fault = error));
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.#child = child;
    const deadlineMs = performance.now() + START_WITHIN_MS;
    while (!(await listens(port))) {
      const why = fault?.message ?? ended(child) ?? (performance.now() > deadlineMs ? `does not listen after ${START_WITHIN_MS / 1000} s` : undefined);
      if (why !== undefined) throw new Error(`${program} ${why}\n${readFileSync(logFile, 'utf8').slice(-LOG_SHOWN_CHARACTERS)}`);
      await wait(POLL_MS);
    }
  }

  /** Ends it with a signal and waits until it is gone; by force when it takes too long. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || ended(child) !== undefined) return;
    const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
    child.kill(signal);
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(force);
  }

  /** Ends it at once and removes its folder. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    const { folder } = this.#program;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function ended({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (exitCode !== null) return `ended with ${exitCode}`;
  return signalCode === null ? undefined : `ended by ${signalCode}`;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** RabbitMQ takes 7 s on two cores of its own, and half a minute where they are busy. */
const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 10_000;
const POLL_MS = 10;
const LOG_SHOWN_CHARACTERS = 2000;

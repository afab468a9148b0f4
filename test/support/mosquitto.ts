import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Whether a real mosquitto is installed; tests that need one are skipped by name where it is not. */
export const MOSQUITTO = ['mosquitto', '/usr/sbin/mosquitto'].find((program) => spawnSync(program, ['-h']).error === undefined);

/** A real mosquitto on a free port of its own. */
export class Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, configuration: readonly string[]) {
    this.port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'tailgate-mosquitto-'));
    writeFileSync(join(this.#folder, 'mosquitto.conf'), configuration.join('\n'));
  }

  /** Starts one for the running test; it ends with the test. Lines in `extra` replace `allow_anonymous true`. */
  static async start(extra: readonly string[] = ['allow_anonymous true']): Promise<Mosquitto> {
    const mosquitto = await Mosquitto.prepare(extra);
    onTestFinished(() => mosquitto.remove());
    await mosquitto.start();
    return mosquitto;
  }

  /** The same, not yet running and for the caller to remove. */
  static async prepare(extra: readonly string[] = ['allow_anonymous true'], port?: number): Promise<Mosquitto> {
    const free = port ?? (await freePort());
    return new Mosquitto(free, [`listener ${free} 127.0.0.1`, 'max_queued_messages 0', 'log_type none', ...extra]);
  }

  /** Starts it and waits until it listens. */
  async start(): Promise<void> {
    const child = spawn(MOSQUITTO ?? 'mosquitto', ['-c', join(this.#folder, 'mosquitto.conf')], { stdio: 'ignore' });
    this.#child = child;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      if (await listens(this.port)) return;
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
  }

  /** Ends it with a signal; its port stays its own. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => void child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  /** Stops it and removes its folder. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

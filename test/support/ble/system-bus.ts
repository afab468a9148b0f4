import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../folders.ts';

const DAEMON = 'dbus-daemon';

/** Whether this machine can have a bus of its own. */
export const HAS_DBUS = spawnSync(DAEMON, ['--version']).error === undefined;

/** A system bus for the running test: a real dbus-daemon on a socket of its own, on which everybody may do everything. */
export class SystemBus {
  /** Where it listens, as DBUS_SYSTEM_BUS_ADDRESS says it. */
  readonly address: string;
  readonly #configurationFile: string;
  readonly #socket: string;
  #daemon: ChildProcess | undefined;

  /** Starts one; `denies` is a name to which nobody may send. */
  static async start({ denies }: { readonly denies?: string } = {}): Promise<SystemBus> {
    const bus = new SystemBus(temporaryFolder(), denies === undefined ? '' : `<deny send_destination="${denies}"/>`);
    onTestFinished(() => bus.stop());
    await bus.start();
    return bus;
  }

  private constructor(folder: string, denial: string) {
    this.#socket = join(folder, 'bus');
    this.address = `unix:path=${this.#socket}`;
    this.#configurationFile = join(folder, 'bus.conf');
    writeFileSync(
      this.#configurationFile,
      `<busconfig><limit name="max_match_rules_per_connection">${MATCH_RULES_MAX}</limit><listen>${this.address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/>${denial}</policy></busconfig>\n`,
    );
  }

  /** Starts it, for the first time or again at the same address. */
  async start(): Promise<void> {
    const daemon = spawn(DAEMON, [`--config-file=${this.#configurationFile}`, '--nofork', '--nopidfile', '--print-address'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    daemon.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-1000)));
    this.#daemon = daemon;
    await new Promise<void>((resolve, reject) => {
      daemon.stdout.once('data', () => resolve()); // it says its address when it listens
      daemon.once('exit', (code) => reject(new Error(`dbus-daemon ended with ${code}: ${said}`)));
    });
  }

  /** Ends it as a crash does; everybody's connection breaks off. */
  async stop(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null) return;
    const exited = new Promise((resolve) => void daemon.once('exit', resolve));
    daemon.kill('SIGKILL');
    await exited;
    if (existsSync(this.#socket)) rmSync(this.#socket);
  }
}

/** Of 512 that a system's bus allows, so that who never takes one back is found out soon. */
const MATCH_RULES_MAX = 12;

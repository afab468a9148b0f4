import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../free-port.ts';
import type { Broker, BrokerKind } from './broker.ts';
import { ServerProcess } from './server-process.ts';

/** Whether a real mosquitto is installed; tests that need one are skipped by name where it is not. */
export const MOSQUITTO = ['mosquitto', '/usr/sbin/mosquitto'].find((program) => spawnSync(program, ['-h']).error === undefined);

/** A real mosquitto on a free port of its own. */
export class Mosquitto implements Broker {
  readonly port: number;
  readonly url: string;
  readonly start: Broker['start'];
  readonly stop: Broker['stop'];
  readonly remove: Broker['remove'];

  private constructor(port: number, configuration: readonly string[]) {
    this.port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
    const folder = mkdtempSync(join(tmpdir(), 'tailgate-mosquitto-'));
    const file = join(folder, 'mosquitto.conf');
    writeFileSync(file, configuration.join('\n'));
    const server = new ServerProcess({ program: MOSQUITTO ?? 'mosquitto', args: ['-c', file], port, logFile: join(folder, 'log'), folder });
    this.start = () => server.start();
    this.stop = (signal) => server.stop(signal);
    this.remove = () => server.remove();
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
    return new Mosquitto(free, [`listener ${free} 127.0.0.1`, 'max_queued_messages 0', 'log_type error', ...extra]);
  }
}

/** As the delivery suite uses it. */
export const mosquitto: BrokerKind = {
  name: 'mosquitto',
  missing: MOSQUITTO === undefined ? 'mosquitto is not installed: apt-get install mosquitto' : undefined,
  mqttVersion: '5',
  prepare: () => Mosquitto.prepare(),
};

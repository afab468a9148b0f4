import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import type { Broker, BrokerKind } from './broker.ts';
import { ServerProcess } from './server-process.ts';

const PROGRAM = ['nats-server', '/usr/sbin/nats-server'].find((program) => spawnSync(program, ['--version']).error === undefined);

/** A real NATS server that keeps MQTT sessions and messages in JetStream, in a folder of its own. */
class Nats implements Broker {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #process: ServerProcess;

  constructor(program: string, ports: { readonly mqtt: number; readonly client: number }) {
    this.port = ports.mqtt;
    this.url = `mqtt://127.0.0.1:${ports.mqtt}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'tailgate-nats-'));
    const file = join(this.#folder, 'nats.conf');
    // MQTT needs JetStream and a server name: docs.nats.io, Running a NATS service, Configuration, MQTT.
    writeFileSync(file, [
      'server_name: tailgate-test',
      `listen: "127.0.0.1:${ports.client}"`,
      `jetstream { store_dir: "${join(this.#folder, 'jetstream')}" }`,
      `mqtt { listen: "127.0.0.1:${ports.mqtt}" }`,
    ].join('\n'));
    this.#process = new ServerProcess({ program, args: ['-c', file], port: ports.mqtt, logFile: join(this.#folder, 'log') });
  }

  async start(): Promise<void> {
    await this.#process.start();
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** As the delivery suite uses it. It answers a version 5 CONNECT with return code 1. */
export const nats: BrokerKind = {
  name: 'NATS with JetStream',
  missing: PROGRAM === undefined ? 'nats-server is not installed: apt-get install nats-server' : undefined,
  mqttVersion: '3.1.1',
  prepare: async () => new Nats(PROGRAM ?? 'nats-server', { mqtt: await freePort(), client: await freePort() }),
};

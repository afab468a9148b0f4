import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
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
  readonly start: Broker['start'];
  readonly stop: Broker['stop'];
  readonly remove: Broker['remove'];

  constructor(program: string, ports: { readonly mqtt: number; readonly client: number }) {
    this.port = ports.mqtt;
    this.url = `mqtt://127.0.0.1:${ports.mqtt}`;
    const folder = mkdtempSync(join(tmpdir(), 'tailgate-nats-'));
    const file = join(folder, 'nats.conf');
    // MQTT needs JetStream and a server name: docs.nats.io, Running a NATS service, Configuration, MQTT.
    writeFileSync(file, [
      'server_name: tailgate-test',
      `listen: "127.0.0.1:${ports.client}"`,
      `jetstream { store_dir: "${join(folder, 'jetstream')}" }`,
      `mqtt { listen: "127.0.0.1:${ports.mqtt}" }`,
    ].join('\n'));
    const server = new ServerProcess({ program, args: ['-c', file], port: ports.mqtt, logFile: join(folder, 'log'), folder });
    this.start = () => server.start();
    this.stop = (signal) => server.stop(signal);
    this.remove = () => server.remove();
  }
}

/** As the delivery suite uses it. It answers a version 5 CONNECT with return code 1. */
export const nats: BrokerKind = {
  name: 'NATS with JetStream',
  missing: PROGRAM === undefined ? 'nats-server is not installed: apt-get install nats-server' : undefined,
  mqttVersion: '3.1.1',
  prepare: async () => new Nats(PROGRAM ?? 'nats-server', { mqtt: await freePort(), client: await freePort() }),
};

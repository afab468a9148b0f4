import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import type { Broker, BrokerKind } from './broker.ts';
import { ServerProcess } from './server-process.ts';

/** The start script itself: the one in the PATH goes over to the package's own user and folders. */
const PROGRAM = ['/usr/lib/rabbitmq/bin/rabbitmq-server'].find((program) => existsSync(program));
const EPMD = ['/usr/bin/epmd'].find((program) => existsSync(program));

/** A real RabbitMQ with its MQTT plugin, and an Erlang port mapper of its own: it touches no other of this machine. */
class RabbitMq implements Broker {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #portMapper: ServerProcess;
  readonly #server: ServerProcess;

  constructor(ports: { readonly mqtt: number; readonly distribution: number; readonly portMapper: number }) {
    this.port = ports.mqtt;
    this.url = `mqtt://127.0.0.1:${ports.mqtt}`;
    const folder = mkdtempSync(join(tmpdir(), 'tailgate-rabbitmq-'));
    this.#folder = folder;
    for (const name of ['home', 'mnesia', 'log']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'rabbitmq.conf'), ['listeners.tcp = none', `mqtt.listeners.tcp.default = 127.0.0.1:${ports.mqtt}`, 'mqtt.allow_anonymous = true', 'log.file.level = warning'].join('\n'));
    writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_mqtt].\n');
    this.#portMapper = new ServerProcess({ program: EPMD ?? 'epmd', args: ['-address', '127.0.0.1', '-port', String(ports.portMapper)], port: ports.portMapper, logFile: join(folder, 'epmd') });
    this.#server = new ServerProcess({ program: PROGRAM ?? 'rabbitmq-server', args: [], environment: environmentOf(folder, ports), port: ports.mqtt, logFile: join(folder, 'output') });
  }

  async start(): Promise<void> {
    // Started here and in the foreground: RabbitMQ would start one as a daemon that outlives it.
    if (!this.#portMapper.runs) await this.#portMapper.start();
    await this.#server.start();
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#server.stop(signal);
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    await this.#portMapper.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function environmentOf(folder: string, ports: { readonly distribution: number; readonly portMapper: number }): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: join(folder, 'home'), // holds the Erlang cookie
    // Makes the script become the server, in place of starting it as a child that a signal would not reach.
    NOTIFY_SOCKET: join(folder, 'nobody'),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.portMapper),
    RABBITMQ_NODENAME: `tailgate-${ports.distribution}@localhost`,
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
  };
}

/** As the delivery suite uses it. Before 3.13 it knows no MQTT 5 and closes such a connection without a word. */
export const rabbitMq: BrokerKind = {
  name: 'RabbitMQ with its MQTT plugin',
  missing: PROGRAM === undefined || EPMD === undefined ? 'rabbitmq-server is not installed: apt-get install rabbitmq-server' : undefined,
  mqttVersion: knowsMqtt5() ? '5' : '3.1.1',
  prepare: async () => new RabbitMq({ mqtt: await freePort(), distribution: await freePort(), portMapper: await freePort() }),
};

/** RabbitMQ stands in a folder that is named after its version. */
function knowsMqtt5(): boolean {
  const [, major, minor] = /rabbitmq_server-(\d+)\.(\d+)/.exec(PROGRAM === undefined ? '' : realpathSync(PROGRAM)) ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 13);
}

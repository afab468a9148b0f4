import { BackOff } from '../core/back-off.ts';
import { type Clock, pause } from '../core/clock.ts';
import { PublishError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { MOVED } from './connect-fault.ts';
import type { Connection, ConnectionSettings, Incoming, MqttVersion } from './connection.ts';
import { ClosedBeforeConnack, connectMqtt } from './mqtt-publisher.ts';
import { ServerAddress, ServerMoved } from './server-reference.ts';
import { Takeover } from './takeover.ts';

/** What keeps a gateway connected to its broker. */
export interface StayConnectedParts {
  /** Reads every file again: certificates and passwords change while the gateway runs. */
  readonly settings: () => Promise<Omit<ConnectionSettings, 'version'>>;
  /** The version that the configuration pins, or `auto`: 5, then 3.1.1 for brokers that do not know it. */
  readonly version: MqttVersion | 'auto';
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly connected: (connection: Connection) => void;
  /** No connection, or none any more; `takenOver` when another client seems to use the same client id. */
  readonly lost: (fault: PublishError | undefined, retryMs: number, takenOver: boolean) => void;
  readonly arrived: (incoming: Incoming) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps one connection at a time until the signal is aborted, with full-jitter back-off between tries. The only place
 * that reconnects to a broker.
 */
export async function stayConnected(parts: StayConnectedParts): Promise<void> {
  const { clock, random, signal } = parts;
  const backOff = new BackOff({ leastMs: RETRY_LEAST_MS, mostMs: RETRY_MOST_MS, random });
  const [chooser, address, takeover] = [new VersionChooser(parts.version), new ServerAddress(), new Takeover()];
  while (!signal.aborted) {
    const { fault, lastedMs, followed } = await connectOnce(parts, chooser, address);
    if (signal.aborted) return;
    const { fellBack } = chooser;
    if (fellBack !== undefined) {
      parts.log.info(fellBack, { why: fault?.message ?? '' });
      continue;
    }
    takeover.ended(lastedMs, fault);
    if (lastedMs !== undefined && lastedMs >= STABLE_MS) backOff.reset();
    const retryMs = takeover.suspected ? TAKEN_OVER_RETRY_MS * (0.5 + random()) : slowFor(fault, followed) ? SLOW_RETRY_MS * (0.5 + random()) : backOff.nextMs();
    parts.lost(fault, retryMs, takeover.suspected);
    await pause(clock, retryMs, signal);
  }
}

/** What became of one try. */
interface Attempt {
  readonly fault: PublishError | undefined;
  /** Since the CONNACK; undefined without one. */
  readonly lastedMs: number | undefined;
  /** The next try goes to another address than this one. */
  readonly followed: boolean;
}

async function connectOnce(parts: StayConnectedParts, chooser: VersionChooser, address: ServerAddress): Promise<Attempt> {
  const { clock, arrived, signal } = parts;
  let configured = '';
  let lastedMs: number | undefined;
  const elsewhere = (fault: PublishError | undefined): boolean => {
    if (fault instanceof ServerMoved) return address.moved(fault, configured);
    return lastedMs === undefined && address.failed();
  };
  try {
    const settings = await parts.settings();
    configured = settings.url;
    const connection = await connectMqtt({ settings: { ...settings, url: address.of(configured), version: chooser.version }, clock, arrived, signal });
    chooser.succeeded();
    const connectedMs = clock.monotonicMs();
    parts.connected(connection);
    const stop = (): void => void connection.end('politely');
    signal.addEventListener('abort', stop, { once: true });
    const fault = await connection.closed;
    signal.removeEventListener('abort', stop);
    lastedMs = clock.monotonicMs() - connectedMs;
    if (lastedMs >= STABLE_MS) address.lasted();
    return { fault, lastedMs, followed: elsewhere(fault) };
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    chooser.failed(error);
    return { fault: error, lastedMs, followed: elsewhere(error) };
  }
}

/** Starts with MQTT 5 and falls back to 3.1.1, for the life of the process, when the broker shows that it must, or says nothing and then speaks 3.1.1. */
class VersionChooser {
  version: MqttVersion;
  readonly #pinned: boolean;
  #closes = 0;
  #fellBack: string | undefined;
  #spokeMqtt5 = false;
  /** It fell back because of silence, and the broker has not spoken 3.1.1 yet either. */
  #doubted = false;

  constructor(version: MqttVersion | 'auto') {
    this.#pinned = version !== 'auto';
    this.version = version === 'auto' ? '5' : version;
  }

  /** That the last failure made it fall back just now, in words; undefined when it did not. */
  get fellBack(): string | undefined {
    const fellBack = this.#fellBack;
    this.#fellBack = undefined;
    return fellBack;
  }

  succeeded(): void {
    this.#closes = 0;
    this.#doubted = false;
    this.#spokeMqtt5 ||= this.version === '5';
  }

  /**
   * Return code 1 or reason 0x84 says it (NATS 2.9 and aedes answer 1 to a version 5 CONNECT); RabbitMQ 3.10 closes
   * without a word, which a broken network does as well, so it takes two closes in a row. A broker that has spoken 5
   * closes because it is away: a proxy in front of it takes the connection all the same. One that was away from the
   * start is not made out by 3.1.1 either, and is asked for 5 again: 3.1.1 knows no reason codes, and a broker that
   * forbids a topic then takes its messages and drops them.
   */
  failed(fault: PublishError): void {
    const silent = this.#doubted && fault.reasonCode === undefined;
    this.#doubted = false;
    if (silent) {
      this.version = '5';
      return;
    }
    if (this.#pinned || this.version !== '5') return;
    this.#closes = fault instanceof ClosedBeforeConnack ? this.#closes + 1 : 0;
    const unsupported = fault.reasonCode === 1 || fault.reasonCode === 0x84;
    if (!unsupported && (this.#spokeMqtt5 || this.#closes < CLOSES_TO_FALL_BACK)) return;
    this.#closes = 0;
    this.version = '3.1.1';
    this.#doubted = !unsupported;
    this.#fellBack = unsupported ? KNOWS_NONE : MAY_KNOW_NONE;
  }
}

/** Faults that no quick retry will cure, unless it goes to another address. */
function slowFor(fault: PublishError | undefined, followed: boolean): boolean {
  if (fault === undefined || followed) return false;
  return fault.fault === 'not-authorised' || (fault.reasonCode !== undefined && MOVED.has(fault.reasonCode));
}

const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 300_000;
const SLOW_RETRY_MS = 60_000;
/** Minutes: two clients with one id would throw each other out without end, and neither would get anything done. */
const TAKEN_OVER_RETRY_MS = 180_000;
const STABLE_MS = 60_000;
const CLOSES_TO_FALL_BACK = 2;
const KNOWS_NONE = 'the broker knows no MQTT 5; going on with 3.1.1';
const MAY_KNOW_NONE = 'the broker closes without a word, which may mean that it knows no MQTT 5; trying 3.1.1';

import { BackOff } from '../core/back-off.ts';
import { type Clock, pause } from '../core/clock.ts';
import { PublishError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { ClosedBeforeConnack, connectMqtt, type Connection, type ConnectionSettings, type MqttVersion } from './mqtt-publisher.ts';

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
  readonly lost: (fault: PublishError | undefined, retryMs: number) => void;
  readonly arrived: (topic: string, payload: Buffer) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps one connection at a time until the signal is aborted, with full-jitter back-off between tries. The only place
 * that reconnects to a broker.
 */
export async function stayConnected(parts: StayConnectedParts): Promise<void> {
  const { clock, random, signal } = parts;
  const backOff = new BackOff({ leastMs: RETRY_LEAST_MS, mostMs: RETRY_MOST_MS, random });
  const chooser = new VersionChooser(parts.version);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const fault = await connectOnce(parts, chooser);
    if (signal.aborted) return;
    if (chooser.fellBack) {
      parts.log.info('the broker knows no MQTT 5; going on with 3.1.1', { why: fault?.message ?? '' });
      continue;
    }
    if (clock.monotonicMs() - startedMs >= STABLE_MS) backOff.reset();
    const retryMs = slowFor(fault) ? SLOW_RETRY_MS * (0.5 + random()) : backOff.nextMs();
    parts.lost(fault, retryMs);
    await pause(clock, retryMs, signal);
  }
}

async function connectOnce(parts: StayConnectedParts, chooser: VersionChooser): Promise<PublishError | undefined> {
  const { clock, arrived, signal } = parts;
  try {
    const settings = { ...(await parts.settings()), version: chooser.version };
    const connection = await connectMqtt({ settings, clock, arrived, signal });
    chooser.succeeded();
    parts.connected(connection);
    const stop = (): void => void connection.end('politely');
    signal.addEventListener('abort', stop, { once: true });
    const fault = await connection.closed;
    signal.removeEventListener('abort', stop);
    return fault;
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    chooser.failed(error);
    return error;
  }
}

/** Starts with MQTT 5 and falls back to 3.1.1, for the life of the process, when the broker shows that it must. */
class VersionChooser {
  version: MqttVersion;
  readonly #pinned: boolean;
  #closes = 0;
  #fellBack = false;

  constructor(version: MqttVersion | 'auto') {
    this.#pinned = version !== 'auto';
    this.version = version === 'auto' ? '5' : version;
  }

  /** Whether the last failure made it fall back just now. */
  get fellBack(): boolean {
    const fellBack = this.#fellBack;
    this.#fellBack = false;
    return fellBack;
  }

  succeeded(): void {
    this.#closes = 0;
  }

  /**
   * Return code 1 or reason 0x84 says it (NATS 2.9 and aedes answer 1 to a version 5 CONNECT); RabbitMQ 3.10 closes
   * without a word, which a broken network does as well, so it takes two closes in a row.
   */
  failed(fault: PublishError): void {
    if (this.#pinned || this.version !== '5') return;
    this.#closes = fault instanceof ClosedBeforeConnack ? this.#closes + 1 : 0;
    const unsupported = fault.reasonCode === 1 || fault.reasonCode === 0x84;
    if (!unsupported && this.#closes < CLOSES_TO_FALL_BACK) return;
    this.version = '3.1.1';
    this.#fellBack = true;
  }
}

/** Faults that no quick retry will cure, or that a quick retry makes worse: two clients with one id would fight. */
function slowFor(fault: PublishError | undefined): boolean {
  return fault !== undefined && (fault.fault === 'not-authorised' || fault.reasonCode === SESSION_TAKEN_OVER);
}

const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 300_000;
const SLOW_RETRY_MS = 60_000;
const STABLE_MS = 60_000;
const CLOSES_TO_FALL_BACK = 2;
const SESSION_TAKEN_OVER = 0x8e;

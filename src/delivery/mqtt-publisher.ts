import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { Clock } from '../core/clock.ts';
import { messageOf, PublishError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { connectFault } from './connect-fault.ts';
import { NO_MATCHING_SUBSCRIBERS, publishFault, reasonName } from './reason-codes.ts';

/** MQTT 5.0, or 3.1.1 for brokers that know no better. */
export type MqttVersion = '5' | '3.1.1';

/** Everything a connection is made with; files have been read. */
export interface ConnectionSettings {
  readonly url: string;
  readonly version: MqttVersion;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly keepaliveSeconds: number;
  /** What the broker publishes, retained, when this connection dies. */
  readonly will: { readonly topic: string; readonly payload: string };
}

/** One message to publish at QoS 1. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain?: boolean;
  readonly contentType?: string;
}

/** One connection to a broker, from CONNACK to its end. It never reconnects and never stores. */
export interface Connection {
  readonly version: MqttVersion;
  /** How many messages the broker takes unacknowledged (MQTT 5 receive maximum; 65,535 where it does not say). */
  readonly receiveMaximum: number;
  /** The largest packet the broker takes, in bytes, where it says. */
  readonly packetBytesMax: number | undefined;
  /**
   * Sends one message. `settled` is called once with what became of it: nothing after a PUBACK, a PublishError after
   * a refusal, `nobody-listens` after PUBACK 0x10. It is not called when the connection ends first: then the outcome
   * is unknown and the message has to go again.
   */
  publish(message: Message, settled: (fault: PublishError | undefined) => void): void;
  /** Subscribes at QoS 1; what arrives goes to the listener given at connect. */
  subscribe(topic: string, failed: (fault: PublishError) => void): void;
  /** Settles once when the connection is over, with the reason, or with undefined after `end()`. */
  readonly closed: Promise<PublishError | undefined>;
  /**
   * Ends it: `politely` with a DISCONNECT, so that no last will is sent, and by force if that takes two seconds;
   * `abruptly` at once. Resolves when the socket is gone.
   */
  end(how: 'politely' | 'abruptly'): Promise<void>;
}

/** What a connection attempt needs besides its settings. */
export interface ConnectParts {
  readonly settings: ConnectionSettings;
  readonly clock: Clock;
  /** Gets what arrives on subscribed topics. */
  readonly arrived: (topic: string, payload: Buffer) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes one connection with a client object of its own, since an mqtt.js client that reconnects sends its stored
 * packets again by itself. Rejects with a PublishError that names the remedy; `reachedBroker` on a failure that came
 * after the socket was open and before any CONNACK.
 */
export function connectMqtt({ settings, clock, arrived, signal }: ConnectParts): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const client = clientOf(settings);
    if (client instanceof PublishError) {
      reject(client);
      return;
    }
    let reason: unknown;
    let socketOpened = false;
    const giveUp = (error: unknown): void => {
      cancel();
      signal.removeEventListener('abort', aborted);
      client.end(true);
      reject(error instanceof ClosedBeforeConnack ? error : connectFault(settings.url, error));
    };
    const aborted = (): void => giveUp(new Error('the gateway is stopping'));
    const cancel = clock.after(CONNACK_WITHIN_MS, () => giveUp(new Error(`no CONNACK within ${CONNACK_WITHIN_MS / 1000} s`)));
    signal.addEventListener('abort', aborted, { once: true });
    client.stream.once('connect', () => (socketOpened = true));
    client.on('error', (error) => (reason ??= error));
    client.once('close', () => giveUp(reason ?? (socketOpened ? new ClosedBeforeConnack(settings.url) : new Error('the connection was closed'))));
    client.once('connect', (connack) => {
      cancel();
      signal.removeEventListener('abort', aborted);
      client.removeAllListeners('close');
      client.removeAllListeners('error');
      const { receiveMaximum = 65_535, maximumPacketSize } = connack.properties ?? {};
      resolve(new MqttConnection(client, { settings, clock, receiveMaximum, packetBytesMax: maximumPacketSize, arrived }));
    });
  });
}

/** The broker closed the socket before any CONNACK, which is how some say that they know no MQTT 5. */
export class ClosedBeforeConnack extends PublishError {
  constructor(url: string) {
    super({ where: `broker ${url}`, what: 'it closed the connection before it answered', remedy: 'Check that mqtt.url has the right port and mqtt or mqtts', fault: 'transient' });
  }
}

class MqttConnection implements Connection {
  readonly version: MqttVersion;
  readonly receiveMaximum: number;
  readonly packetBytesMax: number | undefined;
  readonly closed: Promise<PublishError | undefined>;
  readonly #client: MqttClient;
  readonly #url: string;
  readonly #clock: Clock;
  #over = false;
  #ending = false;
  #nobodyListens = false;

  constructor(
    client: MqttClient,
    parts: {
      readonly settings: ConnectionSettings;
      readonly clock: Clock;
      readonly receiveMaximum: number;
      readonly packetBytesMax: number | undefined;
      readonly arrived: (topic: string, payload: Buffer) => void;
    },
  ) {
    this.#client = client;
    this.#url = parts.settings.url;
    this.#clock = parts.clock;
    this.version = parts.settings.version;
    this.receiveMaximum = parts.receiveMaximum;
    this.packetBytesMax = parts.packetBytesMax;
    let reason: unknown;
    client.on('error', (error) => (reason ??= error));
    client.on('disconnect', ({ reasonCode }) => (reason ??= Object.assign(new Error('disconnected'), { code: reasonCode ?? 0 })));
    client.on('message', parts.arrived);
    client.on('packetreceive', (packet) => {
      this.#nobodyListens = packet.cmd === 'puback' && packet.reasonCode === NO_MATCHING_SUBSCRIBERS;
    });
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#over = true;
        client.end(true);
        resolve(this.#ending ? undefined : connectFault(this.#url, reason ?? new Error('the connection was lost')));
      });
    });
  }

  publish({ topic, payload, retain = false, contentType }: Message, settled: (fault: PublishError | undefined) => void): void {
    const options: IClientPublishOptions = { qos: 1, retain };
    if (contentType !== undefined && this.version === '5') options.properties = { contentType };
    this.#client.publish(topic, payload, options, (error) => {
      if (this.#over) return;
      settled(this.#faultOf(error));
    });
  }

  subscribe(topic: string, failed: (fault: PublishError) => void): void {
    this.#client.subscribe(topic, { qos: 1 }, (error) => {
      if (error !== null && !this.#over) failed(connectFault(this.#url, error));
    });
  }

  async end(how: 'politely' | 'abruptly'): Promise<void> {
    if (this.#over) return;
    this.#ending = true;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(END_WITHIN_MS, () => {
        this.#client.stream.destroy();
        resolve();
      });
      void this.closed.then(() => {
        cancel();
        resolve();
      });
      if (how === 'politely') this.#sendDisconnect();
      else this.#client.stream.destroy();
    });
  }

  /** Not `client.end(false)`: that waits for every PUBACK, and there may be none any more. */
  #sendDisconnect(): void {
    this.#client.outgoing = {};
    this.#client.end(false);
  }

  #faultOf(error: Error | undefined | null): PublishError | undefined {
    const where = `broker ${this.#url}`;
    if (error === undefined || error === null) {
      if (!this.#nobodyListens) return undefined;
      return new PublishError({ where, what: 'nobody has subscribed to the readings', remedy: 'Start the receiver, or set mqtt.noSubscribers to accept', fault: 'nobody-listens', reasonCode: NO_MATCHING_SUBSCRIBERS });
    }
    const reasonCode = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
    if (reasonCode === undefined) return new PublishError({ where, what: error.message, fault: 'transient' });
    return new PublishError({ where, what: `it refused the message: ${reasonName(reasonCode)}`, fault: publishFault(reasonCode), reasonCode });
  }
}

/** The library throws where Node refuses a certificate or a key, which can be half written at this moment. */
function clientOf(settings: ConnectionSettings): MqttClient | PublishError {
  try {
    return connect(settings.url, clientOptions(settings));
  } catch (error) {
    const what = `the certificate or key cannot be used: ${printable(messageOf(error))}`;
    const remedy = 'Check mqtt.caFile, mqtt.certificateFile and mqtt.keyFile: PEM, whole, and a key that belongs to its certificate';
    return new PublishError({ where: `broker ${settings.url}`, what, remedy, fault: 'transient', cause: error });
  }
}

function clientOptions(settings: ConnectionSettings): IClientOptions {
  return {
    protocolVersion: settings.version === '5' ? 5 : 4,
    clientId: settings.clientId,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Its cache of all 65,536 two-byte numbers takes eight megabytes and some milliseconds at the first packet.
    writeCache: false,
    connectTimeout: CONNACK_WITHIN_MS * 2,
    keepalive: settings.keepaliveSeconds,
    ...(settings.version === '5' ? { properties: { maximumPacketSize: INBOUND_BYTES_MAX } } : {}),
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.certificate === undefined ? {} : { cert: settings.certificate }),
    ...(settings.key === undefined ? {} : { key: settings.key }),
    will: { topic: settings.will.topic, payload: Buffer.from(settings.will.payload), qos: 1, retain: true },
  };
}

/** The longest `ack`, and nothing longer. A 3.1.1 broker cannot be told; there `parseWatermark` refuses it. */
const INBOUND_BYTES_MAX = 300 * 1024;

const CONNACK_WITHIN_MS = 30_000;
const END_WITHIN_MS = 2000;

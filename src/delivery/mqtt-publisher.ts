import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { Clock } from '../core/clock.ts';
import { messageOf, PublishError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { connectFault } from './connect-fault.ts';
import type { CertificateEnd, Connection, ConnectionSettings, Incoming, Message, MqttVersion, Settled } from './connection.ts';
import { InboundBound } from './inbound-bound.ts';
import { peerCertificatesOf } from './peer-certificates.ts';
import { NO_MATCHING_SUBSCRIBERS, publishFault, reasonName } from './reason-codes.ts';

/** What a connection attempt needs besides its settings. */
export interface ConnectParts {
  readonly settings: ConnectionSettings;
  readonly clock: Clock;
  /** Gets what arrives on subscribed topics. */
  readonly arrived: (incoming: Incoming) => void;
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
    let reference: string | undefined;
    let socketOpened = false;
    const giveUp = (error: unknown): void => {
      cancel();
      signal.removeEventListener('abort', aborted);
      client.end(true);
      reject(error instanceof ClosedBeforeConnack ? error : connectFault(settings.url, error, reference));
    };
    const aborted = (): void => giveUp(new Error('the gateway is stopping'));
    const cancel = clock.after(CONNACK_WITHIN_MS, () => giveUp(new Error(`no CONNACK within ${CONNACK_WITHIN_MS / 1000} s`)));
    signal.addEventListener('abort', aborted, { once: true });
    client.stream.once('connect', () => (socketOpened = true));
    boundInbound(client);
    client.on('packetreceive', (packet) => (reference = packet.cmd === 'connack' ? packet.properties?.serverReference : reference));
    client.on('error', (error) => (reason ??= error));
    client.once('close', () => giveUp(reason ?? (socketOpened ? new ClosedBeforeConnack(settings.url) : new Error('the connection was closed'))));
    client.once('connect', (connack) => {
      cancel();
      signal.removeEventListener('abort', aborted);
      client.removeAllListeners('close');
      client.removeAllListeners('error');
      client.removeAllListeners('packetreceive');
      const { receiveMaximum = 65_535, maximumPacketSize } = connack.properties ?? {};
      if (maximumPacketSize !== undefined && maximumPacketSize < PACKET_BYTES_LEAST) {
        client.end(true);
        reject(tooNarrow(settings.url, maximumPacketSize));
        return;
      }
      resolve(new MqttConnection(client, { settings, clock, receiveMaximum, packetBytesMax: maximumPacketSize, arrived }));
    });
  });
}

/** Not poison: every reading would go to the quarantine for what one setting at the broker mends. */
function tooNarrow(url: string, bytes: number): PublishError {
  const what = `it takes at most ${bytes} bytes a packet, and hardly any reading is so short`;
  return new PublishError({ where: `broker ${url}`, what, remedy: `Raise the broker's limit for a packet to ${PACKET_BYTES_LEAST} bytes or more`, fault: 'transient' });
}

/** The broker closed the socket before any CONNACK, which is how some say that they know no MQTT 5. */
export class ClosedBeforeConnack extends PublishError {
  constructor(url: string) {
    super({ where: `broker ${url}`, what: 'it closed the connection before it answered', remedy: 'Check that mqtt.url has the right port and mqtt or mqtts', fault: 'transient' });
  }
}

class MqttConnection implements Connection {
  readonly version: MqttVersion;
  readonly url: string;
  readonly receiveMaximum: number;
  readonly packetBytesMax: number | undefined;
  readonly peerCertificates: readonly CertificateEnd[];
  readonly closed: Promise<PublishError | undefined>;
  readonly #client: MqttClient;
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
      readonly arrived: (incoming: Incoming) => void;
    },
  ) {
    this.#client = client;
    this.url = parts.settings.url;
    this.peerCertificates = peerCertificatesOf(client.stream);
    this.#clock = parts.clock;
    this.version = parts.settings.version;
    this.receiveMaximum = parts.receiveMaximum;
    this.packetBytesMax = parts.packetBytesMax;
    let reason: unknown;
    let reference: string | undefined;
    client.on('error', (error) => (reason ??= error));
    client.on('disconnect', ({ reasonCode, properties }) => {
      reason ??= Object.assign(new Error('disconnected'), { code: reasonCode ?? 0 });
      reference = properties?.serverReference;
      client.stream.destroy(); // a broker that leaves its socket open would hold us up until the next deadline
    });
    client.on('message', (topic, payload, { retain }) => parts.arrived({ topic, payload, retained: retain }));
    client.on('packetreceive', (packet) => {
      this.#nobodyListens = packet.cmd === 'puback' && packet.reasonCode === NO_MATCHING_SUBSCRIBERS;
    });
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#over = true;
        client.end(true);
        resolve(this.#ending ? undefined : connectFault(this.url, reason ?? new Error('the connection was lost'), reference));
      });
    });
  }

  publish({ topic, payload, retain = false, contentType }: Message, settled: Settled): void {
    const options: IClientPublishOptions = { qos: 1, retain };
    if (contentType !== undefined && this.version === '5') options.properties = { contentType };
    this.#client.publish(topic, payload, options, (error) => {
      if (this.#over) return;
      settled(this.#faultOf(error));
    });
  }

  subscribe(topic: string, failed: (fault: PublishError) => void): void {
    const cancel = this.#clock.after(SUBACK_WITHIN_MS, () => breakOff(this.#client, `no SUBACK within ${SUBACK_WITHIN_MS / 1000} s`));
    void this.closed.then(cancel);
    this.#client.subscribe(topic, { qos: 1 }, (error) => {
      cancel();
      if (error !== null && !this.#over) failed(connectFault(this.url, error));
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
    const where = `broker ${this.url}`;
    if (error === undefined || error === null) {
      if (!this.#nobodyListens) return undefined;
      return new PublishError({ where, what: 'nobody has subscribed to the readings', remedy: 'Start the receiver, or set mqtt.noSubscribers to accept', fault: 'nobody-listens', reasonCode: NO_MATCHING_SUBSCRIBERS });
    }
    const reasonCode = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
    if (reasonCode === undefined) return new PublishError({ where, what: error.message, fault: 'transient' });
    return new PublishError({ where, what: `it refused the message: ${reasonName(reasonCode)}`, fault: publishFault(reasonCode), reasonCode });
  }
}

/** The library throws where Node refuses a certificate, which can be half written at this moment. */
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

/** Ends a connection on which a packet begins that nobody may send us. */
function boundInbound(client: MqttClient): void {
  const bound = new InboundBound(INBOUND_BYTES_MAX);
  client.stream.on('data', (chunk: Uint8Array) => {
    if (bound.allows(chunk)) return;
    breakOff(client, `it sent a packet of more than ${INBOUND_BYTES_MAX} bytes`);
  });
}

function breakOff(client: MqttClient, why: string): void {
  client.emit('error', new Error(why));
  client.stream.destroy();
}

/** The longest `ack`, and nothing longer. A broker of version 5 is told so. */
const INBOUND_BYTES_MAX = 300 * 1024;

/** A short scan takes some 600 bytes with its envelope and topic. */
const PACKET_BYTES_LEAST = 1024;
const CONNACK_WITHIN_MS = 30_000;
const SUBACK_WITHIN_MS = 30_000;
const END_WITHIN_MS = 2000;

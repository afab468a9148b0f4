import type { Cancel, Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import { spokenDuration } from '../core/amount.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { stayConnected } from './broker-connection.ts';
import { Forwarder, type ForwarderParts, type ForwarderReport } from './forwarder.ts';
import type { Connection, ConnectionSettings, MqttVersion } from './mqtt-publisher.ts';
import { type GatewayFacts, offlineMessage, onlineMessage } from './state-message.ts';
import { ACK_TOPIC, STATE_TOPIC } from './topics.ts';
import { parseWatermark } from './watermark.ts';

/** What delivery needs. */
export interface DeliveryParts extends ForwarderParts {
  readonly outbox: Outbox;
  readonly settings: () => Promise<Omit<ConnectionSettings, 'version' | 'will'>>;
  readonly version: MqttVersion | 'auto';
  readonly facts: () => GatewayFacts;
}

/** The broker's side of the gateway as health and `tailgate status` show it. */
export interface DeliveryReport extends ForwarderReport {
  readonly connected: boolean;
  readonly mqttVersion: MqttVersion | undefined;
  /** Monotonic milliseconds of the last connect or loss. */
  readonly sinceMs: number;
  /** Why there is no connection, in words. */
  readonly why: string | undefined;
}

/** Keeps the broker connected, readings moving, and `state` true. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #forwarder: Forwarder;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #sinceMs: number;
  #why: string | undefined = 'not connected yet';
  #stateSent = '';
  #cancelState: Cancel | undefined;
  #stateSoon: Cancel | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#forwarder = new Forwarder(parts);
    this.#sinceMs = parts.clock.monotonicMs();
  }

  /** Starts to connect and to forward; returns at once. The promise settles after `stop()`, and rejects with bugs. */
  run(): Promise<void> {
    const { outbox: _, settings, ...parts } = this.#parts;
    this.#running = stayConnected({
      ...parts,
      settings: async () => ({ ...(await settings()), will: { topic: this.#stateTopic, payload: offlineMessage(parts.facts()) } }),
      connected: (connection) => this.#connected(connection),
      lost: (fault, retryMs) => this.#lost(fault?.message ?? 'the connection was closed', retryMs),
      arrived: (topic, payload) => this.#arrived(topic, payload),
      signal: this.#stop.signal,
    });
    this.#repeatState();
    return this.#running;
  }

  /** What is going on. */
  report(): DeliveryReport {
    return {
      ...this.#forwarder.report(),
      connected: this.#connection !== undefined,
      mqttVersion: this.#connection?.version,
      sinceMs: this.#sinceMs,
      why: this.#why,
    };
  }

  /** Something that `state` tells has changed: it goes out in a second, however often that happens until then. */
  stateChanged(): void {
    if (this.#stateSoon !== undefined) return;
    this.#stateSoon = this.#clock.after(STATE_AFTER_MS, () => {
      this.#stateSoon = undefined;
      this.#refreshState();
    });
  }

  #refreshState(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const whole = onlineMessage(this.#parts.facts(), this.#forwarder.report());
    if (whole === this.#stateSent) return;
    this.#stateSent = whole;
    const fits = Buffer.byteLength(whole) + STATE_OVERHEAD_BYTES <= (connection.packetBytesMax ?? Number.POSITIVE_INFINITY);
    // A packet that is too large would end the connection, each time anew, and no reading would ever go out.
    const payload = fits ? whole : onlineMessage({ ...this.#parts.facts(), devices: {}, alarms: [STATE_CUT] }, this.#forwarder.report());
    connection.publish({ topic: this.#stateTopic, payload, retain: true }, (fault) => {
      if (fault === undefined || fault.fault === 'nobody-listens') return;
      this.#stateSent = ''; // tried again with the next change, at the latest in a minute
      this.#log.warn('the state was not taken', { why: fault.message });
    });
  }

  /** Says goodbye on `state` and disconnects; what is in flight goes again after the next start. */
  async stop(): Promise<void> {
    const connection = this.#connection;
    this.#cancelState?.();
    this.#stateSoon?.();
    this.#forwarder.detach();
    if (connection !== undefined) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(GOODBYE_WITHIN_MS, resolve);
        const message = { topic: this.#stateTopic, payload: offlineMessage(this.#parts.facts()), retain: true };
        connection.publish(message, () => {
          cancel();
          resolve();
        });
      });
    }
    this.#stop.abort();
    await connection?.end('politely');
    await this.#running;
  }

  get #stateTopic(): string {
    return `${this.#parts.root}/${STATE_TOPIC}`;
  }

  get #ackTopic(): string {
    return `${this.#parts.root}/${ACK_TOPIC}`;
  }

  #connected(connection: Connection): void {
    this.#connection = connection;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#why = undefined;
    this.#stateSent = '';
    this.#log.info('broker connected', { mqtt: connection.version, waiting: this.#waiting() });
    connection.subscribe(this.#ackTopic, (fault) => this.#log.error('cannot subscribe to ack', { why: fault.message }));
    this.#forwarder.attach(connection);
    this.#refreshState();
    void connection.closed.then(() => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      this.#forwarder.detach();
    });
  }

  #lost(why: string, retryMs: number): void {
    if (this.#why === undefined) this.#sinceMs = this.#clock.monotonicMs();
    const news = this.#why !== why;
    this.#why = why;
    const fields = { why, retry: spokenDuration(retryMs), waiting: this.#waiting() };
    if (news) this.#log.warn('no broker; readings are kept', fields);
    else this.#log.debug('still no broker', fields);
  }

  #arrived(topic: string, payload: Buffer): void {
    if (topic !== this.#ackTopic) return;
    const watermark = parseWatermark(payload);
    if (typeof watermark === 'string') {
      this.#log.warn('an ack was ignored', { why: printable(watermark) });
      return;
    }
    this.#forwarder.acknowledge(watermark);
  }

  #repeatState(): void {
    this.#cancelState = this.#clock.after(STATE_EVERY_MS, () => {
      this.#refreshState();
      this.#repeatState();
    });
  }

  #waiting(): number {
    const { scan, meter } = this.#forwarder.report().waiting;
    return scan + meter;
  }
}

const STATE_EVERY_MS = 60_000;
const STATE_AFTER_MS = 1000;
const STATE_OVERHEAD_BYTES = 300;
const STATE_CUT = 'the broker takes no packet as large as the whole state: devices and alarms are left out, see tailgate status';
const GOODBYE_WITHIN_MS = 1000;

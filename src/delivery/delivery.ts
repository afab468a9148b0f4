import { spokenDuration } from '../core/amount.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import type { PublishError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { PollNow } from '../core/poll-outcome.ts';
import { printable } from '../core/printable.ts';
import type { QuarantinedRow, RowIdentity } from '../outbox/calls.ts';
import { stayConnected } from './broker-connection.ts';
import { CertificateWatch, checkKeyPair } from './certificate-watch.ts';
import { Commands } from './commands.ts';
import type { Connection, ConnectionSettings, Incoming, MqttVersion } from './connection.ts';
import type { ForwarderParts, ForwarderReport } from './forwarder-parts.ts';
import { Forwarder } from './forwarder.ts';
import { Outlet } from './outlet.ts';
import { pollCommand } from './poll.ts';
import type { RowAnswer } from './quarantine.ts';
import { Replay } from './replay.ts';
import type { GatewayFacts } from './state-message.ts';
import { StatePublisher } from './state-publisher.ts';
import { ACK_TOPIC, COMMAND_TOPIC, REPLY_TOPIC } from './topics.ts';
import { parseWatermark } from './watermark.ts';

/** What delivery needs. */
export interface DeliveryParts extends ForwarderParts {
  /** Reads every file again: certificates and passwords change while the gateway runs. */
  readonly settings: () => Promise<Omit<ConnectionSettings, 'version' | 'will'>>;
  readonly version: MqttVersion | 'auto';
  readonly facts: () => GatewayFacts;
  /** Has a device read now. */
  readonly poll: PollNow;
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

/** Keeps the broker connected, readings moving, and `state` true; listens to the receiver's `ack` and to commands. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #forwarder: Forwarder;
  readonly #state: StatePublisher;
  readonly #commands: Commands;
  readonly #certificates: CertificateWatch;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  /** Topics that the broker does not let us listen to, with its reason. */
  readonly #deaf = new Map<string, string>();
  #outlet: Outlet | undefined;
  #sinceMs: number;
  #why: string | undefined = 'not connected yet';
  #clientId = '';
  #takenOver = false;
  #cancelLook: Cancel | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#forwarder = new Forwarder(parts);
    this.#state = new StatePublisher({ ...parts, report: () => this.#forwarder.report() });
    this.#certificates = new CertificateWatch(parts);
    const replay = new Replay({ ...parts, resends: this.#forwarder.resends, tracks: () => this.#forwarder.report().tracks });
    this.#commands = new Commands({ ...parts, table: { replay: replay.command, poll: pollCommand(parts.poll) }, reply: (name, payload) => this.#reply(name, payload) });
    this.#sinceMs = parts.clock.monotonicMs();
  }

  /** Starts to connect and to forward; returns at once. The promise settles after `stop()`, and rejects with bugs. */
  run(): Promise<void> {
    const { outbox: _, ...parts } = this.#parts;
    this.#running = stayConnected({
      ...parts,
      settings: () => this.#settings(),
      connected: (connection) => this.#connected(connection),
      lost: (fault, retryMs, takenOver) => this.#lost(fault, retryMs, takenOver),
      arrived: (incoming) => this.#arrived(incoming),
      signal: this.#stop.signal,
    });
    this.#state.start();
    this.#lookAtCertificates();
    return this.#running;
  }

  /** What is going on. */
  report(): DeliveryReport {
    const report = this.#forwarder.report();
    return {
      ...report,
      alarms: [...this.#alarms(), ...report.alarms, ...this.#certificates.alarms()],
      connected: this.#outlet !== undefined,
      mqttVersion: this.#outlet?.connection.version,
      sinceMs: this.#sinceMs,
      why: this.#why,
    };
  }

  /** What has overrun its own deadline threefold, in words. */
  overdue(): string | undefined {
    return this.#forwarder.overdue();
  }

  /** Something that `state` tells has changed. */
  stateChanged(): void {
    this.#state.changed();
  }

  /** What was refused for good and waits for a person, oldest first. */
  quarantined(): Promise<readonly QuarantinedRow[]> {
    return this.#parts.outbox.quarantinedRows();
  }

  /** Sends rows again that are in quarantine; `force` also those that would come out of their meter's order. */
  retry(rows: readonly RowIdentity[], options: { readonly force?: boolean } = {}): Promise<readonly RowAnswer[]> {
    return this.#forwarder.quarantine.retry(rows, options);
  }

  /** Gives rows up that are in quarantine. */
  drop(rows: readonly RowIdentity[]): Promise<readonly RowAnswer[]> {
    return this.#forwarder.quarantine.drop(rows);
  }

  /** Says goodbye on `state` and disconnects; what is in flight goes again after the next start. */
  async stop(): Promise<void> {
    const outlet = this.#outlet;
    this.#cancelLook?.();
    this.#forwarder.detach();
    await this.#state.goodbye();
    this.#stop.abort();
    await outlet?.connection.end('politely');
    await this.#running;
  }

  async #settings(): Promise<Omit<ConnectionSettings, 'version'>> {
    const settings = await this.#parts.settings();
    this.#clientId = settings.clientId;
    this.#certificates.read(settings);
    checkKeyPair(settings, `broker ${settings.url}`);
    return { ...settings, will: this.#state.will };
  }

  #connected(connection: Connection): void {
    const outlet = new Outlet(connection);
    this.#outlet = outlet;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#why = undefined;
    this.#log.info('broker connected', { mqtt: connection.version, url: connection.url, waiting: this.#waiting() });
    this.#certificates.shown(connection.peerCertificates);
    this.#deaf.clear();
    for (const topic of [ACK_TOPIC, `${COMMAND_TOPIC}/+`]) connection.subscribe(this.#below(topic), (fault) => this.#cannotHear(topic, fault));
    this.#forwarder.attach(outlet);
    this.#state.outlet = outlet;
    void connection.closed.then(() => {
      if (this.#outlet !== outlet) return;
      this.#outlet = undefined;
      this.#state.outlet = undefined;
      this.#forwarder.detach();
    });
  }

  #lost(fault: PublishError | undefined, retryMs: number, takenOver: boolean): void {
    const why = fault?.message ?? 'the connection was closed';
    if (this.#why === undefined) this.#sinceMs = this.#clock.monotonicMs();
    const news = this.#why !== why || (takenOver && !this.#takenOver);
    this.#why = why;
    this.#takenOver = takenOver;
    const fields = { why, retry: spokenDuration(retryMs), waiting: this.#waiting() };
    if (news) this.#log.warn(takenOver ? TAKEN_OVER : 'no broker; readings are kept', takenOver ? { ...fields, clientId: this.#clientId } : fields);
    else this.#log.debug('still no broker', fields);
  }

  #alarms(): readonly string[] {
    const lasting = this.#outlet !== undefined && this.#clock.monotonicMs() - this.#sinceMs >= LASTING_MS;
    return [
      ...(this.#why === undefined ? [] : [`no delivery: ${this.#why}`]),
      ...(this.#takenOver && !lasting ? [`${TAKEN_OVER}: look for another one with the client id ${printable(this.#clientId)} and give each its own (mqtt.clientId), or see the broker's log for why it closes the connection`] : []),
      ...[...this.#deaf].map(([topic, why]) => `the gateway cannot listen to ${this.#below(topic)}: ${why}. Allow its user to subscribe there`),
    ];
  }

  #cannotHear(topic: string, fault: PublishError): void {
    this.#deaf.set(topic, fault.what);
    this.#log.error('the broker refuses a subscription', { topic: this.#below(topic), why: fault.message });
  }

  #arrived({ topic, payload, retained }: Incoming): void {
    const command = topic.startsWith(this.#below(`${COMMAND_TOPIC}/`)) ? topic.slice(this.#below(`${COMMAND_TOPIC}/`).length) : undefined;
    if (command !== undefined) this.#commands.arrived(command, payload, retained);
    if (topic !== this.#below(ACK_TOPIC)) return;
    const watermark = parseWatermark(payload);
    if (typeof watermark === 'string') this.#log.warn('an ack was ignored', { why: printable(watermark) });
    else this.#forwarder.acknowledge(watermark);
  }

  #reply(name: string, payload: string): void {
    this.#outlet?.post({ topic: this.#below(`${REPLY_TOPIC}/${name}`), payload }, (fault) => {
      if (fault !== undefined && fault.fault !== 'nobody-listens') this.#log.warn('a reply was not taken', { command: name, why: fault.message });
    });
  }

  #lookAtCertificates(): void {
    this.#cancelLook = this.#clock.after(LOOK_EVERY_MS, () => {
      this.#certificates.look();
      this.#lookAtCertificates();
    });
  }

  #below(topic: string): string {
    return `${this.#parts.root}/${topic}`;
  }

  #waiting(): number {
    const { scan, meter } = this.#forwarder.report().waiting;
    return scan + meter;
  }
}

const TAKEN_OVER = 'another client seems to take the connection over, again and again';

/** A connection that has lasted so long was not taken over. */
const LASTING_MS = 60_000;
const LOOK_EVERY_MS = 3_600_000;

import { randomBytes } from 'node:crypto';
import { exchangeOf } from '../drivers/modbus/exchange.ts';
import { type BusDevice, runBus } from './acquisition/bus.ts';
import { BusDesks } from './acquisition/bus-desks.ts';
import { DeviceLog } from './acquisition/device-log.ts';
import { DeviceEvents } from './acquisition/device-events.ts';
import { EventRecorder } from './acquisition/event-recorder.ts';
import { type DeviceReport, DeviceStatus } from './acquisition/device-status.ts';
import { Intake } from './acquisition/intake.ts';
import type { Outcome } from './acquisition/commits.ts';
import { type Report, runListening } from './acquisition/listening-session.ts';
import { PollDesk } from './acquisition/poll-desk.ts';
import { RadioDevices } from './acquisition/radio-devices.ts';
import { scanPlace, ScanSense } from './acquisition/scan-sense.ts';
import { Sightings } from './acquisition/sightings.ts';
import { toldOutcomes } from './acquisition/told-outcomes.ts';
import { systemClock } from './acquisition/stamp.ts';
import { watchedTransport } from './acquisition/watched-transport.ts';
import type { Configuration, DeviceConfiguration } from './config/configuration.ts';
import { whomOf } from './config/ble-whom.ts';
import { connectionFiles } from './config/connection-files.ts';
import { portKey } from './config/port.ts';
import { readSecret } from './config/secret.ts';
import type { Clock } from './core/clock.ts';
import { Deadlines } from './core/deadlines.ts';
import type { JsonObject } from './core/json.ts';
import type { Log } from './core/log.ts';
import { Delivery } from './delivery/delivery.ts';
import type { Transport } from './driver-kit/link.ts';
import { MeterBook } from './metering/meter-book.ts';
import { hardwareFingerprint } from './operations/hardware.ts';
import { systemEvidence } from './operations/clock-evidence.ts';
import { ClockEvents } from './operations/clock-events.ts';
import { type ClockChange, ClockStatus } from './operations/clock-status.ts';
import { socketPath } from './operations/control-socket.ts';
import { keepServing } from './operations/keep-serving.ts';
import { logged } from './operations/logged.ts';
import { Led } from './operations/led.ts';
import { meterCommands, type ReplacedMeter } from './operations/meter-commands.ts';
import { modbusCommands } from './operations/modbus-commands.ts';
import { pollCommands } from './operations/poll-commands.ts';
import { quarantineCommands } from './operations/quarantine-commands.ts';
import { statusReport } from './operations/status.ts';
import { tagCommands } from './operations/tag-commands.ts';
import { Outbox } from './outbox/outbox.ts';
import type { WorkerThread } from './outbox/worker-thread.ts';
import { AdapterRadio } from './transports/ble/adapter-radio.ts';
import { transportTo } from './transports/transport-to.ts';

/** What a gateway is made of beside its configuration. */
export interface GatewayParts {
  readonly configuration: Configuration;
  readonly version: string;
  /** When the program was built, in milliseconds since 1970: no reading is older. */
  readonly builtMs: number;
  /** The outbox's thread, started already. */
  readonly worker: WorkerThread;
  /** The compiled program of the radio, which is started where there are BLE devices. */
  readonly radioProgram: URL;
  readonly log: Log;
  /** Told when the gateway cannot go on; the process has to end. */
  readonly died: (why: unknown) => void;
}

/** A running gateway: every part, wired. */
export class Gateway {
  readonly #configuration: Configuration;
  readonly #version: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #clockStatus: ClockStatus;
  readonly #outbox: Outbox;
  readonly #delivery: Delivery;
  readonly #intake: Intake;
  readonly #radio: AdapterRadio | undefined;
  readonly #radioDevices: RadioDevices;
  /** By a clock that is never asked for a stamp, and so takes no suspend for time that was spent. */
  readonly #deadlines = new Deadlines(systemClock(() => 'unsynced'));
  readonly #statuses: readonly DeviceStatus[];
  readonly #recorder: EventRecorder;
  readonly #events: DeviceEvents;
  readonly #desks = new BusDesks();
  readonly #polls: PollDesk;
  readonly #led: Led | undefined;
  readonly #clockEvents: ClockEvents;
  readonly #deviceLog: DeviceLog;
  readonly #stop = new AbortController();
  readonly #startedMs: number;
  readonly #died: (why: unknown) => void;
  #sessions: Promise<unknown> = Promise.resolve();
  #commands: { close(): Promise<void> } | undefined;
  readonly #told = (outcome: Outcome): void => this.#led?.show(outcome);

  private constructor(parts: GatewayParts, outbox: Outbox, clockStatus: ClockStatus) {
    const { clock } = clockStatus;
    this.#configuration = parts.configuration;
    this.#version = parts.version;
    this.#log = parts.log;
    this.#died = parts.died;
    this.#clock = clock;
    this.#clockStatus = clockStatus;
    this.#outbox = outbox;
    this.#polls = new PollDesk(parts.configuration.devices);
    this.#intake = this.#makeIntake();
    this.#startedMs = clock.monotonicMs();
    this.#recorder = new EventRecorder({ record: outbox.record, clock, log: parts.log });
    this.#deviceLog = new DeviceLog(parts.log);
    this.#events = new DeviceEvents({ clock, record: (event) => this.#recorder.record(event) });
    this.#clockEvents = new ClockEvents({ clock, record: (event) => this.#recorder.record(event), publishedUnsynced: () => true });
    if (parts.configuration.devices.some(({ port }) => port.kind === 'ble')) this.#radio = new AdapterRadio({ ...parts.configuration.ble, program: parts.radioProgram, clock, random: Math.random, log: parts.log });
    this.#radioDevices = new RadioDevices({ ...this.#common(), record: outbox.record, note: (key) => outbox.note(key), event: (event) => this.#recorder.record(event), readSecret });
    this.#statuses = parts.configuration.devices.map(({ name }) => new DeviceStatus({ device: name, clock, changed: (report) => this.#deviceChanged(report) }));
    this.#delivery = this.#makeDelivery();
    this.#led = this.#makeLed();
  }

  /** Starts everything. Rejects with a StorageError or ConfigurationError when the outbox or its socket cannot be had. */
  static async start(parts: GatewayParts): Promise<Gateway> {
    const { configuration, log, worker, died, builtMs } = parts;
    void worker.died.then(died); // before it opens the outbox: what ends it there is a bug too, and its place belongs into the log
    const clockStatus = new ClockStatus({ clock: systemClock(() => 'unsynced'), evidence: systemEvidence(), builtMs });
    const outbox = await Outbox.open({
      worker,
      directory: configuration.outbox.directory,
      site: configuration.site,
      gateway: configuration.gateway,
      fingerprint: hardwareFingerprint(),
      newStreamId: randomBytes(4).toString('hex'),
      commitsPerSecond: configuration.outbox.commitsPerSecond,
      limits: configuration.outbox.limits,
      lastGood: (wallMs) => clockStatus.lastGood(wallMs),
      clock: clockStatus.clock,
      log,
    });
    const gateway = new Gateway(parts, outbox, clockStatus);
    await gateway.#run(died);
    return gateway;
  }

  /**
   * Stops in the order in which readings travel: no new ones are taken, those that were taken are committed, the broker
   * gets its goodbye, the outbox is closed.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#events.stop();
    this.#clockStatus.stop();
    this.#clockEvents.stop();
    await this.#sessions;
    await this.#intake.settled();
    await this.#delivery.stop();
    await this.#recorder.end();
    await this.#outbox.close();
    await this.#commands?.close();
    this.#log.info('stopped');
  }

  /** Settles when the outbox's thread has answered, whatever it answered. */
  async workerAlive(): Promise<void> {
    await this.#outbox.ping();
  }

  /** What has overrun its own deadline threefold, in words. */
  overdue(): string | undefined {
    return this.#deadlines.overdue() ?? this.#delivery.overdue();
  }

  async #run(died: (why: unknown) => void): Promise<void> {
    this.#delivery.run().catch(died);
    this.#sessions = Promise.all([...this.#startSessions(), this.#radio?.run(this.#stop.signal), this.#led?.run(this.#stop.signal)]).catch(died);
    this.#clockStatus.start((change) => this.#clockChanged(change));
    const replaced = (meter: ReplacedMeter): Promise<number | undefined> => this.#intake.replaced(meter, this.#clock.stamp());
    const commands = { status: () => this.#status(), ...quarantineCommands(this.#delivery), ...meterCommands({ devices: this.#configuration.devices, replaced }), ...modbusCommands({ deskAt: (port) => this.#desks.at(port), exchangeOf }), ...pollCommands(this.#polls.poll), ...tagCommands((device) => this.#radioDevices.reset(device)) };
    await keepServing({ path: socketPath(this.#configuration.outbox.directory), commands, clock: this.#clock, log: this.#log, signal: this.#stop.signal, serving: (server) => (this.#commands = server) });
    const { site, devices, file } = this.#configuration;
    this.#log.info('running', { version: this.#version, site, devices: devices.length, configuration: file });
  }

  #startSessions(): readonly Promise<void>[] {
    const { devices } = this.#configuration;
    const buses = new Map<string, [DeviceConfiguration, Reporter][]>();
    const runs: Promise<void>[] = [];
    for (const device of devices) {
      const { name, driver, options } = device;
      const [status, report] = [this.#statusOf(name), this.#reporter(device)];
      switch (driver.form) {
        case 'polling':
          buses.set(portKey(device.port), [...(buses.get(portKey(device.port)) ?? []), [device, report]]);
          break;
        case 'listening':
          runs.push(runListening({ ...this.#sessionParts(device, report), device: name, driver, options, status, note: (key) => this.#outbox.note(key), report, told: driver.reports === 'scans' ? this.#told : undefined }));
          break;
        case 'advertising':
        case 'gatt':
          runs.push(this.#runRadioDevice(device, report));
          break;
      }
    }
    for (const [place, [first, ...more]] of buses) {
      if (first === undefined) continue;
      const members = [first, ...more].flatMap((member) => this.#busDevice(...member));
      runs.push(runBus({ ...this.#sessionParts(...first), baudRate: first[0].line.baudRate, devices: members, desk: this.#desks.of(place) }));
    }
    return runs;
  }

  #sessionParts(device: DeviceConfiguration, report: Reporter): { transport: Transport; clock: Clock; random: () => number; log: Log; signal: AbortSignal } {
    const over = this.#radio && { radio: this.#radio, whomOf, battery: (level: number): void => void this.#radioDevices.battery(level, { device: device.name, report }).catch(this.#died) };
    return { transport: watchedTransport(transportTo(device.port, device.line, over), this.#deadlines, device.port.kind === 'ble' ? RADIO_OPEN_WITHIN_MS : undefined), ...this.#common() };
  }

  #common(): { clock: Clock; random: () => number; log: Log; signal: AbortSignal } {
    return { clock: this.#clock, random: Math.random, log: this.#log, signal: this.#stop.signal };
  }

  #runRadioDevice(device: DeviceConfiguration, report: Reporter): Promise<void> {
    const { name, driver, options, port } = device;
    const radio = this.#radio;
    if (port.kind !== 'ble' || radio === undefined) throw new TypeError(`${name} is not reached over BLE`);
    return this.#radioDevices.run({ ...port, whom: () => whomOf(port), device: name, driver, options, radio, status: this.#statusOf(name), report, requests: this.#polls.requestsOf(name) });
  }

  #busDevice(device: DeviceConfiguration, report: Reporter): readonly BusDevice[] {
    const { name, driver, options } = device;
    if (driver.form !== 'polling') return [];
    const refused = logged(this.#log, `${name}: readings could not be stored`);
    return [{ name, driver, options, status: this.#statusOf(name), requests: this.#polls.requestsOf(name), report: (observations, stamp, demanded) => report({ observations, stamp, demanded }).then(() => undefined, refused) }];
  }

  /** One for each device: it remembers what was seen. */
  #reporter({ name, driver, asset, meters, contextGroup, repeatWindowMs, departAfterMs }: DeviceConfiguration): Reporter {
    const status = this.#statusOf(name);
    const device = { mapping: { device: name, asset, meters }, place: scanPlace(name, contextGroup), status, lingerMs: driver.form === 'polling' ? POLLED_LINGER_MS : 0 };
    const taken = (report: Report): Promise<'questioned' | undefined> => this.#intake.take(report, device);
    const store = driver.form === 'polling' ? toldOutcomes(taken, this.#told) : taken;
    const sightings = new Sightings({ clock: this.#clock, status, repeatWindowMs, departAfterMs, store, crash: this.#died, signal: this.#stop.signal });
    return (report) => sightings.take(report);
  }

  #deviceChanged(report: DeviceReport): void {
    this.#events.changed(report);
    this.#deviceLog.changed(report);
    this.#delivery.stateChanged();
  }

  #clockChanged(change: ClockChange): void {
    const { reason, at, before, stepMs, witness } = change;
    this.#log[reason === 'synchronised' ? 'info' : 'warn'](`clock ${reason}`, { state: at.clock, before, stepMs, witness });
    this.#clockEvents.changed(change);
    if (at.clock === 'synced') this.#outbox.correct(at).catch(logged(this.#log, 'the clock was set, but waiting readings cannot be corrected yet; it is tried again before they are sent'));
    this.#delivery.stateChanged();
  }

  /** The receiver knows more of our count than we ever gave out: going on with it would give numbers that it takes for repeats. */
  #copied(source: string): void {
    this.#log.error('the outbox is an old copy: the receiver has more of its count than it ever gave out; a new count begins', { source });
    this.#outbox.restart('copied', randomBytes(4).toString('hex')).catch((error: unknown) => {
      logged(this.#log, 'a new count cannot be begun now')(error);
      this.#clock.after(BEGIN_AGAIN_MS, () => void (this.#stop.signal.aborted || this.#copied(source)));
    });
  }

  #statusOf(device: string): DeviceStatus {
    const status = this.#statuses.find((candidate) => candidate.device === device);
    if (status === undefined) throw new TypeError(`no status for ${device}`);
    return status;
  }

  #makeIntake(): Intake {
    const { record } = this.#outbox;
    const note = (key: string): string | undefined => this.#outbox.note(key);
    const { rules, contextTimeoutMs } = this.#configuration.scans;
    return new Intake({ clock: this.#clock, record, meters: new MeterBook(note), scans: new ScanSense({ note, contextTimeoutMs, isDelivered: () => this.#isDelivered() }), rules });
  }

  /** What lies in quarantine was not delivered either, and waits for a person. */
  #isDelivered(): boolean {
    const { connected, waiting, quarantined } = this.#delivery.report();
    return connected && waiting.scan === 0 && quarantined === 0;
  }

  #makeLed(): Led | undefined {
    const { led } = this.#configuration;
    return led && new Led({ path: led.path, clock: this.#clock, log: this.#log, isDelivered: () => this.#isDelivered(), changed: () => this.#delivery.stateChanged() });
  }

  #makeDelivery(): Delivery {
    const { mqtt } = this.#configuration;
    const { root, window, publishDeadlineMs, acknowledgedBy, noSubscribers, receiverOverdueMs: overdueMs, clockWaitMs, drainPerSecond, version } = mqtt;
    return new Delivery({
      outbox: this.#outbox,
      clock: this.#clock,
      random: Math.random,
      log: this.#log,
      root, window, publishDeadlineMs, acknowledgedBy, noSubscribers, overdueMs, clockWaitMs, drainPerSecond, version,
      spreadMs: BACKLOG_SPREAD_MS,
      copied: (source) => this.#copied(source),
      poll: this.#polls.poll,
      settings: () => this.#deadlines.watch('reading passwords and certificates', SECRETS_WITHIN_MS, connectionFiles(mqtt)),
      facts: () => ({
        version: this.#version,
        configuration: this.#configuration.hash,
        owner: this.#configuration.owner,
        clock: this.#clockStatus.state,
        devices: this.#deviceStates(),
        alarms: this.#alarms(),
      }),
    });
  }

  #deviceStates(): JsonObject {
    return Object.fromEntries(this.#statuses.map((status) => status.report()).map(({ device, state, why }) => [device, { state, why }]));
  }

  #alarms(): readonly string[] {
    const failing = this.#statuses.map((status) => status.report()).filter(({ state }) => state === 'failing');
    const led = this.#led?.report();
    return [...this.#outbox.alarms, ...this.#delivery.report().alarms, ...(led?.state === 'failing' ? [`led: ${led.why ?? ''}`] : []), ...failing.map(({ device, why }) => `${device}: ${why ?? ''}`)];
  }

  #status(): JsonObject {
    return statusReport({
      configuration: this.#configuration,
      version: this.#version,
      startedMs: this.#startedMs,
      nowMs: this.#clock.monotonicMs(),
      clock: this.#clockStatus.state,
      delivery: this.#delivery.report(),
      outbox: this.#outbox,
      radio: this.#radio?.report(),
      led: this.#led?.report(),
      devices: this.#statuses.map((status) => status.report()),
      alarms: this.#alarms(),
    });
  }
}

/** Says what a device's observations mean and records them; resolves after the commit. */
type Reporter = (report: Report) => Promise<'questioned' | undefined>;

const BEGIN_AGAIN_MS = 10_000;

const POLLED_LINGER_MS = 200;
const SECRETS_WITHIN_MS = 20_000;
/** Over the radio one device is connected to after the other. */
const RADIO_OPEN_WITHIN_MS = 600_000;

/** After an outage that a whole fleet had, its backlogs begin within a minute and not within a second. */
const BACKLOG_SPREAD_MS = 60_000;

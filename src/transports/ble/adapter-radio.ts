import { BackOff } from '../../core/back-off.ts';
import { type Clock, pause } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Log } from '../../core/log.ts';
import { readStructures } from '../../driver-kit/codecs/advertising-structures.ts';
import type { ConnectWish, Ears, GattLink, Radio, RadioState } from '../../driver-kit/radio.ts';
import type { AdapterChoice, HearingFilter, Report } from './messages.ts';
import { linkFault, RadioLink } from './radio-link.ts';
import { CallRefused, type Ending, type RadioLimits, RadioProcess } from './radio-process.ts';
import { SilenceLadder, type SilenceStep } from './silence-ladder.ts';

/** What AdapterRadio is made of. */
export interface AdapterRadioParts {
  readonly adapter: AdapterChoice;
  /** The compiled child/main.ts. */
  readonly program: URL;
  /** How long nothing at all may be heard before something is done about it. */
  readonly silenceMs: number;
  /** How many devices may be connected at once; more wait. */
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly limits?: Partial<RadioLimits> | undefined;
}

/** What a radio counted since the gateway's start. */
export interface RadioCounts {
  /** Packets that the adapter heard. */
  heard: number;
  /** Packets that were wanted and for which there was no room. */
  dropped: number;
  /** How often its process was started. */
  starts: number;
  /** How often it was started anew since it was full. */
  recycled: number;
  /** How often each thing was done about silence. */
  readonly silence: Record<SilenceStep, number>;
}

/** One BLE adapter, in a process of its own that is started again whenever it ends. */
export class AdapterRadio implements Radio {
  readonly name: string;
  readonly counts: RadioCounts = { heard: 0, dropped: 0, starts: 0, recycled: 0, silence: { 'restart-scan': 0, 'restart-process': 0, 'reset-adapter': 0 } };
  readonly #parts: AdapterRadioParts;
  readonly #ears = new Set<Ears>();
  readonly #links = new Map<string, RadioLink>();
  readonly #names = new Map<string, string>();
  readonly #ladder: SilenceLadder;
  #state: RadioState = { kind: 'waiting' };
  #process: RadioProcess | undefined;
  #connecting: Promise<unknown> = Promise.resolve();

  constructor(parts: AdapterRadioParts) {
    this.#parts = parts;
    this.name = spokenAdapter(parts.adapter);
    this.#ladder = new SilenceLadder({ silenceMs: parts.silenceMs, nowMs: parts.clock.monotonicMs() });
  }

  get state(): RadioState {
    return this.#state;
  }

  /** The adapter as status shows it. */
  report(): JsonObject {
    return { adapter: this.name, state: this.#state.kind, why: this.#state.kind === 'failing' ? this.#state.fault.message : undefined, ...this.counts, silence: { ...this.counts.silence } };
  }

  listen(ears: Ears): () => void {
    this.#ears.add(ears);
    if (this.#process !== undefined) this.#process.filter = this.#filter();
    ears.stateChanged(this.#state);
    return () => {
      this.#ears.delete(ears);
      if (this.#process !== undefined) this.#process.filter = this.#filter();
    };
  }

  connect(wish: ConnectWish, signal: AbortSignal): Promise<GattLink> {
    const connected = this.#connecting.then(() => this.#connect(wish, signal));
    this.#connecting = connected.catch(() => undefined); // its caller is told
    return connected;
  }

  /** Keeps the radio's process running until the signal is aborted. Rejects only with bugs. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#parts;
    const backOff = new BackOff({ leastMs: RETRY_LEAST_MS, mostMs: RETRY_MOST_MS, random });
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const ending = await this.#runOnce(signal);
      for (const link of this.#links.values()) link.lose(ending);
      if (signal.aborted) return;
      if (ending.kind === 'recycled') {
        this.counts.recycled += 1;
        log.info(`${this.name}: started anew: ${ending.what}`);
        continue;
      }
      if (clock.monotonicMs() - startedMs >= STABLE_MS) backOff.reset();
      this.#become({ kind: 'failing', fault: linkFault(this.name, ending) });
      await pause(clock, backOff.nextMs(), signal);
    }
  }

  async #runOnce(signal: AbortSignal): Promise<Ending> {
    const { program, adapter, clock, limits } = this.#parts;
    this.counts.starts += 1;
    const radio = new RadioProcess({
      program,
      adapter,
      filter: this.#filter(),
      clock,
      limits: { ...LIMITS, ...limits },
      on: (name) => this.#become({ kind: 'on', adapter: name }),
      heard: (reports, packets, dropped) => this.#heard(reports, packets, dropped),
      notified: ({ address, bytes, ...place }) => this.#links.get(address)?.notified(place, bytes),
      disconnected: (address, words) => this.#links.get(address)?.lose(words),
    });
    this.#process = radio;
    const aborted = (): void => radio.end({ kind: 'ended', what: 'the gateway stops' });
    signal.addEventListener('abort', aborted, { once: true });
    const cancelWatch = this.#watch(radio);
    const ending = await radio.ended;
    cancelWatch();
    signal.removeEventListener('abort', aborted);
    this.#process = undefined;
    return ending;
  }

  /** Looks now and then whether anything at all is heard. */
  #watch(radio: RadioProcess): () => void {
    const { clock, log } = this.#parts;
    const everyMs = Math.min(WATCH_EVERY_MS, this.#parts.silenceMs / 4);
    let cancel = (): void => undefined;
    const look = (): void => {
      cancel = clock.after(everyMs, look);
      const nowMs = clock.monotonicMs();
      if (this.#state.kind !== 'on' || this.#filter() === undefined) return this.#ladder.deaf(nowMs);
      const step = this.#ladder.due(nowMs);
      if (step === undefined) return;
      this.counts.silence[step] += 1;
      log.warn(`${this.name}: nothing is heard`, { step, times: this.counts.silence[step] });
      this.#take(step, radio);
    };
    look();
    return () => cancel();
  }

  #take(step: SilenceStep, radio: RadioProcess): void {
    const restart = (): void => radio.end({ kind: 'failed', what: 'nothing is heard', remedy: 'The radio is started again; if that goes on, unplug the adapter and plug it in again' });
    switch (step) {
      case 'restart-scan':
        return void radio.call({ name: 'restart-scan' }, SCAN_MS).catch(() => undefined); // the next step follows
      case 'restart-process':
        return restart();
      case 'reset-adapter':
        return void radio.call({ name: 'reset-adapter' }, SCAN_MS).then(restart, restart);
    }
  }

  async #connect({ address, addressType, places, callTimeoutMs }: ConnectWish, signal: AbortSignal): Promise<GattLink> {
    const where = `ble ${address}`;
    const radio = this.#process;
    if (radio === undefined || this.#state.kind !== 'on') throw this.#state.kind === 'failing' ? this.#state.fault : linkFault(where, { what: 'the radio is starting' });
    if (this.#links.has(address)) throw linkFault(where, { what: 'another device of this gateway is connected to it', remedy: 'Give each device an address of its own' });
    await this.#room(signal);
    if (signal.aborted) throw linkFault(where, { what: 'is no longer wanted' });
    try {
      const { places: found = [] } = await radio.call({ name: 'connect', address, addressType, places: places.map(({ service, characteristic }) => ({ service, characteristic })) }, callTimeoutMs);
      const link = new RadioLink({ where, address, places: found, call: (call) => radio.call(call, callTimeoutMs), gone: () => this.#links.delete(address) });
      this.#links.set(address, link);
      const missing = places.find((place) => place.optional !== true && !link.has(place));
      if (missing === undefined) return link;
      await link.close();
      throw linkFault(where, { what: `the device has no characteristic ${missing.characteristic} ${missing.service === undefined ? '' : `in a service ${missing.service}`}`, remedy: 'Check the UUIDs: `tailgate devices --ble` shows what a device advertises' });
    } catch (error) {
      throw error instanceof CallRefused ? linkFault(where, error.words) : error;
    }
  }

  /** Waits until one more may be connected. */
  async #room(signal: AbortSignal): Promise<void> {
    while (this.#links.size >= this.#parts.connectionsMax && !signal.aborted) {
      await Promise.race([...this.#links.values()].map((link) => link.closed).concat(pause(this.#parts.clock, ROOM_LOOK_MS, signal).then(() => undefined)));
    }
  }

  #heard(reports: readonly Report[], packets: number, dropped: number): void {
    this.counts.heard += packets;
    this.counts.dropped += dropped;
    if (packets > 0) this.#ladder.heard(this.#parts.clock.monotonicMs());
    for (const { bytes, ...heading } of reports) {
      const { advertisement } = readStructures(bytes, heading);
      const name = this.#nameOf(heading.address, advertisement.name);
      const whole = name === undefined ? advertisement : { ...advertisement, name };
      for (const ears of this.#ears) if (ears.addresses === undefined || ears.addresses.includes(heading.address)) ears.heard(whole);
    }
  }

  /** A device says its name in its answer to a scan request only, which is a packet of its own. */
  #nameOf(address: string, said: string | undefined): string | undefined {
    if (said !== undefined) {
      if (this.#names.size >= NAMES_MAX) this.#names.clear();
      this.#names.set(address, said);
    }
    return this.#names.get(address);
  }

  #filter(): HearingFilter {
    const ears = [...this.#ears];
    if (ears.some(({ addresses }) => addresses === undefined)) return { addresses: 'all' };
    const addresses = [...new Set(ears.flatMap((one) => one.addresses ?? []))];
    return addresses.length === 0 ? undefined : { addresses };
  }

  #become(state: RadioState): void {
    this.#state = state;
    this.#ladder.deaf(this.#parts.clock.monotonicMs());
    for (const ears of this.#ears) ears.stateChanged(state);
  }
}

/** The adapter in a person's words. */
export function spokenAdapter(adapter: AdapterChoice): string {
  switch (adapter.kind) {
    case 'bluez':
      return 'ble bluez';
    case 'hci':
      return `ble hci ${adapter.address}`;
    case 'uart':
      return `ble uart ${adapter.path}`;
  }
}

const LIMITS: RadioLimits = { pingEveryMs: 5000, pongWithinMs: 15_000, addressesMax: 20_000, rssBytesMax: 200 * 2 ** 20 };
const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 60_000;
const STABLE_MS = 60_000;
const WATCH_EVERY_MS = 5000;
const SCAN_MS = 5000;
const ROOM_LOOK_MS = 1000;
const NAMES_MAX = 4096;

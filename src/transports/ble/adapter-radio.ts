import { BackOff } from '../../core/back-off.ts';
import { type Clock, pause } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Log } from '../../core/log.ts';
import { readStructures } from '../../driver-kit/codecs/advertising-structures.ts';
import { type ConnectWish, type Ears, type GattLink, type Radio, type RadioState, spokenWhom } from '../../driver-kit/radio.ts';
import { Audience } from './audience.ts';
import { located, type Whereabouts } from './locate.ts';
import type { AdapterChoice, Report } from './messages.ts';
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
  /** Whether only what is sent unasked is heard, and nobody is asked for a scan response. */
  readonly isPassive?: boolean | undefined;
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
  /** Wanted packets whose last structure said that it is longer than what there was; it was left out. */
  cutShort: number;
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
  readonly counts: RadioCounts = { heard: 0, dropped: 0, cutShort: 0, starts: 0, recycled: 0, silence: { 'restart-scan': 0, 'restart-process': 0, 'reset-adapter': 0 } };
  readonly #parts: AdapterRadioParts;
  readonly #audience = new Audience();
  readonly #links = new Map<string, RadioLink>();
  readonly #names = new Map<string, string>();
  readonly #ladder: SilenceLadder;
  #state: RadioState = { kind: 'waiting' };
  #process: RadioProcess | undefined;
  #connecting: Promise<unknown> = Promise.resolve();
  /** How many listen only until their device is heard. */
  #locating = 0;

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
    const stop = this.#audience.add(ears);
    this.#tellFilter();
    ears.stateChanged(this.#state);
    return () => {
      stop();
      this.#tellFilter();
    };
  }

  async connect(wish: ConnectWish, signal: AbortSignal): Promise<GattLink> {
    if (wish.whom.kind === 'address') this.#refuseConnected(wish.whom.address);
    const whereabouts = await this.#locate(wish, signal);
    const connected = this.#connecting.then(() => this.#connect(wish, whereabouts, signal));
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
      isPassive: this.#parts.isPassive ?? false,
      filter: this.#audience.filter(),
      clock,
      limits: { ...RADIO_LIMITS, ...limits },
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
      if (this.#state.kind !== 'on' || !this.#isSilenceOdd()) return this.#ladder.deaf(nowMs);
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

  /** Silence says nothing where nobody listens; and where somebody is only looked for, it is no reason to lose a connection. */
  #isSilenceOdd(): boolean {
    return this.#audience.hearers > (this.#links.size > 0 ? this.#locating : 0);
  }

  async #locate({ whom, callTimeoutMs }: ConnectWish, signal: AbortSignal): Promise<Whereabouts> {
    this.#locating += 1;
    try {
      return await located({ radio: this, whom, withinMs: callTimeoutMs, clock: this.#parts.clock, signal });
    } finally {
      this.#locating -= 1;
    }
  }

  #refuseConnected(address: string): void {
    if (this.#links.has(address)) throw linkFault(`ble ${address}`, { what: 'another device of this gateway is connected to it', remedy: 'Give each device an address of its own' });
  }

  async #connect({ whom, places, callTimeoutMs }: ConnectWish, { address, addressType }: Whereabouts, signal: AbortSignal): Promise<GattLink> {
    const where = `ble ${whom.kind === 'address' ? address : `${spokenWhom(whom)}, now ${address}`}`;
    await this.#room(where, callTimeoutMs, signal);
    const radio = this.#process;
    if (radio === undefined || this.#state.kind !== 'on') throw this.#state.kind === 'failing' ? this.#state.fault : linkFault(where, { what: 'the radio is starting' });
    this.#refuseConnected(address);
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

  /** Waits until one more may be connected, which those that stay connected need never allow. */
  async #room(where: string, withinMs: number, signal: AbortSignal): Promise<void> {
    const { clock, connectionsMax } = this.#parts;
    const untilMs = clock.monotonicMs() + withinMs;
    while (this.#links.size >= connectionsMax && !signal.aborted) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) throw linkFault(where, { what: `${connectionsMax} devices are connected, which is all that may be`, remedy: 'Raise `ble.connectionsMax` as far as the adapter can' });
      const waited = new AbortController();
      await Promise.race([...this.#links.values()].map((link) => link.closed).concat(pause(clock, leftMs, AbortSignal.any([signal, waited.signal])).then(() => undefined)));
      waited.abort();
    }
  }

  #heard(reports: readonly Report[], packets: number, dropped: number): void {
    this.counts.heard += packets;
    this.counts.dropped += dropped;
    if (packets > 0) this.#ladder.heard(this.#parts.clock.monotonicMs());
    for (const { bytes, ...heading } of reports) {
      const { advertisement, cutShortBytes } = readStructures(bytes, heading);
      if (cutShortBytes > 0) this.counts.cutShort += 1;
      const name = this.#nameOf(heading.address, advertisement.name);
      this.#audience.heard(name === undefined ? advertisement : { ...advertisement, name }, cutShortBytes);
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

  #tellFilter(): void {
    if (this.#process !== undefined) this.#process.filter = this.#audience.filter();
  }

  #become(state: RadioState): void {
    this.#state = state;
    this.#ladder.deaf(this.#parts.clock.monotonicMs());
    this.#audience.stateChanged(state);
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

/**
 * Beyond what the radio's process is started anew. It takes some 90 MB after 120,000 addresses (docs/benchmarks.md); with more than
 * its 128 MiB it and a gateway of 118 MB would reach the unit's MemoryMax=256M, at which the kernel ends either.
 */
export const RADIO_LIMITS: RadioLimits = { pingEveryMs: 5000, pongWithinMs: 15_000, addressesMax: 20_000, rssBytesMax: 128 * 2 ** 20 };
const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 60_000;
const STABLE_MS = 60_000;
const WATCH_EVERY_MS = 5000;
const SCAN_MS = 5000;
const NAMES_MAX = 4096;

import { BackOff } from '../core/back-off.ts';
import type { Clock } from '../core/clock.ts';
import { LinkError, ProtocolError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { GattDriver, GattPlace, GattValue } from '../driver-kit/define-driver.ts';
import type { GattLink, Radio, Whom } from '../driver-kit/radio.ts';
import type { BatteryEvents } from './battery-events.ts';
import { Commits, type Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { type PollRequest, PollRequests } from './poll-requests.ts';

/** One device that is connected to, and where its observations go. */
export interface GattSession {
  readonly device: string;
  readonly driver: GattDriver;
  /** The driver's parsed options, secrets read. */
  readonly options: unknown;
  readonly whom: Whom;
  readonly radio: Radio;
  readonly status: DeviceStatus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly report: (report: Report) => Promise<'questioned' | void>;
  readonly batteries: BatteryEvents;
  /** Where wishes to read it out of turn are taken. */
  readonly requests?: PollRequests | undefined;
  readonly signal: AbortSignal;
}

/**
 * Keeps one device running until the signal is aborted: connects, reads what is to be read, and disconnects until the
 * next time, or stays where the device notifies. Rejects only with bugs.
 */
export async function runGatt(session: GattSession): Promise<void> {
  const { driver, options, clock, random, status, requests = new PollRequests(), signal } = session;
  const { everyMs } = driver.schedule(options);
  const crashed = new AbortController();
  const over = AbortSignal.any([signal, crashed.signal]);
  const reader = new GattReader({ ...session, requests }, (bug) => crashed.abort(bug));
  requests.open(over);
  const backOff = new BackOff({ leastMs: RETRY_LEAST_MS, mostMs: Math.max(RETRY_LEAST_MS, Math.min(RETRY_MOST_MS, everyMs)), random });
  while (!over.aborted) {
    const startedMs = clock.monotonicMs();
    try {
      await reader.visit(over);
      backOff.reset();
      await requests.pause(clock, Math.max(0, startedMs + everyMs - clock.monotonicMs()), over);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      reader.unread(error.message);
      if (over.aborted) break;
      status.failing(error.message);
      if (clock.monotonicMs() - startedMs > STABLE_MS) backOff.reset();
      await requests.pause(clock, backOff.nextMs(), over);
    }
  }
  reader.unread('the gateway stops');
  if (crashed.signal.aborted) throw crashed.signal.reason;
}

/** Reads one device's characteristics and decodes them. */
class GattReader {
  readonly #session: GattSession & { readonly requests: PollRequests };
  readonly #commits: Commits;
  readonly #crash: (bug: unknown) => void;
  readonly #places: readonly GattPlace[];
  #state: unknown;
  /** How often in a row a place was refused that nobody asked for by name; it can cost the connection each time. */
  #refusals = 0;
  /** Who wished the reading that is under way. */
  #request: PollRequest | undefined;

  constructor(session: GattSession & { readonly requests: PollRequests }, crash: (bug: unknown) => void) {
    this.#session = session;
    this.#crash = crash;
    this.#commits = new Commits({ ...session, crash });
    this.#places = session.driver.characteristics(session.options);
  }

  /** One connection, from its making to its end; rejects with a LinkError. */
  async visit(signal: AbortSignal): Promise<void> {
    const { radio, whom, driver, options, status, clock, requests } = this.#session;
    this.#request = requests.next();
    const { everyMs, callTimeoutMs } = driver.schedule(options);
    const link = await radio.connect({ whom, places: this.#places, callTimeoutMs }, signal);
    status.counts.opens += 1;
    try {
      status.open(link.name);
      const isKept = await this.#subscribe(link);
      await this.#readAll(link);
      if (!isKept) return;
      const gone = new AbortController();
      void link.closed.then(() => gone.abort());
      const over = AbortSignal.any([signal, gone.signal]);
      for (await requests.pause(clock, everyMs, over); !over.aborted; await requests.pause(clock, everyMs, over)) {
        this.#request = requests.next();
        await this.#readAll(link);
      }
      const fault = gone.signal.aborted ? await link.closed : undefined;
      if (fault !== undefined) throw fault;
    } finally {
      await link.close();
    }
  }

  /** What was wished could not be read. */
  unread(why: string): void {
    this.#request?.done({ kind: 'refused', code: 'no_answer', message: why });
    this.#request = undefined;
  }

  async #subscribe(link: GattLink): Promise<boolean> {
    const notifying = this.#places.filter((place) => place.how === 'notify' && link.has(place));
    for (const place of notifying) await link.subscribe(place, (value) => void this.#take(value, link).catch(this.#crash));
    return notifying.length > 0;
  }

  async #readAll(link: GattLink): Promise<void> {
    const request = this.#request;
    let [values, isStored] = [0, true];
    let refusal: string | undefined;
    for (const place of this.#places) {
      if (place.how !== 'read' || !link.has(place) || (place.optional === true && this.#refusals >= REFUSALS_MAX)) continue;
      if (place.optional === true) this.#refusals += 1;
      const value = await this.#read(link, place);
      if (typeof value === 'string') {
        if (place.optional !== true) refusal = value;
        continue;
      }
      if (place.optional === true) this.#refusals = 0;
      const taken = await this.#take(value, link, request);
      values += taken.values;
      isStored &&= taken.isStored;
    }
    if (refusal !== undefined) this.#session.status.open(link.name, refusal);
    if (request === undefined) return;
    if (values === 0 && refusal !== undefined) return this.unread(refusal);
    this.#request = undefined;
    request.done(isStored ? { kind: 'read', values } : { kind: 'refused', code: 'storage', message: 'it was read, but could not be stored' });
  }

  /** The value, or why the device does not give it. */
  async #read(link: GattLink, place: GattPlace): Promise<GattValue | string> {
    try {
      return await link.read(place);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (place.optional !== true) this.#session.status.counts.faults += 1;
      return error.message;
    }
  }

  async #take(value: GattValue, link: GattLink, request?: PollRequest): Promise<{ readonly values: number; readonly isStored: boolean }> {
    const { device, driver, options, status, clock, batteries } = this.#session;
    const stamp = clock.stamp();
    try {
      const { observations, state, fault, batteryLow } = driver.decode(value, options, this.#state);
      this.#state = state;
      status.counts.frames += 1;
      if (fault !== undefined) status.counts.faults += 1;
      status.open(link.name, fault?.message);
      batteries.heard({ device, observations, batteryLow });
      const outcome = observations.length > 0 ? await this.#commits.store({ observations, stamp, demanded: request && { meter: request.meter } }) : undefined;
      return { values: observations.length, isStored: outcome !== 'refused' };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      status.counts.faults += 1;
      status.open(link.name, error.message);
      return { values: 0, isStored: true };
    }
  }
}

const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 60_000;
const STABLE_MS = 60_000;
const REFUSALS_MAX = 3;

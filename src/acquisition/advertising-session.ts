import type { Clock } from '../core/clock.ts';
import { ProtocolError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Advertisement } from '../driver-kit/advertisement.ts';
import type { AdvertisingDriver, Heard } from '../driver-kit/define-driver.ts';
import type { Radio, RadioState } from '../driver-kit/radio.ts';
import { Commits, type Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';

/** One device that says everything in its advertisements, and where its observations go. */
export interface AdvertisingSession {
  readonly device: string;
  readonly driver: AdvertisingDriver;
  /** The driver's parsed options, secrets read. */
  readonly options: unknown;
  /** Whom to hear: by address, or by what its payload calls it. */
  readonly address?: string | undefined;
  readonly id?: string | undefined;
  readonly silentAfterMs: number;
  readonly radio: Radio;
  readonly status: DeviceStatus;
  readonly clock: Clock;
  readonly log: Log;
  /** The driver's note of the last run, if there is one. */
  readonly note: string | undefined;
  readonly report: (report: Report) => Promise<'questioned' | void>;
  readonly batteryLow: (isLow: boolean) => void;
  readonly signal: AbortSignal;
}

/** The key under which a device's driver notes what it must not forget. */
export function tagNoteKey(device: string): string {
  return `tag/${device}`;
}

/** Keeps one device that advertises running until the signal is aborted. Rejects only with bugs. */
export function runAdvertising(session: AdvertisingSession): Promise<void> {
  return new Promise((resolve, reject) => {
    const listener = new TagListener(session, (bug) => end(() => reject(bug)));
    const end = (settle: () => void): void => {
      stopListening();
      listener.stop();
      settle();
    };
    const addresses = session.address === undefined ? undefined : [session.address];
    const stopListening = session.radio.listen({
      addresses,
      heard: (advertisement) => listener.heard(advertisement),
      stateChanged: (state) => listener.radioChanged(state),
    });
    if (session.signal.aborted) end(resolve);
    else session.signal.addEventListener('abort', () => end(resolve), { once: true });
  });
}

/** What is known of one device between two advertisements. */
class TagListener {
  readonly #session: AdvertisingSession;
  readonly #commits: Commits;
  readonly #crash: (bug: unknown) => void;
  #state: unknown;
  #noted: string | undefined;
  #heardMs = Number.NEGATIVE_INFINITY;
  #isLow: boolean | undefined;
  #why: string | undefined;
  #cancelSilence: () => void = () => undefined;

  constructor(session: AdvertisingSession, crash: (bug: unknown) => void) {
    this.#session = session;
    this.#crash = crash;
    this.#commits = new Commits({ ...session, crash });
    this.#noted = session.note;
    this.#state = this.#restored(session.note);
  }

  stop(): void {
    this.#cancelSilence();
  }

  radioChanged(state: RadioState): void {
    this.#cancelSilence();
    if (state.kind === 'failing') this.#session.status.failing(state.fault.message);
    else if (state.kind === 'on') this.#awaitSilence();
  }

  heard(advertisement: Advertisement): void {
    const { driver, id, status, clock } = this.#session;
    if (!driver.matches(advertisement)) return;
    if (id !== undefined && driver.identify?.(advertisement) !== id) return;
    const stamp = clock.stamp();
    const before = this.#state;
    const said = this.#decoded(advertisement);
    this.#awaitSilence();
    if (said === undefined) return;
    this.#heardMs = clock.monotonicMs();
    this.#state = said.state;
    status.counts.frames += 1;
    if (said.fault !== undefined) status.counts.faults += 1;
    this.#why = said.fault?.message;
    status.open(this.#link(advertisement), this.#why);
    this.#battery(said.batteryLow);
    if (said.observations.length > 0) void this.#store({ observations: said.observations, stamp }, before).catch(this.#crash);
  }

  /** What was not stored is taken from the next repeat: the driver must not know it yet. */
  async #store(report: Report, before: unknown): Promise<void> {
    const { driver, device } = this.#session;
    const after = this.#state;
    const text = after === undefined ? undefined : driver.note?.text(after);
    const notes = text === this.#noted ? undefined : { [tagNoteKey(device)]: text ?? null };
    const outcome = await this.#commits.store({ ...report, notes });
    if (outcome !== 'refused') this.#noted = text;
    else if (this.#state === after) this.#state = before;
  }

  #decoded(advertisement: Advertisement): Heard | undefined {
    const { driver, options, status, clock } = this.#session;
    try {
      return driver.decode(advertisement, options, this.#state, clock.monotonicMs() - this.#heardMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#crash(error);
        return undefined;
      }
      status.counts.faults += 1;
      status.failing(error.message);
      return undefined;
    }
  }

  #battery(isLow: boolean | undefined): void {
    if (isLow === undefined || isLow === (this.#isLow ?? false)) return;
    this.#isLow = isLow;
    this.#session.batteryLow(isLow);
  }

  #awaitSilence(): void {
    const { clock, silentAfterMs, status, radio } = this.#session;
    this.#cancelSilence();
    this.#cancelSilence = clock.after(silentAfterMs, () =>
      status.failing(`${radio.name}: the device was not heard for ${Math.round(silentAfterMs / 1000)} s. Check its battery, its distance and the address under \`port\`; \`tailgate devices --ble\` shows who is in range`),
    );
  }

  /** A note that cannot be read is as good as none; the driver then takes the device for a new one. */
  #restored(note: string | undefined): unknown {
    const { driver, device, log } = this.#session;
    if (note === undefined) return undefined;
    try {
      return driver.note?.restored(note);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      log.error(`${device}: what was noted of it cannot be read`, { device, why: error.message });
      return undefined;
    }
  }

  #link({ address }: Advertisement): string {
    return `${this.#session.radio.name} ${address}`;
  }
}

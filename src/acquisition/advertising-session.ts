import type { Clock } from '../core/clock.ts';
import { ProtocolError, StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Stamp } from '../core/reading.ts';
import type { Notes } from '../core/record.ts';
import type { Advertisement } from '../driver-kit/advertisement.ts';
import type { AdvertisingDriver } from '../driver-kit/define-driver.ts';
import type { Radio, RadioState, Whom } from '../driver-kit/radio.ts';
import type { BatteryEvents } from './battery-events.ts';
import { Commits, type Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import type { HeardTag, Tag } from './tag.ts';

/** One device that says everything in its advertisements, and where its observations go. */
export interface AdvertisingSession {
  readonly device: string;
  readonly driver: AdvertisingDriver;
  /** What is remembered of it. */
  readonly tag: Tag;
  /** Whom to hear; for one that is known by what its payload calls it, everybody. */
  readonly whom?: Whom | undefined;
  readonly id?: string | undefined;
  readonly silentAfterMs: number;
  readonly radio: Radio;
  readonly status: DeviceStatus;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: (report: Report) => Promise<'questioned' | void>;
  /** Records notes that come without news, within so long; rejects with a StorageError. */
  readonly note: (notes: Notes, lingerMs: number) => Promise<void>;
  readonly batteries: BatteryEvents;
  readonly signal: AbortSignal;
}

/** Keeps one device that advertises running until the signal is aborted and what it knows is noted. Rejects only with bugs. */
export function runAdvertising(session: AdvertisingSession): Promise<void> {
  return new Promise((resolve, reject) => {
    const listener = new TagListener(session, (bug) => end(() => reject(bug)));
    const end = (settle: () => void): void => {
      stopListening();
      void listener.stop().then(settle, reject);
    };
    const stopListening = session.radio.listen({
      whom: session.whom && [session.whom],
      heard: (advertisement, cutShortBytes) => listener.heard(advertisement, cutShortBytes),
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
  #cancelSilence: () => void = () => undefined;
  #cancelNoting: (() => void) | undefined;

  constructor(session: AdvertisingSession, crash: (bug: unknown) => void) {
    this.#session = session;
    this.#crash = crash;
    this.#commits = new Commits({ ...session, crash });
  }

  async stop(): Promise<void> {
    this.#cancelSilence();
    this.#cancelNoting?.();
    await this.#note(0);
  }

  radioChanged(state: RadioState): void {
    this.#cancelSilence();
    if (state.kind === 'failing') this.#session.status.failing(state.fault.message);
    else if (state.kind === 'on') this.#awaitSilence();
  }

  heard(advertisement: Advertisement, cutShortBytes: number): void {
    const { driver, id, status, clock } = this.#session;
    if (id !== undefined && !(driver.matches(advertisement) && driver.identify?.(advertisement) === id)) return;
    if (cutShortBytes > 0) status.discarded(cutShortBytes, 'cut short');
    if (!driver.matches(advertisement)) return;
    const stamp = clock.stamp();
    this.#awaitSilence();
    const said = this.#decoded(advertisement);
    if (said === undefined) return;
    status.counts.frames += 1;
    if (said.fault !== undefined) status.counts.faults += 1;
    status.open(`${this.#session.radio.name} ${advertisement.address}`, said.fault?.message);
    this.#session.batteries.heard({ ...said, device: this.#session.device });
    if (said.observations.length > 0) void this.#store(said, stamp).catch(this.#crash);
    else if (this.#session.tag.hasNotes) this.#noteSoon();
  }

  /** A commit for each repeat would wear the disk out, so a recording of some of them may be believed once after a crash. */
  #noteSoon(): void {
    this.#cancelNoting ??= this.#session.clock.after(NOTE_AFTER_MS, () => {
      this.#cancelNoting = undefined;
      void this.#note(NOTE_WITHIN_MS).catch(this.#crash);
    });
  }

  async #note(withinMs: number): Promise<void> {
    const { tag, note } = this.#session;
    const notes = tag.takeNotes();
    if (Object.keys(notes).length === 0) return;
    try {
      await note(notes, withinMs);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error; // the next repeat brings the next counter
    }
  }

  /** What was not stored is taken from the next repeat. */
  async #store({ observations, notes, unstored }: HeardTag, stamp: Stamp): Promise<void> {
    if ((await this.#commits.store({ observations, stamp, notes })) === 'refused') unstored();
  }

  #decoded(advertisement: Advertisement): HeardTag | undefined {
    const { tag, status } = this.#session;
    try {
      return tag.hear(advertisement);
    } catch (error) {
      if (error instanceof ProtocolError) {
        status.counts.faults += 1;
        status.failing(error.message);
      } else this.#crash(error);
      return undefined;
    }
  }

  #awaitSilence(): void {
    const { clock, silentAfterMs, status, radio } = this.#session;
    this.#cancelSilence();
    this.#cancelSilence = clock.after(silentAfterMs, () =>
      status.failing(`${radio.name}: the device was not heard for ${Math.round(silentAfterMs / 1000)} s. Check its battery, its distance and the address under \`port\`; \`tailgate devices --ble\` shows who is in range`),
    );
  }
}

const NOTE_AFTER_MS = 60_000;
/** Many tags share one commit. */
const NOTE_WITHIN_MS = 10_000;

import { type Cancel, type Clock } from '../core/clock.ts';
import { ProtocolError } from '../core/errors.ts';
import type { Stamp } from '../core/reading.ts';
import type { Decoded, ListeningDriver } from '../driver-kit/define-driver.ts';
import type { Link } from '../driver-kit/link.ts';
import type { Commits } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { FeedbackQueue } from './feedback-queue.ts';
import { FrameReader, TOO_LONG } from './frame-reader.ts';
import type { Legibility } from './legibility.ts';
import type { Visit } from './reconnect.ts';

/** What a ListeningVisit is made of; all but the visit itself outlives the link. */
export interface ListeningVisitParts {
  readonly driver: ListeningDriver;
  readonly options: unknown;
  readonly status: DeviceStatus;
  readonly clock: Clock;
  readonly commits: Commits;
  readonly legibility: Legibility;
  /** Told the link's name once it is open. */
  readonly opened: (link: string) => void;
  readonly crash: (bug: unknown) => void;
  /** Aborted when the session is to end, in contrast to the link. */
  readonly ending: AbortSignal;
}

/** What a listening session knows of one open link: half a frame, the driver's state, answers that are due. */
export class ListeningVisit implements Visit {
  readonly #parts: ListeningVisitParts;
  readonly #gapMs: number | undefined;
  readonly #reader: FrameReader;
  readonly #feedback: FeedbackQueue;
  #link = '';
  #state: unknown;
  #lastByte: Stamp;
  #cancelGap: Cancel = () => undefined; // no gap to wait for yet

  constructor(parts: ListeningVisitParts) {
    const { driver, options, status, clock, crash } = parts;
    const framing = driver.framing(options);
    this.#parts = parts;
    this.#gapMs = framing.gapMs;
    this.#lastByte = clock.stamp();
    this.#reader = new FrameReader(framing, {
      frame: (frame) => this.#frame(frame),
      discarded: (bytes, reason) => this.#discarded(bytes, reason),
    });
    this.#feedback = new FeedbackQueue({
      feedback: driver.feedback?.(options),
      lost: () => (status.counts.feedbackLost += 1),
      crash,
    });
  }

  receive(chunk: Uint8Array): void {
    this.#lastByte = this.#parts.clock.stamp();
    this.#cancelGap();
    this.#reader.push(chunk);
    if (this.#reader.waiting > 0) this.#awaitGap();
  }

  async use(link: Link, gone: AbortSignal): Promise<void> {
    const { ending, opened } = this.#parts;
    this.#link = link.name;
    opened(link.name);
    this.#feedback.open(link);
    await aborted(gone);
    if (ending.aborted) await this.#farewell();
    this.#cancelGap();
    this.#reader.end('link lost');
  }

  /** Gives the last scans their answers, within a limit. */
  #farewell(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(FAREWELL_MS, resolve);
      void this.#feedback.settled.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #frame(frame: Uint8Array): void {
    const { commits, legibility, status } = this.#parts;
    status.counts.frames += 1;
    const decoded = this.#decoded(frame);
    if (decoded === undefined) return;
    this.#state = decoded.state;
    legibility.good(this.#link);
    if (decoded.observations.length === 0) return;
    this.#feedback.add(commits.store({ observations: decoded.observations, stamp: this.#lastByte }));
  }

  #decoded(frame: Uint8Array): Decoded | undefined {
    const { driver, options, status, legibility, crash } = this.#parts;
    try {
      return driver.decode(frame, options, this.#state);
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        crash(error);
        return undefined;
      }
      status.counts.faults += 1;
      legibility.bad(this.#link, error.remedy === undefined ? error.what : `${error.what}. ${error.remedy}`);
      this.#feedback.add(Promise.resolve('refused'));
      return undefined;
    }
  }

  #discarded(bytes: number, reason: string): void {
    this.#parts.status.discarded(bytes, reason);
    if (reason !== TOO_LONG) return;
    this.#parts.legibility.bad(this.#link, 'what comes is longer than a frame can be. Check the terminator and the baud rate');
  }

  /**
   * When the time is up, what came meanwhile is read first: after a stall of this process the timer is due before the
   * bytes that were waiting, and would cut a frame in two.
   */
  #awaitGap(): void {
    const { clock } = this.#parts;
    if (this.#gapMs === undefined) return;
    this.#cancelGap = clock.after(this.#gapMs, () => {
      this.#cancelGap = clock.after(0, () => this.#reader.gap());
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** How long the end waits for scans that are being stored, so that their people are still told. */
const FAREWELL_MS = 2000;

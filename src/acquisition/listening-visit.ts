import { type Cancel, type Clock, pause } from '../core/clock.ts';
import { ProtocolError } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import type { Stamp } from '../core/reading.ts';
import type { Decoded, Feedback, ListeningDriver } from '../driver-kit/define-driver.ts';
import type { Framing } from '../driver-kit/framing.ts';
import type { Link } from '../driver-kit/link.ts';
import { looksLikeNoise } from '../identification/noise.ts';
import type { Commits, Outcome, Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { FeedbackQueue } from './feedback-queue.ts';
import { FrameReader, TOO_LONG } from './frame-reader.ts';
import type { Legibility } from './legibility.ts';
import type { NoiseAllowance } from './noise-allowance.ts';
import type { Visit } from './reconnect.ts';
import type { SentAgain } from './sent-again.ts';

/** What a ListeningVisit is made of; all but the visit itself outlives the link. */
export interface ListeningVisitParts {
  readonly driver: ListeningDriver;
  readonly options: unknown;
  readonly status: DeviceStatus;
  readonly clock: Clock;
  readonly commits: Commits;
  readonly legibility: Legibility;
  readonly noise: NoiseAllowance;
  readonly sentAgain: SentAgain;
  /** Told the link's name once it is open. */
  readonly opened: (link: string) => void;
  readonly crash: (bug: unknown) => void;
  /** Told what became of each scan, beside the device. */
  readonly told?: ((outcome: Outcome) => void) | undefined;
  /** Aborted when the session is to end, in contrast to the link. */
  readonly ending: AbortSignal;
}

/** What a listening session knows of one open link: half a frame, the driver's state, answers that are due. */
export class ListeningVisit implements Visit {
  readonly #parts: ListeningVisitParts;
  readonly #framing: Framing;
  readonly #reader: FrameReader;
  readonly #feedback: FeedbackQueue;
  readonly #usualFeedback: Feedback | undefined;
  #link = '';
  #state: unknown;
  #tooLongBytes = 0;
  #lastByte: Stamp;
  #cancelGap: Cancel = () => undefined; // no gap to wait for yet

  constructor(parts: ListeningVisitParts) {
    const { driver, options, status, clock, crash } = parts;
    const framing = driver.framing(options);
    this.#parts = parts;
    this.#framing = framing;
    this.#usualFeedback = driver.feedback?.(options);
    this.#lastByte = clock.stamp();
    this.#reader = new FrameReader(framing, {
      frame: (frame, atGap) => this.#frame(frame, atGap),
      discarded: (bytes, reason) => this.#discarded(bytes, reason),
      tooLong: (how) => this.#tooLong(how),
    });
    this.#feedback = new FeedbackQueue({
      clock,
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

  /** Lets a code that waits for its silence end, and gives the last scans their answers; both within one limit. */
  async #farewell(): Promise<void> {
    const over = new AbortController();
    const cancel = this.#parts.clock.after(FAREWELL_MS, () => over.abort());
    await this.#lastSilence(over.signal);
    await Promise.race([this.#feedback.settled, aborted(over.signal)]);
    cancel();
  }

  /** Nothing was heard for the whole farewell: silence enough, where the framing would wait longer still. */
  async #lastSilence(over: AbortSignal): Promise<void> {
    const lastByte = this.#lastByte;
    const ended = (): boolean => this.#framing.gapMs === undefined || this.#reader.waiting === 0;
    while (!ended() && !over.aborted) await pause(this.#parts.clock, GAP_LOOK_MS, over);
    if (!ended() && lastByte === this.#lastByte) this.#reader.gap();
  }

  #frame(frame: Uint8Array, atGap: boolean): void {
    const { noise, status } = this.#parts;
    const decoded = this.#decoded(frame, atGap);
    if (decoded !== undefined) this.#state = decoded.state;
    if (decoded?.reply !== undefined) this.#feedback.reply(decoded.reply);
    const feedback = decoded?.feedback ?? this.#usualFeedback;
    const doubt = doubtOf(decoded?.observations ?? []);
    if (doubt === 'noise' && !noise.take()) {
      this.#refuseNoise(frame.length, feedback);
      return;
    }
    status.counts.frames += 1;
    if (decoded === undefined) return;
    const outcome = this.#outcome(decoded);
    if (decoded.fault !== undefined && outcome === undefined) {
      this.#fault(decoded.fault);
      return;
    }
    this.#judge(doubt);
    if (outcome !== undefined) this.#tell(outcome, feedback);
  }

  /** Who cannot be told by the device may be told otherwise. */
  #tell(outcome: Promise<Outcome>, feedback: Feedback | undefined): void {
    const { told } = this.#parts;
    this.#feedback.add(outcome, this.#lastByte, feedback);
    if (told !== undefined) void outcome.then(told);
  }

  /** What is sent again shares the outcome of its first time, unless that was not stored; undefined where there was nothing to store. */
  #outcome({ observations, sent }: Decoded): Promise<Outcome> | undefined {
    const { commits, sentAgain } = this.#parts;
    const report = { observations, stamp: this.#lastByte, code: sent?.code };
    const before = sent && sentAgain.before(sent, report.stamp);
    if (before !== undefined) return this.#again(before, report);
    if (sent !== undefined && sent.code === undefined) sentAgain.began();
    if (observations.length === 0) return undefined;
    const outcome = commits.store(report);
    if (sent?.code !== undefined) sentAgain.took({ ...sent, code: sent.code }, report.stamp, outcome);
    return outcome;
  }

  #again(before: Promise<Outcome>, report: Report): Promise<Outcome> {
    const { commits, sentAgain, status } = this.#parts;
    const outcome = before.then((first) => {
      if (first === 'refused') return report.observations.length === 0 ? first : commits.store(report);
      status.counts.repeats += 1;
      return first;
    });
    sentAgain.retried(outcome);
    return outcome;
  }

  #judge(doubt: Doubt | undefined): void {
    const { legibility } = this.#parts;
    if (doubt === 'noise') legibility.doubtful(this.#link, NOISE);
    else legibility.good(this.#link, doubt === 'unterminated' ? UNTERMINATED : undefined);
  }

  #refuseNoise(bytes: number, feedback: Feedback | undefined): void {
    this.#parts.status.discarded(bytes, 'noise');
    this.#parts.legibility.hopeless(NOISE);
    this.#tell(Promise.resolve('refused'), feedback);
  }

  #decoded(frame: Uint8Array, atGap: boolean): Decoded | undefined {
    const { driver, options, crash } = this.#parts;
    try {
      return driver.decode(frame, options, this.#state, atGap);
    } catch (error) {
      if (error instanceof ProtocolError) this.#fault(error);
      else crash(error);
      return undefined;
    }
  }

  #fault({ what, remedy }: ProtocolError): void {
    const { status, legibility } = this.#parts;
    status.counts.faults += 1;
    legibility.bad(this.#link, remedy === undefined ? what : `${what}. ${remedy}`);
    this.#tell(Promise.resolve('refused'), this.#usualFeedback);
  }

  #discarded(bytes: number, reason: string): void {
    this.#parts.status.discarded(bytes, reason);
    this.#parts.sentAgain.doubt();
    if (reason === TOO_LONG) this.#tooLongBytes += bytes;
  }

  /** A code that is too long is refused when it has ended, as a scanner listens then. */
  #tooLong(how: 'goes on' | 'ended'): void {
    const { legibility, status } = this.#parts;
    if (how === 'goes on') {
      if (this.#tooLongBytes > ENDLESS_BYTES) legibility.hopeless(ENDLESS);
      return;
    }
    this.#tooLongBytes = 0;
    status.counts.refused += 1;
    const { remedy } = this.#framing;
    legibility.bad(this.#link, remedy === undefined ? ENDLESS : `a code that is too long came and was refused. ${remedy}`);
    this.#tell(Promise.resolve('refused'), this.#usualFeedback);
  }

  /**
   * When the time is up, what came meanwhile is read first: after a stall of this process the timer is due before the
   * bytes that were waiting, and would cut a frame in two.
   */
  #awaitGap(): void {
    const { clock } = this.#parts;
    const { gapMs } = this.#framing;
    if (gapMs === undefined) return;
    this.#cancelGap = clock.after(gapMs, () => {
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

/** What a scan's bytes say against it, before anybody asks what it means. */
type Doubt = 'noise' | 'unterminated';

function doubtOf(observations: readonly Observation[]): Doubt | undefined {
  let doubt: Doubt | undefined;
  for (const observation of observations) {
    if (observation.kind !== 'scan') continue;
    if (looksLikeNoise(observation)) return 'noise';
    if (observation.unterminated === true) doubt = 'unterminated';
  }
  return doubt;
}

const NOISE =
  'what comes is not text: a wrong baud rate, or binary codes. Set the same baudRate, dataBits and parity here and in the scanner; for codes that hold binary write `content: binary`';
const UNTERMINATED = "codes end by silence. Set the scanner's suffix to the terminator";
const ENDLESS = 'what comes is longer than a frame can be. Check the terminator and the baud rate';

/** Of what is longer than this nobody has to wait for the end to know that it has none: the most that an option allows to a code. */
const ENDLESS_BYTES = 65_536;

/** How often the end looks whether the last code has ended. */
const GAP_LOOK_MS = 10;
/** How long the end waits for a code to end and for scans to be stored, so that their people are still told. */
const FAREWELL_MS = 2000;

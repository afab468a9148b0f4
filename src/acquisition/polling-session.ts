import { type Clock, pause } from '../core/clock.ts';
import { LinkError, ProtocolError } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import type { Stamp } from '../core/reading.ts';
import type { PollingDriver, PollingLink, PollingQuestion, PollSchedule } from '../driver-kit/define-driver.ts';
import type { Link } from '../driver-kit/link.ts';
import type { StampedFrame } from './answer.ts';
import type { Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import type { MuteLink } from './mute-link.ts';
import { type PollRequest, PollRequests } from './poll-requests.ts';
import type { QuietLine } from './quiet-line.ts';

/** One device on a bus, and where its observations go. */
export interface BusDevice {
  readonly name: string;
  readonly driver: PollingDriver;
  /** The driver's parsed options; where it has profiles, `profile` holds the parsed profile. */
  readonly options: unknown;
  readonly status: DeviceStatus;
  /**
   * Takes what one answer brought, stamped at that answer's last byte; a poll of several questions reports several
   * times. It counts `readings` and `refused` itself, also when it ends after the link was lost. Polls go on while some
   * wait for it, up to a bound. Resolves with 'refused' when it was not stored.
   */
  report(observations: readonly Observation[], stamp: Stamp, demanded?: Report['demanded']): Promise<'refused' | void>;
  /** Where wishes to read it out of turn are taken. */
  readonly requests?: PollRequests | undefined;
}

/** Keeps one device of a bus asked: when, how often again, and how rarely once it does not answer. */
export class PollingSession {
  readonly #device: BusDevice;
  readonly #schedule: PollSchedule;
  readonly #clock: Clock;
  readonly #requests: PollRequests;
  #failures = 0;
  #unstored = 0;
  #stored: Promise<unknown> = Promise.resolve();
  #learnt: unknown;
  readonly #nextNumber: () => number;
  readonly #mute: MuteLink;
  #bug: { readonly thrown: unknown } | undefined;

  constructor(parts: { readonly device: BusDevice; readonly clock: Clock; readonly nextNumber: () => number; readonly mute: MuteLink }) {
    this.#device = parts.device;
    this.#schedule = parts.device.driver.schedule(parts.device.options);
    this.#clock = parts.clock;
    this.#requests = parts.device.requests ?? new PollRequests();
    this.#nextNumber = parts.nextNumber;
    this.#mute = parts.mute;
  }

  /** Polls at once and then by schedule until the signal is aborted; rejects with a LinkError when the link breaks. */
  async run(link: Link, line: QuietLine, signal: AbortSignal): Promise<void> {
    const { status } = this.#device;
    status.counts.opens += 1;
    if (this.#unstored > 0) status.failing('what was read before the link was lost is not stored yet');
    await untilAborted(this.#stored, signal);
    this.#requests.open(signal);
    let dueMs = this.#clock.monotonicMs();
    while (!signal.aborted) {
      await this.#poll(link, line, signal);
      await this.#notTooFarAhead(signal);
      dueMs = this.#nextMs(dueMs);
      await this.#untilDue(dueMs, link, line, signal);
    }
  }

  /** Serves wishes while it waits for the next poll of its schedule, which they do not put off. */
  async #untilDue(dueMs: number, link: Link, line: QuietLine, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#requests.pause(this.#clock, dueMs - this.#clock.monotonicMs(), signal);
      if (signal.aborted || this.#clock.monotonicMs() >= dueMs) return;
      const request = this.#requests.next();
      if (request === undefined) return;
      await this.#poll(link, line, signal, request);
      await this.#notTooFarAhead(signal);
    }
  }

  /** Everything by schedule, or what is wished, whose end is told to who wished it. */
  async #poll(link: Link, line: QuietLine, signal: AbortSignal, request?: PollRequest): Promise<void> {
    const reports: Promise<'refused' | void>[] = [];
    let values = 0;
    let fault: string | undefined = 'the link was lost';
    try {
      fault = await this.#asks(link, line, signal, {
        meter: request?.meter,
        emit: (observations, stamp) => {
          values += observations.length;
          reports.push(this.#report(observations, stamp, request && { meter: request.meter }));
        },
      });
    } finally {
      if (request !== undefined) void told(request, values, reports, fault);
    }
  }

  /** Resolves with why it did not answer, undefined when it did. */
  async #asks(link: Link, line: QuietLine, signal: AbortSignal, wish: { readonly meter: string | undefined; readonly emit: (observations: readonly Observation[], stamp: Stamp) => void }): Promise<string | undefined> {
    const { driver } = this.#device;
    const options = wish.meter === undefined || driver.narrowed === undefined ? this.#device.options : driver.narrowed(this.#device.options, wish.meter);
    let answeredAt: Stamp | undefined;
    let unanswered: ProtocolError | undefined;
    const exchange: PollingLink['exchange'] = async (question) => {
      answeredAt = undefined; // of a question that fails nothing is known but that it failed by now
      if (unanswered !== undefined) throw unanswered;
      try {
        const answer = await this.#asked(link, line, question, signal);
        answeredAt = answer.stamp;
        return answer.frame;
      } catch (error) {
        if (error instanceof ProtocolError && this.#isOneEnough()) unanswered = error;
        throw error;
      }
    };
    const emit = (observations: readonly Observation[]): void => {
      this.#answers(link); // before the poll is over: its readings are on their way
      wish.emit(observations, answeredAt ?? this.#clock.stamp());
    };
    try {
      this.#learnt = await driver.poll({ exchange, nextNumber: this.#nextNumber }, options, emit, this.#learnt);
      this.#answers(link);
      return undefined;
    } catch (error) {
      if (error instanceof ProtocolError) {
        const why = this.#failed(error);
        this.#mute.endIfMute(link);
        return why;
      }
      if (!(error instanceof LinkError && signal.aborted)) throw error;
      return 'the link was lost';
    }
  }

  #report(observations: readonly Observation[], stamp: Stamp, demanded: Report['demanded']): Promise<'refused' | void> {
    this.#unstored += 1;
    const report = this.#device.report(observations, stamp, demanded).finally(() => (this.#unstored -= 1));
    this.#stored = Promise.all([this.#stored, report]).then(() => undefined); // or each would hold on to all before it
    this.#stored.catch((thrown: unknown) => (this.#bug = { thrown }));
    return report;
  }

  /** A slow disk does not hold up a meter's schedule, as long as what it brings is not much. */
  async #notTooFarAhead(signal: AbortSignal): Promise<void> {
    if (this.#bug !== undefined) throw this.#bug.thrown;
    if (this.#unstored > UNSTORED_MAX) await untilAborted(this.#stored, signal);
  }

  async #asked(
    link: Link,
    line: QuietLine,
    question: PollingQuestion,
    signal: AbortSignal,
  ): Promise<StampedFrame> {
    const { name: device, status } = this.#device;
    const { address, responseTimeoutMs, silenceMs, echo, numbered, lateWaits } = this.#schedule;
    const discarded = (bytes: number, reason: string): void => status.discarded(bytes, reason);
    const retries = this.#failures < FAILURES_MAX ? this.#schedule.retries : 0;
    for (let tried = 0; ; tried += 1) {
      try {
        const probe = tried > 0 || this.#failures > 0;
        const given = { ...question, exchange: question, device, address, responseTimeoutMs, silenceMs, echo, probe, numbered, lateWaits, discarded };
        const answer = await line.ask(link, given, signal);
        status.counts.frames += 1;
        this.#mute.answered(device);
        if (tried >= retries || question.isBusy?.(answer.frame) !== true) return answer;
        status.counts.faults += 1;
        await pause(this.#clock, Math.min(responseTimeoutMs, BUSY_PAUSE_MOST_MS), signal); // the line is free for others meanwhile
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        status.counts.faults += 1;
        this.#mute.failed(device, error);
        if (tried >= retries) throw error;
      }
    }
  }

  /** One deadline mostly shows that a device is still not there; now and then its next question is tried too, since some leave just the first unanswered. */
  #isOneEnough(): boolean {
    return this.#failures > 0 && this.#failures % SECOND_QUESTION_EVERY !== 0;
  }

  #answers(link: Link): void {
    this.#failures = 0;
    this.#device.status.open(link.name);
  }

  #failed({ what, remedy }: ProtocolError): string {
    const why = remedy === undefined ? what : `${what}. ${remedy}`;
    this.#failures += 1;
    this.#device.status.failing(why);
    return why;
  }

  /** The next time to poll: by schedule, times that have passed left out; a device that fails is asked ever more rarely. */
  #nextMs(dueMs: number): number {
    const { everyMs } = this.#schedule;
    const nowMs = this.#clock.monotonicMs();
    if (this.#failures === 0) return dueMs + everyMs * (Math.floor((nowMs - dueMs) / everyMs) + 1);
    const doublings = Math.min(Math.max(this.#failures - FAILURES_MAX, 0), DOUBLINGS_MAX);
    const waitMs = Math.min(everyMs, PROBE_LEAST_MS) * 2 ** doublings;
    return nowMs + Math.min(waitMs, Math.max(everyMs, PROBE_MOST_MS));
  }
}

/** A report that rejects is a bug, and thrown by the session itself. */
async function told({ done }: PollRequest, values: number, reports: readonly Promise<'refused' | void>[], fault: string | undefined): Promise<void> {
  const outcomes = await Promise.allSettled(reports);
  if (fault !== undefined) done({ kind: 'refused', code: 'no_answer', message: fault });
  else if (outcomes.some((outcome) => outcome.status === 'rejected' || outcome.value === 'refused')) done({ kind: 'refused', code: 'storage', message: 'it was read, but could not be stored' });
  else done({ kind: 'read', values });
}

/** Waits for what may take for ever, but not longer than until the signal is aborted. */
function untilAborted(event: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
    event.then(end, reject);
    if (signal.aborted) end();
  });
}

/** Reports of one device that may wait to be stored before it is not asked any more; a poll makes one for each block. */
const UNSTORED_MAX = 64;
/** So many polls in a row may fail before the device is asked ever more rarely, and without retries. */
const FAILURES_MAX = 3;
/** How rarely a device that fails is asked a second question too, in polls: each costs its neighbours another deadline. */
const SECOND_QUESTION_EVERY = 4;
/** A device that fails is asked again after this at first, even if it is polled rarely: somebody may be mending it. */
const PROBE_LEAST_MS = 5000;
/** Beyond this a pause is not short any more, however patiently the device is asked. */
const BUSY_PAUSE_MOST_MS = 1000;
/** How rarely a failing device is asked in the end, unless its schedule is slower still. */
const PROBE_MOST_MS = 60_000;
const DOUBLINGS_MAX = 20;

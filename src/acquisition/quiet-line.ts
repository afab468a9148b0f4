import { spokenDuration } from '../core/amount.ts';
import { type Clock, pause } from '../core/clock.ts';
import { LinkError, ProtocolError } from '../core/errors.ts';
import type { Framing } from '../driver-kit/framing.ts';
import type { Link } from '../driver-kit/link.ts';
import { Answer, HEARD_BYTES_MAX, type StampedFrame } from './answer.ts';
import type { LateAnswers } from './late-answers.ts';

/** One question, as a device's session puts it. */
export interface LineQuestion {
  readonly device: string;
  readonly address: string;
  readonly request: Uint8Array;
  /** The same object for each try of this question, and for no other question. */
  readonly exchange: object;
  readonly reply: Framing;
  readonly responseTimeoutMs: number;
  readonly silenceMs: number;
  readonly echo: boolean;
  /** The device did not answer the question before, so this one may be for nothing too. */
  readonly probe: boolean;
  /** Its answer carries its number: no late one can be taken for it, so nothing has to be waited for. */
  readonly numbered?: boolean | undefined;
  /** By how many quiet waits an answer may be behind the one before it. */
  readonly lateWaits?: number | undefined;
  readonly discarded: (bytes: number, reason: string) => void;
}

/** What a line is made of. */
export interface QuietLineParts {
  readonly clock: Clock;
  readonly lateAnswers: LateAnswers;
  /** How long one character takes on the wire; 0 where nobody knows. */
  readonly characterMs: number;
  /** Told of bytes that come before the first question. */
  readonly discarded: (bytes: number, reason: string) => void;
}

/**
 * One open link that many devices share: one question at a time, and silence before each. Made anew for each link.
 * It does not retry and does not know whose turn it is; who asks first is served first.
 */
export class QuietLine {
  readonly #parts: QuietLineParts;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #lastProbe: Promise<unknown> = Promise.resolve();
  #probeDueMs = -Infinity;
  /** Questions to devices that answer, and are waiting for their turn or their answer. */
  #ordinary = 0;
  #heard: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  #heardBytes = 0;
  #answer: Answer | undefined;
  #busyMs: number;
  #discarded: (bytes: number, reason: string) => void;

  constructor(parts: QuietLineParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#busyMs = parts.clock.monotonicMs();
    this.#discarded = parts.discarded;
  }

  /** Takes every chunk of the link. What nobody is waiting for is thrown away, and counted for whom was asked last. */
  receive(chunk: Uint8Array): void {
    this.#busyMs = this.#clock.monotonicMs();
    if (this.#answer !== undefined) {
      this.#answer.receive(chunk);
      return;
    }
    this.#hear(chunk);
    this.#parts.lateAnswers.stray();
    this.#discarded(chunk.length, 'unasked');
  }

  /**
   * Puts one question and resolves with its answer. Rejects with a ProtocolError when none came in time or the line
   * did not fall silent, and with a LinkError when the link broke or the signal was aborted.
   */
  async ask(link: Link, question: LineQuestion, signal: AbortSignal): Promise<StampedFrame> {
    if (!question.probe) this.#ordinary += 1;
    try {
      for (;;) {
        if (question.numbered !== true) await this.#noLateAnswer(link, question, signal); // before its turn, which others wait for
        const answer = await (question.probe ? this.#probe(link, question, signal) : this.#try(link, question, signal));
        if (answer !== undefined) return answer;
      }
    } finally {
      if (!question.probe) this.#ordinary -= 1;
    }
  }

  /**
   * One probe at a time, and a rest after each that was for nothing while others have questions: many dead devices
   * together get no more than a fixed share of a busy line, and an idle one to themselves.
   */
  #probe(link: Link, question: LineQuestion, signal: AbortSignal): Promise<StampedFrame | undefined> {
    const probed = this.#lastProbe.then(async () => {
      const restMs = this.#probeDueMs - this.#clock.monotonicMs();
      if (restMs > 0 && this.#ordinary > 0) await pause(this.#clock, restMs, signal);
      try {
        return await this.#try(link, question, signal);
      } catch (error) {
        this.#probeDueMs = this.#clock.monotonicMs() + PROBE_REST * question.responseTimeoutMs;
        throw error;
      }
    });
    this.#lastProbe = probed.catch(() => undefined); // told to who asked
    return probed;
  }

  /** Resolves with undefined when it has to be tried again after a wait. */
  #try(link: Link, question: LineQuestion, signal: AbortSignal): Promise<StampedFrame | undefined> {
    return this.#inTurn(async () => {
      await this.#silence(link, question, signal);
      // While this one waited, the line may have stirred, or another device failed at the same address.
      if (question.numbered !== true && this.#lateMs(question) > 0) return undefined;
      return this.#exchange(link, question, signal);
    });
  }

  /** Resolves with undefined when an answer came that may be another question's. */
  async #exchange(link: Link, question: LineQuestion, signal: AbortSignal): Promise<StampedFrame | undefined> {
    const { request, exchange, reply, echo, address, numbered, discarded } = question;
    this.#discarded = discarded;
    const askedMs = this.#clock.monotonicMs();
    const answer = new Answer({ request, reply, heardBefore: () => this.#heardSince(askedMs - question.responseTimeoutMs), echo, clock: this.#clock, discarded });
    this.#answer = answer; // before the write: a fast device answers before the write's own end is known
    try {
      await this.#send(link, request, signal);
      const onWireMs = (reply.bytesMax + (echo ? request.length : 0)) * this.#parts.characterMs;
      const found = await this.#untilFirst(answer.arrived, question.responseTimeoutMs + onWireMs, signal);
      if (found === undefined) throw signal.aborted ? gone(link) : unanswered(question, answer);
      if (found.hasRival) {
        discarded(found.frame.length, 'perhaps the answer to another master');
        throw rival(question);
      }
      if (numbered === true || this.#parts.lateAnswers.answered(address, exchange)) return found;
      discarded(found.frame.length, 'perhaps the answer to an earlier question');
      return undefined;
    } catch (error) {
      this.#parts.lateAnswers.unanswered(address, exchange);
      throw error;
    } finally {
      this.#answer = undefined;
      answer.end();
      this.#hear(answer.heard);
    }
  }

  #hear(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#heard.push({ atMs: this.#clock.monotonicMs(), bytes: bytes.subarray(-HEARD_BYTES_MAX) });
    this.#heardBytes += Math.min(bytes.length, HEARD_BYTES_MAX);
    while (this.#heardBytes > HEARD_BYTES_MAX && this.#heard.length > 1) this.#heardBytes -= this.#heard.shift()?.bytes.length ?? 0;
  }

  /** What came so lately that an answer to it may still come. */
  #heardSince(fromMs: number): Uint8Array {
    return Buffer.concat(this.#heard.filter(({ atMs }) => atMs >= fromMs).map(({ bytes }) => bytes));
  }

  async #send(link: Link, request: Uint8Array, signal: AbortSignal): Promise<void> {
    const sent = await this.#untilFirst(link.write(request).then(() => true), WRITE_MOST_MS, signal);
    if (signal.aborted) throw gone(link);
    if (sent === undefined) {
      throw new LinkError({ where: link.name, what: `a request did not leave within ${spokenDuration(WRITE_MOST_MS)}` });
    }
  }

  /** Waits until no late answer of this address can be taken for the next one. */
  async #noLateAnswer(link: Link, question: LineQuestion, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (signal.aborted) throw gone(link);
      const waitMs = this.#lateMs(question);
      if (waitMs === 0) return;
      await pause(this.#clock, waitMs, signal);
    }
  }

  #lateMs({ address, lateWaits = LATE_WAITS, ...question }: LineQuestion): number {
    return this.#parts.lateAnswers.waitMs(address, quietMs(question), lateWaits);
  }

  /** At least one real pause, since bytes that wait in the kernel are seen only after one. */
  async #silence(link: Link, { silenceMs, device }: LineQuestion, signal: AbortSignal): Promise<void> {
    const leastMs = Math.max(silenceMs, SILENT_CHARACTERS * this.#parts.characterMs);
    const giveUpMs = this.#clock.monotonicMs() + SILENCE_MOST_MS + leastMs;
    let waitMs = leastMs;
    do {
      if (this.#clock.monotonicMs() >= giveUpMs) throw noisy({ device });
      await pause(this.#clock, waitMs, signal);
      if (signal.aborted) throw gone(link);
      waitMs = this.#busyMs + leastMs - this.#clock.monotonicMs(); // timers can be early by up to a millisecond
    } while (waitMs > 0);
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => undefined); // told to who asked; the next one in line must not hear of it
    return result;
  }

  /** What the event brings, or undefined when the time is over or the signal aborted before. */
  #untilFirst<Result>(event: Promise<Result>, ms: number, signal: AbortSignal): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        end();
        resolve(undefined);
      };
      const cancel = this.#clock.after(ms, giveUp);
      signal.addEventListener('abort', giveUp, { once: true });
      event.then(resolve, reject).finally(end);
      if (signal.aborted) giveUp();
    });
  }
}

function quietMs({ responseTimeoutMs, silenceMs }: Pick<LineQuestion, 'responseTimeoutMs' | 'silenceMs'>): number {
  return Math.max(responseTimeoutMs, 2 * silenceMs);
}

function gone(link: Link): LinkError {
  return new LinkError({ where: link.name, what: 'the link was closed' });
}

function unanswered({ device, responseTimeoutMs }: LineQuestion, answer: Answer): ProtocolError {
  const within = spokenDuration(responseTimeoutMs);
  switch (answer.shortfall) {
    case 'silence':
      return fault(device, 'silent', `no answer in ${within}`, 'Check the address, the wiring (A/B), the baud rate and the power');
    case 'unusable bytes':
      return fault(device, 'corrupt', `no usable answer in ${within}`, 'Check the baud rate, the parity, the wiring and that no two devices have one address');
    case 'no echo':
      return fault(device, 'silent', `not even the echo of the request in ${within}`, 'Check the adapter, or set echo: false');
    case 'another echo':
      return fault(device, 'corrupt', 'what came back first was not the request', 'Check the adapter, or set echo: false');
  }
}

function noisy({ device }: { readonly device: string }): ProtocolError {
  return fault(device, 'corrupt', 'the line never falls silent', 'Look for another master on the line, a missing termination or a wrong baud rate');
}

function rival({ device }: LineQuestion): ProtocolError {
  return fault(device, 'corrupt', 'another master asks the same device, and its answers cannot be told from ours', 'Only one master may ask; take the other off the line');
}

function fault(where: string, kind: 'silent' | 'corrupt', what: string, remedy: string): ProtocolError {
  return new ProtocolError({ where, fault: kind, what, remedy });
}

/** Modbus over Serial Line V1.02, section 2.5.1.1: frames are 3.5 characters apart. */
const SILENT_CHARACTERS = 3.5;
/** Beyond this a line that keeps bringing bytes is at fault, and the question fails. */
const SILENCE_MOST_MS = 2000;
/** Transports end a write that hangs by themselves, and know better when; this is for one that does not. */
const WRITE_MOST_MS = 30_000;
/** Unless the driver says otherwise. */
const LATE_WAITS = 7;
/** After a probe without an answer there is none for so many of its time-outs, while others have questions. */
const PROBE_REST = 4;

import { spokenRefusal } from './library-faults.ts';
import type { AttributeStream } from './library.ts';

/** The device answered a request by refusing it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: number;
  /** Whether the next request can be made all the same. */
  readonly isSettled: boolean;

  constructor(code: number, isSettled: boolean) {
    super(spokenRefusal(code).what);
    this.code = code;
    this.isSettled = isSettled;
  }
}

/** What is asked of a device; what is only sent gets no answer. */
export type Asked = 'reading' | 'writing' | 'sending' | 'subscribing';

interface Pending {
  readonly asked: Asked;
  readonly refuse: (refusal: Refused) => void;
  /** The device wants to be paired with, which the library tries. */
  unpaired?: number;
}

/**
 * Hears over HCI what one connected device refuses, which the library (lib/hci-socket/gatt.js of 2.8.0) keeps to itself: a
 * refused read comes to it as no bytes, a refused write never settles, and where pairing is wanted it pairs and never
 * settles when that fails. Requests are answered in the order in which they are made.
 */
export class Refusals {
  readonly #stream: AttributeStream | undefined;
  readonly #pending: Pending[] = [];

  constructor(stream: AttributeStream | undefined) {
    this.#stream = stream;
    stream?.hear((answer) => this.#answered(answer), () => this.#notPaired());
  }

  /** Settles as the work does, or rejects with Refused. */
  async watched<Result>(asked: Asked, work: () => Promise<Result>): Promise<Result> {
    let pending: Pending | undefined;
    const refused = new Promise<never>((_, reject) => {
      pending = { asked, refuse: reject };
      this.#pending.push(pending);
    });
    try {
      return await Promise.race([refused, work()]);
    } catch (error) {
      if (pending?.unpaired !== undefined) throw new Refused(pending.unpaired, false);
      throw error;
    } finally {
      this.#drop(pending);
    }
  }

  #answered(answer: Buffer): void {
    if (answer[0] !== ERROR) return this.#drop(this.#pending.find(({ asked }) => ANSWERS[asked] === answer[0]));
    const [, request = 0, , , code = 0] = answer;
    const pending = this.#pending.find(({ asked }) => REQUESTS[asked].includes(request));
    if (pending === undefined) return;
    if (PAIRS.has(code) && this.#stream?.isEncrypted === false) pending.unpaired = code;
    else pending.refuse(new Refused(code, pending.asked === 'reading' && code !== INVALID_PDU));
  }

  #notPaired(): void {
    for (const { unpaired, refuse } of this.#pending) if (unpaired !== undefined) refuse(new Refused(unpaired, false));
  }

  #drop(pending: Pending | undefined): void {
    const at = pending === undefined ? -1 : this.#pending.indexOf(pending);
    if (at >= 0) this.#pending.splice(at, 1);
  }
}

/** Core 5.4, volume 3, part F, section 3.4: the requests that may be refused, the answers to the last of them, and an error. */
const REQUESTS: Readonly<Record<Asked, readonly number[]>> = { reading: [0x0a], writing: [0x12], sending: [], subscribing: [0x08, 0x12] };
const ANSWERS: Readonly<Record<Asked, number | undefined>> = { reading: 0x0b, writing: 0x13, sending: undefined, subscribing: 0x13 };
const ERROR = 0x01;
/** The library does not go on after it. */
const INVALID_PDU = 0x04;
/** After these the library pairs. */
const PAIRS: ReadonlySet<number> = new Set([0x05, 0x08, 0x0f]);

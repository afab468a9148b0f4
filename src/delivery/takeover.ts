import { codeOf, type PublishError } from '../core/errors.ts';

/** DISCONNECT "session taken over" (MQTT 5.0, section 3.14.2.1). */
export const SESSION_TAKEN_OVER = 0x8e;

/**
 * Whether another client uses the same client id, so that each throws the other out. A broker of version 5 says so;
 * one of 3.1.1, and mosquitto 2.0 with either, just closes the connection, soon after its CONNACK and time after time.
 */
export class Takeover {
  #short = 0;
  #suspected = false;

  get suspected(): boolean {
    return this.#suspected;
  }

  /** A try is over: `lastedMs` since its CONNACK, undefined if there was none. `fault` is undefined when we ended it. */
  ended(lastedMs: number | undefined, fault: PublishError | undefined): void {
    const said = fault?.reasonCode === SESSION_TAKEN_OVER;
    const short = lastedMs !== undefined && lastedMs < SHORT_MS && fault !== undefined && fault.reasonCode === undefined;
    // A network that resets says nothing either way: a broker can close in a way that looks like it.
    const byNetwork = codeOf(fault?.cause) !== undefined;
    if (!short) this.#short = 0;
    else if (!byNetwork) this.#short += 1;
    this.#suspected = said || this.#short >= SHORT_IN_A_ROW;
  }
}

const SHORT_MS = 5000;
const SHORT_IN_A_ROW = 3;

import type { Cancel, Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { ForwarderReport } from './forwarder-parts.ts';
import type { Outlet } from './outlet.ts';
import { type GatewayFacts, offlineMessage, onlineMessage } from './state-message.ts';
import { STATE_TOPIC } from './topics.ts';

/** What publishing the state needs. */
export interface StatePublisherParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly root: string;
  readonly facts: () => GatewayFacts;
  readonly report: () => ForwarderReport;
}

/** Keeps the retained `state` true: at each connection, soon after a change, and once a minute if something differs. */
export class StatePublisher {
  readonly #parts: StatePublisherParts;
  #outlet: Outlet | undefined;
  #sent = '';
  #cancelNext: Cancel | undefined;
  #cancelSoon: Cancel | undefined;

  constructor(parts: StatePublisherParts) {
    this.#parts = parts;
  }

  /** What the broker says when the connection dies. */
  get will(): { readonly topic: string; readonly payload: string } {
    return { topic: this.#topic, payload: offlineMessage(this.#parts.facts()) };
  }

  /** A connection is there, or is no longer. */
  set outlet(outlet: Outlet | undefined) {
    this.#outlet = outlet;
    this.#sent = '';
    if (outlet !== undefined) this.#refresh();
  }

  /** Looks once a minute from now on. */
  start(): void {
    this.#cancelNext = this.#parts.clock.after(EVERY_MS, () => {
      this.#refresh();
      this.start();
    });
  }

  /** Something that it tells has changed: it goes out in a second, however often that happens until then. */
  changed(): void {
    this.#cancelSoon ??= this.#parts.clock.after(SOON_MS, () => {
      this.#cancelSoon = undefined;
      this.#refresh();
    });
  }

  /** Says that the gateway goes offline; resolves when the broker has it, or after a second. */
  async goodbye(): Promise<void> {
    this.#cancelNext?.();
    this.#cancelSoon?.();
    const outlet = this.#outlet;
    if (outlet === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(GOODBYE_WITHIN_MS, resolve);
      outlet.post({ ...this.will, retain: true }, () => {
        cancel();
        resolve();
      });
    });
  }

  #refresh(): void {
    const outlet = this.#outlet;
    if (outlet === undefined) return;
    const facts = this.#parts.facts();
    const whole = onlineMessage(facts, this.#parts.report());
    if (whole === this.#sent) return;
    this.#sent = whole;
    const message = { topic: this.#topic, payload: whole, retain: true };
    // A packet that is too large would end the connection, each time anew, and no reading would ever go out.
    const payload = outlet.refusal(message) === undefined ? whole : onlineMessage({ ...facts, devices: {}, alarms: [CUT] }, this.#parts.report());
    outlet.post({ ...message, payload }, (fault) => {
      if (fault === undefined || fault.fault === 'nobody-listens') return;
      this.#sent = ''; // tried again with the next change, at the latest in a minute
      this.#parts.log.warn('the state was not taken', { why: fault.message });
    });
  }

  get #topic(): string {
    return `${this.#parts.root}/${STATE_TOPIC}`;
  }
}

const EVERY_MS = 60_000;
const SOON_MS = 1000;
const CUT = 'the broker takes no packet as large as the whole state: devices and alarms are left out, see tailgate status';
const GOODBYE_WITHIN_MS = 1000;

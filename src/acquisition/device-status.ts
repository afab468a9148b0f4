import type { Clock } from '../core/clock.ts';
import { printable } from '../core/printable.ts';

/** What state a device is in: *waiting* for its first answer, *open*, or *failing* with a reason. */
export type DeviceState = 'waiting' | 'open' | 'failing';

/** One device as health, `tailgate status` and the state topic show it. */
export interface DeviceReport {
  readonly device: string;
  readonly state: DeviceState;
  /** Monotonic milliseconds since when it is in this state. */
  readonly sinceMs: number;
  /** Why it waits or fails, or what is wrong although it is open, and the remedy, in words. */
  readonly why?: string | undefined;
  /** Where the link really leads. */
  readonly link?: string | undefined;
  readonly counts: Readonly<DeviceCounts>;
}

/** What a device's session counted since the gateway's start. */
export interface DeviceCounts {
  frames: number;
  readings: number;
  /** Bytes that became part of no frame, by reason. */
  discarded: Record<string, number>;
  /** Frames or answers that could not be decoded, and questions without an answer. */
  faults: number;
  /** Readings that could not be stored. */
  refused: number;
  /** Codes and tags that were read again and are one scan with their first time. */
  repeats: number;
  /** Answers to the person at the device that could not be given, since the link was gone or too slow. */
  feedbackLost: number;
  /** How often the link was opened. */
  opens: number;
}

/**
 * Keeps the state and the counts of one device, and is the one place that tells news from what is known: `changed` is
 * called when the state or its reason is another than before, so sessions may say the same as often as they like. Links
 * and reasons may hold text of the device, the system or the network; they are made printable here.
 */
export class DeviceStatus {
  readonly device: string;
  readonly counts: DeviceCounts = {
    frames: 0,
    readings: 0,
    discarded: {},
    faults: 0,
    refused: 0,
    repeats: 0,
    feedbackLost: 0,
    opens: 0,
  };
  readonly #clock: Clock;
  readonly #changed: (report: DeviceReport) => void;
  #state: DeviceState = 'waiting';
  #sinceMs: number;
  #why: string | undefined;
  #link: string | undefined;

  constructor(parts: { readonly device: string; readonly clock: Clock; readonly changed: (report: DeviceReport) => void }) {
    this.device = parts.device;
    this.#clock = parts.clock;
    this.#changed = parts.changed;
    this.#sinceMs = parts.clock.monotonicMs();
  }

  /** The device can be used; `why` says what is wrong nevertheless. */
  open(link: string, why?: string): void {
    this.#link = printable(link);
    this.#become('open', why);
  }

  /** The device cannot be used, and why. */
  failing(why: string): void {
    this.#become('failing', why);
  }

  /** Counts bytes that became part of no frame. */
  discarded(bytes: number, reason: string): void {
    this.counts.discarded[reason] = (this.counts.discarded[reason] ?? 0) + bytes;
  }

  /** The present state and counts. */
  report(): DeviceReport {
    return {
      device: this.device,
      state: this.#state,
      sinceMs: this.#sinceMs,
      why: this.#why,
      link: this.#link,
      counts: { ...this.counts, discarded: { ...this.counts.discarded } },
    };
  }

  #become(state: DeviceState, reason: string | undefined): void {
    const why = reason === undefined ? undefined : printable(reason, WHY_CHARACTERS_MAX);
    const changed = state !== this.#state || why !== this.#why;
    if (state !== this.#state) this.#sinceMs = this.#clock.monotonicMs();
    this.#state = state;
    this.#why = why;
    if (changed) this.#changed(this.report());
  }
}

/** The list of the ports that are there makes for long sentences. */
const WHY_CHARACTERS_MAX = 1000;

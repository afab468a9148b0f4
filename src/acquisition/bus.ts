import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.ts';
import type { LinkError } from '../core/errors.ts';
import type { Link, Transport } from '../driver-kit/link.ts';
import { BusDesk } from './bus-desk.ts';
import { LateAnswers } from './late-answers.ts';
import { MuteLink } from './mute-link.ts';
import { type BusDevice, PollingSession } from './polling-session.ts';
import { QuietLine } from './quiet-line.ts';
import { keepOpen, type Visit } from './reconnect.ts';

export type { BusDevice } from './polling-session.ts';

/** One port and the devices that are asked over it. */
export interface Bus {
  readonly transport: Transport;
  /** The line's speed where it is known: slow lines get longer silences and more time for long answers. */
  readonly baudRate?: number | undefined;
  readonly devices: readonly BusDevice[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Where a person's own questions to this bus are taken, between the polls. */
  readonly desk?: BusDesk | undefined;
}

/**
 * Keeps one port open and polls its devices, one question at a time, until the signal is aborted. What fails is told
 * through each device's status; it rejects only with bugs.
 */
export async function runBus({ transport, baudRate, devices, clock, random, signal, desk = new BusDesk() }: Bus): Promise<void> {
  const mute = new MuteLink(transport, devices.length);
  const sessions = devices.map((device) => new PollingSession({ device, clock, nextNumber: desk.nextNumber, mute }));
  const numbered = devices.some(({ driver, options }) => driver.schedule(options).numbered === true);
  const lateAnswers = new LateAnswers(clock);
  const characterMs = baudRate === undefined ? 0 : (BITS_A_CHARACTER * 1000) / baudRate;

  const visit = (): Visit => {
    mute.opened();
    const discarded = (bytes: number, reason: string): void => devices[0]?.status.discarded(bytes, reason);
    const line = new QuietLine({ clock, lateAnswers, characterMs, discarded });
    return {
      receive: (chunk) => line.receive(chunk),
      use: (link, gone) => useTogether(sessions, { link, line, gone, desk, numbered }),
    };
  };

  const failed = (fault: LinkError): void => {
    for (const { status } of devices) status.failing(fault.message);
  };

  await keepOpen({ transport, clock, random, visit, failed, signal });
}

interface Use {
  readonly link: Link;
  readonly line: QuietLine;
  readonly gone: AbortSignal;
  readonly desk: BusDesk;
  /** Whether the devices are asked with numbers. */
  readonly numbered: boolean;
}

/** Runs all sessions on one link. When one finds that it is broken the others end too, before it is opened again. */
async function useTogether(sessions: readonly PollingSession[], { link, line, gone, desk, numbered }: Use): Promise<void> {
  const broken = new AbortController();
  const either = AbortSignal.any([gone, broken.signal]);
  setMaxListeners(0, either); // as many listen as there are devices, which Node takes for a leak from eleven on
  desk.open(link, line, either, numbered);
  const runs = sessions.map((session) => session.run(link, line, either).finally(() => broken.abort()));
  await Promise.allSettled(runs);
  await Promise.all(runs);
}

/** Start, eight data bits, parity or a second stop bit, stop. */
const BITS_A_CHARACTER = 11;

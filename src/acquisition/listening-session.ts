import type { Clock } from '../core/clock.ts';
import type { LinkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { ListeningDriver } from '../driver-kit/define-driver.ts';
import type { Transport } from '../driver-kit/link.ts';
import { Commits, type Outcome, type Report } from './commits.ts';
import type { DeviceStatus } from './device-status.ts';
import { Legibility } from './legibility.ts';
import { ListeningVisit } from './listening-visit.ts';
import { NoiseAllowance } from './noise-allowance.ts';
import { keepOpen } from './reconnect.ts';
import { SentAgain } from './sent-again.ts';

export type { Report } from './commits.ts';

/** One device that sends by itself, and where its observations go. */
export interface ListeningSession {
  /** The device's name in the configuration. */
  readonly device: string;
  readonly driver: ListeningDriver;
  /** The driver's parsed options. */
  readonly options: unknown;
  readonly transport: Transport;
  readonly status: DeviceStatus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /**
   * Resolves after the commit, with 'questioned' when what was stored looks wrong; rejects with a StorageError when it
   * was not stored. It counts `readings` and `refused` itself.
   */
  readonly report: (report: Report) => Promise<'questioned' | void>;
  /** What was recorded for a key, in this run or an earlier one. */
  readonly note: (key: string) => string | undefined;
  /** Told what became of each scan, as soon as that is known, beside the device. */
  readonly told?: ((outcome: Outcome) => void) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Keeps one listening device running until the signal is aborted: opens its link, cuts and decodes what comes, hands
 * it to `report` and tells the person at the device what became of it. Rejects only with bugs.
 */
export async function runListening(session: ListeningSession): Promise<void> {
  const { transport, status, clock, random, signal } = session;
  const crashed = new AbortController();
  const crash = (bug: unknown): void => crashed.abort(bug);
  const lasting = {
    commits: new Commits({ ...session, crash }),
    legibility: new Legibility(session),
    noise: new NoiseAllowance(session),
    sentAgain: new SentAgain(session),
  };

  const opened = (link: string): void => {
    status.counts.opens += 1;
    lasting.legibility.opened();
    status.open(link);
  };
  const failed = (fault: LinkError): void => status.failing(fault.message);

  await keepOpen({
    transport,
    clock,
    random,
    visit: () => new ListeningVisit({ ...session, ...lasting, opened, crash, ending: signal }),
    failed,
    signal: AbortSignal.any([signal, crashed.signal]),
  });
  if (crashed.signal.aborted) throw crashed.signal.reason;
}

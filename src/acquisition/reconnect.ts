import { BackOff } from '../core/back-off.ts';
import { type Clock, pause } from '../core/clock.ts';
import { LinkError } from '../core/errors.ts';
import type { Link, Transport } from '../driver-kit/link.ts';

/** What is done with one open link, made anew for each. */
export interface Visit {
  /** Gets every chunk from the first byte on. */
  receive(chunk: Uint8Array): void;
  /** Runs while the link is open; the signal is aborted when it is gone. */
  use(link: Link, signal: AbortSignal): Promise<void>;
}

/** What `keepOpen` needs. */
export interface KeepOpen {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly visit: () => Visit;
  /** Told of every failed open and every loss, with the time to the next try. */
  readonly failed: (fault: LinkError, retryMs: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps one link open until the signal is aborted: opens it, lends it to a new visit, and when it is gone opens it
 * again with full-jitter back-off. The only place that reconnects to a device. Rejects only with bugs.
 */
export async function keepOpen({ transport, clock, random, visit, failed, signal }: KeepOpen): Promise<void> {
  const backOff = new BackOff({ leastMs: RETRY_LEAST_MS, mostMs: RETRY_MOST_MS, random });
  while (!signal.aborted) {
    const openedMs = clock.monotonicMs();
    const fault = await useOnce(transport, visit(), signal);
    if (signal.aborted) return;
    if (clock.monotonicMs() - openedMs >= STABLE_MS) backOff.reset();
    const retryMs = backOff.nextMs();
    failed(fault ?? new LinkError({ where: transport.name, what: 'the link was given up' }), retryMs);
    await pause(clock, retryMs, signal);
  }
}

async function useOnce(transport: Transport, visit: Visit, signal: AbortSignal): Promise<LinkError | undefined> {
  let link: Link;
  try {
    link = await transport.open((chunk) => visit.receive(chunk), signal);
  } catch (error) {
    if (error instanceof LinkError) return error;
    throw error;
  }
  const gone = new AbortController();
  const closed = link.closed.then((fault) => {
    gone.abort();
    return fault;
  });
  try {
    await visit.use(link, AbortSignal.any([signal, gone.signal]));
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    await link.close();
    return error;
  }
  await link.close();
  return closed;
}

const RETRY_LEAST_MS = 500;
const RETRY_MOST_MS = 10_000;
const STABLE_MS = 10_000;

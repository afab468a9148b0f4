import { type Clock, pause } from '../../core/clock.ts';
import type { Advertisement } from '../../driver-kit/advertisement.ts';
import { type Radio, type RadioState, spokenWhom, type Whom } from '../../driver-kit/radio.ts';
import type { LinkError } from '../../core/errors.ts';
import { linkFault } from './radio-link.ts';

/** What `located` needs. */
export interface Location {
  readonly radio: Pick<Radio, 'listen'>;
  readonly whom: Whom;
  readonly withinMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Where a device is reached now. */
export type Whereabouts = Pick<Advertisement, 'address' | 'addressType'>;

/**
 * Waits until a device is heard that can be connected to, so that nobody stops the scan for one that sleeps or is away. Rejects with a LinkError
 * when the radio cannot be used, when the time is up, or when the signal is aborted.
 */
export async function located({ radio, whom, withinMs, clock, signal }: Location): Promise<Whereabouts> {
  const done = new AbortController();
  const over = AbortSignal.any([done.signal, signal]);
  let state: RadioState = { kind: 'waiting' };
  let found: Whereabouts | undefined;
  const stopListening = radio.listen({
    whom: [whom],
    heard({ address, addressType, connectable }) {
      if (!connectable) return;
      found ??= { address, addressType };
      done.abort();
    },
    stateChanged(changed) {
      state = changed;
      if (state.kind === 'failing') done.abort();
    },
  });
  await pause(clock, withinMs, over);
  stopListening();
  if (found !== undefined && !signal.aborted) return found;
  throw faultOf(state, { whom, withinMs, signal });
}

function faultOf(state: RadioState, { whom, withinMs, signal }: Pick<Location, 'whom' | 'withinMs' | 'signal'>): LinkError {
  const where = `ble ${spokenWhom(whom)}`;
  if (signal.aborted) return linkFault(where, { what: 'is no longer wanted' });
  if (state.kind === 'failing') return state.fault;
  if (state.kind === 'waiting') return linkFault(where, { what: 'the radio is starting' });
  const key = whom.kind === 'irk' ? ', and that the key under `port` has its bytes in the right order' : '';
  return linkFault(where, { what: `the device was not heard for ${withinMs / 1000} s`, remedy: `Check that it is on, in range, and connected to nothing else${key}` });
}

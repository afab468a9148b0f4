import type { Stamp } from './reading.ts';

/** Stops what was arranged. Calling it again does nothing. */
export type Cancel = () => void;

/** The only way to learn the time or to wait; tests give a fake. */
export interface Clock {
  /** Milliseconds that never go back, for deadlines and intervals. */
  monotonicMs(): number;
  /** Wall time and its trustworthiness, for what is published. */
  stamp(): Stamp;
  /** Runs the action once after a delay. */
  after(delayMs: number, action: () => void): Cancel;
}

/** Resolves after the delay, or at once when the signal is aborted. It never rejects: look at the signal. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

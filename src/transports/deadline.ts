import type { LinkError } from '../core/errors.ts';

/** What bounds a piece of work that another party may never finish. */
export interface Limits<Result> {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Makes the error for work that was not finished in time or is no longer wanted. */
  readonly fault: (what: string) => LinkError;
  /** Gets what the work gives after that, to release it. */
  readonly late: (result: Result) => void;
}

/** Settles as the work does, or rejects with the fault when the deadline passes or the signal is aborted first. */
export function within<Result>(work: Promise<Result>, limits: Limits<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    let waiting = true;
    const finish = (settle: () => void): void => {
      waiting = false;
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', aborted);
      settle();
    };
    const aborted = (): void => finish(() => reject(limits.fault('is no longer wanted')));
    const timer = setTimeout(
      () => finish(() => reject(limits.fault(`did not open within ${limits.deadlineMs / 1000} s`))),
      limits.deadlineMs,
    );
    limits.signal.addEventListener('abort', aborted, { once: true });
    work.then(
      (result) => (waiting ? finish(() => resolve(result)) : limits.late(result)),
      (error: unknown) => waiting && finish(() => reject(error)),
    );
    if (limits.signal.aborted) aborted();
  });
}

/** Why a device was not read although somebody wished so. */
export type PollRefusal = 'unknown_device' | 'unknown_meter' | 'not_pollable' | 'busy' | 'no_answer' | 'storage';

/** What became of the wish to have a device read now. */
export type PollOutcome =
  /** So many values came, with a number or with the reason why there is none, and go the way of all readings. */
  | { readonly kind: 'read'; readonly values: number }
  | { readonly kind: 'refused'; readonly code: PollRefusal; readonly message: string };

/** Has a device read now, one meter of it or all. Refuses at once, or promises what becomes of it; the promise never rejects. */
export type PollNow = (device: string, meter?: string) => PollOutcome | Promise<PollOutcome>;

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Cancel } from '../core/clock.ts';
import type { ClockState } from '../core/reading.ts';

/** Follows whether the kernel's clock is synchronised; it starts as `unsynced` until there is evidence. */
export class ClockStatus {
  #state: ClockState;
  readonly #after: (delayMs: number, action: () => void) => Cancel;
  #cancel: Cancel | undefined;

  constructor(after: (delayMs: number, action: () => void) => Cancel) {
    this.#after = after;
    this.#state = existsSync(TIMESYNC_EVIDENCE) ? 'synced' : 'unsynced';
  }

  /** How far wall time can be trusted now. */
  get state(): ClockState {
    return this.#state;
  }

  /** Looks now and then until `stop`; not at once, since at the start there is something better to do. */
  start(): void {
    this.#cancel = this.#after(LOOK_FIRST_MS, () => void this.#look());
  }

  /** Stops looking. */
  stop(): void {
    this.#cancel?.();
  }

  async #look(): Promise<void> {
    const synced = existsSync(TIMESYNC_EVIDENCE) || (await timedatectlSays()) || (await chronySays());
    if (synced) this.#state = 'synced';
    else if (this.#state === 'synced') this.#state = 'holdover';
    this.#cancel = this.#after(LOOK_EVERY_MS, () => void this.#look());
  }
}

/** systemd-timesyncd makes this file at its first synchronisation after boot (systemd-timesyncd.service(8)). */
const TIMESYNC_EVIDENCE = '/run/systemd/timesync/synchronized';

const LOOK_FIRST_MS = 2000;
const LOOK_EVERY_MS = 30_000;
const ANSWER_WITHIN_MS = 5000;

async function timedatectlSays(): Promise<boolean> {
  return (await outputOf('timedatectl', ['show', '--property=NTPSynchronized', '--value'])).trim() === 'yes';
}

/** chronyc's third last field is the leap status; a stratum of 0 says that it has no source (chronyc(1), tracking). */
async function chronySays(): Promise<boolean> {
  const fields = (await outputOf('chronyc', ['-c', 'tracking'])).trim().split(',');
  return fields.length >= 13 && fields.at(-1) !== 'Not synchronised' && fields[2] !== '0';
}

/** A program that is missing or fails says nothing about the clock, and so counts as no evidence. */
function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: ANSWER_WITHIN_MS }, (error, stdout) => resolve(error === null ? stdout : ''));
  });
}

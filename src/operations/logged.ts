import { StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/** What takes the rejection of something that nobody waits for: logs that it was not stored, and throws on what is a bug. */
export function logged(log: Log, what: string): (error: unknown) => 'refused' {
  return (error) => {
    if (!(error instanceof StorageError)) throw error;
    log.error(what, { why: error.message });
    return 'refused';
  };
}

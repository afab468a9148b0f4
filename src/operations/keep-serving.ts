import type { Clock } from '../core/clock.ts';
import { codeOf, ConfigurationError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { serveCommands } from './control-socket.ts';

/** What `keepServing` needs. */
export interface KeepServing {
  readonly path: string;
  readonly commands: Parameters<typeof serveCommands>[1];
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Gets what has to be closed in the end. */
  readonly serving: (server: { close(): Promise<void> }) => void;
}

/** Listens for commands; on a disk that takes no socket now, the gateway runs without, and tries again. */
export async function keepServing(parts: KeepServing): Promise<void> {
  const { path, commands, clock, log, signal, serving } = parts;
  try {
    serving(await serveCommands(path, commands));
  } catch (error) {
    if (!(error instanceof ConfigurationError) || !UNWRITABLE.has(codeOf(error.cause) ?? '')) throw error;
    log.error('commands such as tailgate status are not answered', { why: error.message });
    clock.after(SERVE_AGAIN_MS, () => void (signal.aborted || keepServing(parts)));
  }
}

/** What the system says of a disk that is full, broken or read-only for now. */
const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'ENOSPC', 'EDQUOT', 'EIO']);
const SERVE_AGAIN_MS = 30_000;

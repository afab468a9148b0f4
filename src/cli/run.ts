import { systemClock } from '../acquisition/stamp.ts';
import { loadConfiguration, type LoadParts } from '../config/load.ts';
import { messageOf, StorageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Gateway } from '../gateway.ts';
import { openLog } from '../operations/log.ts';
import { type Systemd, systemdOf } from '../operations/systemd.ts';
import { Watchdog } from '../operations/watchdog.ts';
import type { WorkerThread } from '../outbox/worker-thread.ts';

/** What `tailgate run` needs. */
export interface RunParts extends LoadParts {
  readonly version: string;
  /** When it was built, in milliseconds since 1970. */
  readonly builtMs: number;
  /** The outbox's thread, started already. */
  readonly worker: WorkerThread;
  /** The compiled program of the radio. */
  readonly radioProgram: URL;
}

/**
 * Runs a gateway until SIGTERM or SIGINT. Resolves with the exit code: 0 after an orderly stop, 1 when the outbox
 * cannot be opened. Rejects with a ConfigurationError.
 */
export async function runCommand({ version, builtMs, worker, radioProgram, ...sources }: RunParts): Promise<number> {
  const configuration = await loadConfiguration(sources);
  const log = openLog(configuration.log.level, configuration.gateway);
  const stopped = stopSignal(log);
  const died = (why: unknown): never => crash(log, why);
  let gateway: Gateway;
  try {
    gateway = await Gateway.start({ configuration, version, builtMs, worker, radioProgram, log, died });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.error(error.message);
    return 1;
  }
  const systemd = systemdOf(process.env, log);
  await systemd.ready();
  const watchdog = watchdogOver(gateway, systemd, log);
  await stopped;
  watchdog?.stop();
  const late = setTimeout(() => crash(log, new Error(`stopping took longer than ${STOP_WITHIN_MS / 1000} s`)), STOP_WITHIN_MS);
  await Promise.all([systemd.stopping(), gateway.stop()]);
  clearTimeout(late);
  return 0;
}

function watchdogOver(gateway: Gateway, systemd: Systemd, log: Log): Watchdog | undefined {
  if (systemd.watchdogMs === undefined) return undefined;
  const watchdog = new Watchdog({
    clock: systemClock(() => 'unsynced'), // one that is never asked for a stamp, and so takes no suspend for a blocked loop
    log,
    timeoutMs: systemd.watchdogMs,
    ping: () => systemd.watchdog(),
    workerAlive: () => gateway.workerAlive(),
    overdue: () => gateway.overdue(),
  });
  watchdog.start();
  return watchdog;
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(log: Log): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info('stopping', { signal });
        resolve();
      });
    }
  });
}

/** What was stored is on disk and goes out after the restart; what was not was never told as stored. */
function crash(log: Log, why: unknown): never {
  log.error('the gateway cannot go on', { why: messageOf(why), stack: why instanceof Error ? why.stack : undefined });
  process.exit(1);
}

/** systemd's TimeoutStopSec stands behind it. */
const STOP_WITHIN_MS = 10_000;

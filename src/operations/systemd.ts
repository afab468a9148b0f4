import { execFile } from 'node:child_process';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/** What tells systemd how the process is; without systemd, or in a unit that does not ask, it does nothing. */
export interface Systemd {
  /** How often it wants to hear that the process is well; undefined when it does not watch over it. */
  readonly watchdogMs: number | undefined;
  ready(): Promise<void>;
  stopping(): Promise<void>;
  watchdog(): Promise<void>;
}

/**
 * Reads what systemd put into the environment (sd_notify(3), sd_watchdog_enabled(3)). Node has no datagram sockets of
 * the unix kind, so `systemd-notify` from PATH says it; the unit needs NotifyAccess=all, since that is a process of its
 * own. What cannot be said is logged once; none of the calls rejects.
 */
export function systemdOf(environment: Readonly<Record<string, string | undefined>>, log: Log, pid = process.pid): Systemd {
  if (environment['NOTIFY_SOCKET'] === undefined) return SILENT;
  let failing = false;
  const tell = async (message: string): Promise<void> => {
    try {
      await notify(message, environment);
      failing = false;
    } catch (error) {
      if (!failing) log.error('systemd cannot be told how the gateway is, and may restart it', { why: messageOf(error), message });
      failing = true;
    }
  };
  return {
    watchdogMs: watchdogMs(environment, pid),
    ready: () => tell('READY=1'),
    stopping: () => tell('STOPPING=1'),
    watchdog: () => tell('WATCHDOG=1'),
  };
}

const SILENT: Systemd = { watchdogMs: undefined, ready: () => Promise.resolve(), stopping: () => Promise.resolve(), watchdog: () => Promise.resolve() };

function watchdogMs(environment: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? '');
  const watched = environment['WATCHDOG_PID'];
  if (!Number.isFinite(microseconds) || microseconds <= 0 || (watched !== undefined && Number(watched) !== pid)) return undefined;
  return microseconds / 1000;
}

/** No --pid: with it, systemd-notify would also say which process is the main one, and be wrong (systemd-notify(1)). */
function notify(message: string, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', [message], { env: environment, timeout: TOLD_WITHIN_MS, killSignal: 'SIGKILL' }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** It takes some 20 ms; newer ones wait until systemd has read the message. */
const TOLD_WITHIN_MS = 10_000;

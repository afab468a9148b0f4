import pino from 'pino';
import type { Log, LogFields } from '../core/log.ts';

/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * One JSON line a message on standard output, which systemd hands to the journal. Written synchronously: a worker
 * thread or a buffer would lose the last lines of a crash, which are the ones that matter.
 */
export function openLog(level: LogLevel, gateway: string): Log {
  const logger = pino(
    { level, base: { gateway }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ fd: 1, sync: true }),
  );
  const at =
    (name: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      logger[name](fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

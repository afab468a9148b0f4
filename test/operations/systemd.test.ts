import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Systemd, systemdOf } from '../../src/operations/systemd.ts';
import { SILENT } from '../support/open-outbox.ts';
import { fakePrograms } from '../support/programs.ts';

/** Writes its arguments to a file beside it, one line a call. */
const NOTIFY = 'echo "$@" >> "$(dirname "$0")/told"';

function started(environment: Readonly<Record<string, string>>, script = NOTIFY): { systemd: Systemd; told: () => string[]; faults: unknown[] } {
  const { folder, path } = fakePrograms({ 'systemd-notify': script });
  const faults: unknown[] = [];
  const log = { ...SILENT, error: (...said: unknown[]) => void faults.push(said) };
  const file = join(folder, 'told');
  return {
    systemd: systemdOf({ PATH: path, ...environment }, log, 42),
    told: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []),
    faults,
  };
}

const SOCKET = { NOTIFY_SOCKET: '/run/systemd/notify' };

describe('what systemd is told', () => {
  it('is when the gateway is ready, well, and stopping, and never which process is the main one', async () => {
    const { systemd, told, faults } = started(SOCKET);
    await systemd.ready();
    await systemd.watchdog();
    await systemd.stopping();
    expect(told()).toEqual(['READY=1', 'WATCHDOG=1', 'STOPPING=1']);
    expect(faults).toEqual([]);
  });

  it('is nothing without systemd', async () => {
    const { systemd, told } = started({ WATCHDOG_USEC: '60000000' });
    await Promise.all([systemd.ready(), systemd.watchdog(), systemd.stopping()]);
    expect(told()).toEqual([]);
    expect(systemd.watchdogMs).toBeUndefined();
  });

  it.each([
    [{ WATCHDOG_USEC: '60000000' }, 60_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '42' }, 60_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '43' }, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: 'soon' }, undefined],
    [{}, undefined],
  ])('is wanted as often as the environment %o says', (environment, expected) => {
    expect(started({ ...SOCKET, ...environment }).systemd.watchdogMs).toBe(expected);
  });

  it('is logged once when it cannot be said, and stops nothing', async () => {
    const { systemd, faults } = started(SOCKET, 'echo no such socket >&2; exit 1');
    await systemd.ready();
    await systemd.watchdog();
    await systemd.watchdog();
    expect(faults).toEqual([['systemd cannot be told how the gateway is, and may restart it', { why: expect.stringContaining('no such socket') as string, message: 'READY=1' }]]);
  });
});

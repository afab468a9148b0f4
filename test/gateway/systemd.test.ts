import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { fakePrograms } from '../support/programs.ts';
import { TestGateway } from '../support/gateway.ts';

const UNIT = fileURLToPath(new URL('../../systemd/tailgate.service', import.meta.url));
const ANALYZE = '/usr/bin/systemd-analyze';

describe('a gateway under systemd', () => {
  it('says when it is ready, feeds the watchdog without broker, devices or work, and says when it stops', async () => {
    const { folder, path } = fakePrograms({ 'systemd-notify': 'echo "$@" >> "$(dirname "$0")/told"' });
    const file = join(folder, 'told');
    const told = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
    const gateway = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', devices: { 'cab-scanner': 'driver: line-scanner, port: /does/not/exist, terminator: CR' } });
    gateway.start({ NOTIFY_SOCKET: '/does/not/exist', WATCHDOG_USEC: '900000', PATH: path });
    await vi.waitFor(() => expect(told().length).toBeGreaterThan(8), { timeout: 15_000, interval: 20 });
    expect(await gateway.end('SIGTERM')).toBe(0);
    const [ready, ...rest] = told();
    expect(ready).toBe('READY=1');
    expect(rest.pop()).toBe('STOPPING=1');
    expect(new Set(rest)).toEqual(new Set(['WATCHDOG=1']));
    expect(readFileSync(gateway.logFile, 'utf8')).not.toContain('watchdog');
  });
});

describe.skipIf(!existsSync(ANALYZE))('the unit (skipped where systemd-analyze is not installed)', () => {
  it('exposes little: at most 2.0 of 10, by systemd-analyze security', () => {
    const report = execFileSync(ANALYZE, ['security', '--offline=yes', '--threshold=20', UNIT], { encoding: 'utf8' });
    expect(report).toMatch(/Overall exposure level for tailgate\.service: [01]\.\d|2\.0/);
  });
});

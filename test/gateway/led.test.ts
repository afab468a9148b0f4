import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { fakeLed } from '../support/fake-led.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { openPty } from '../support/pty.ts';

const within = { timeout: 15_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
const SYSTEMD = fileURLToPath(new URL('../../systemd/', import.meta.url));
const ANALYZE = '/usr/bin/systemd-analyze';
/** A badge reader: it cannot be told what became of a badge. The checksum is the XOR of the five bytes (Seeed 113020002, p. 3). */
const BADGE = '\u00020C000621A58E\u0003';

function badgeReader() {
  const pty = openPty();
  onTestFinished(() => pty.close());
  return pty;
}

/** Long, short and shortest: 800, 150 and 50 ms, on a machine that may be busy. */
function kindOf(ms: number): string {
  return ms > 500 ? 'long' : ms > 110 ? 'short' : 'blink';
}

describe("the box's own LED, in a gateway as a process", () => {
  it('shows that a badge is stored and delivered, and that one is not in the list, where the reader can show nothing', async () => {
    const broker = await DemoBroker.start();
    onTestFinished(() => broker.close());
    await contractReceiver(broker.url, { root: ROOT });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'badges.csv'), '0C000621A5\n');
    const [led, reader] = [fakeLed(), badgeReader()];
    const gateway = TestGateway.make({ folder, mqtt: `url: "${broker.url}"`, more: { led: `path: ${led.path}` }, scans: 'rules: [{ role: badge, list: badges.csv }]', devices: { door: `driver: rdm6300, port: ${reader.path}` } });
    gateway.start();
    await gateway.until(({ broker: { connected }, devices, led: shown }) => expect([connected, devices[0]?.state, shown?.state]).toEqual([true, 'open', 'open']));
    expect(readFileSync(join(led.path, 'trigger'), 'utf8')).toBe('none');
    const seen = (): string[] => led.flashes.map(kindOf).filter((kind) => kind !== 'blink'); // before the broker is there it blinks
    await reader.write(BADGE);
    await vi.waitFor(() => expect(seen()).toEqual(['long', 'short', 'short']), within);
    await reader.write('\u00020C000621A68D\u0003');
    await vi.waitFor(() => expect(seen()).toEqual(['long', 'short', 'short', 'long', 'short', 'short', 'short', 'short', 'short']), within);
    expect(await gateway.end('SIGTERM')).toBe(0);
  }, 60_000);

  it('that is not there stops nothing: scans are stored, and status says what to do', async () => {
    const reader = badgeReader();
    const { path } = fakeLed({ broken: true });
    const gateway = TestGateway.make({ mqtt: 'url: "mqtt://127.0.0.1:1"', more: { led: `path: ${path}` }, devices: { door: `driver: rdm6300, port: ${reader.path}` } });
    gateway.start();
    await gateway.untilOpen();
    await reader.write(BADGE);
    await gateway.until(({ led, alarms, outbox }) => {
      expect(outbox.waiting.scan).toBe(1);
      expect(led).toMatchObject({ state: 'failing', why: `${path} does not exist. \`ls /sys/class/leds\` shows the LEDs that there are` });
      expect(alarms).toContain(`led: ${led?.why ?? ''}`);
    });
    expect(execFileSync(process.execPath, [PROGRAM, 'status', gateway.configurationFile], { encoding: 'utf8' })).toMatch(/^led {12}failing: .*does not exist/m);
    expect(execFileSync(process.execPath, [PROGRAM, 'check', gateway.configurationFile], { encoding: 'utf8' })).toContain(`led      ${path}\n`);
    expect(await gateway.end('SIGTERM')).toBe(0);
  }, 30_000);
});

// Not where systemd is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(!existsSync(ANALYZE))('the drop-in for the LED (skipped where systemd-analyze is not installed)', () => {
  it('is read by systemd beside the unit, and opens nothing but the LED', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'tailgate.service.d'));
    cpSync(join(SYSTEMD, 'tailgate.service.d', 'led.conf'), join(folder, 'tailgate.service.d', 'led.conf'));
    const unit = readFileSync(join(SYSTEMD, 'tailgate.service'), 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true');
    writeFileSync(join(folder, 'tailgate.service'), unit);
    const verify = (): string => execFileSync('sh', ['-c', '"$0" verify --man=no "$1" 2>&1 || true', ANALYZE, join(folder, 'tailgate.service')], { encoding: 'utf8' });
    expect(verify()).not.toMatch(/tailgate/);
    writeFileSync(join(folder, 'tailgate.service.d', 'wrong.conf'), '[Service]\nReadWritePath=/sys\n');
    expect(verify()).toContain('wrong.conf'); // that it was looked at at all
    const report = execFileSync(ANALYZE, ['security', '--offline=yes', '--threshold=20', join(folder, 'tailgate.service')], { encoding: 'utf8' });
    expect(report).toMatch(/Overall exposure level for tailgate\.service: [01]\.\d|2\.0/);
    expect(readFileSync(join(folder, 'tailgate.service.d', 'led.conf'), 'utf8').match(/^[A-Z]\w+=.*$/gm)?.every((line) => line.includes('/sys/class/leds/ACT'))).toBe(true);
  });
});

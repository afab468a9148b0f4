import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FEEDBACK_FAMILIES } from '../support/feedback-families.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { openPty } from '../support/pty.ts';
import { COMPILER, StorageShim } from '../support/storage-shim.ts';

const within = { timeout: 20_000, interval: 10 };
const SYNC_MS = 350;

// Not where there is no C compiler: the README's test command has to pass with Node alone, and the pipeline installs one.
describe.skipIf(COMPILER === undefined)('what scanners of every family are told by a gateway as a process (needs a C compiler)', () => {
  it('is good only after the sync of a slow card, a warning for an unknown asset, and bad on a full disk', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'outbox'));
    writeFileSync(join(folder, 'assets.csv'), 'PUMP-1\n');
    const shim = StorageShim.over(join(folder, 'outbox'));
    const scanners = Object.values(FEEDBACK_FAMILIES).map((family, index) => {
      const pty = openPty();
      onTestFinished(() => pty.close());
      const heard = { text: '', firstMs: Number.POSITIVE_INFINITY };
      pty.onData((chunk) => {
        heard.text += Buffer.from(chunk).toString('latin1');
        heard.firstMs = Math.min(heard.firstMs, performance.now());
      });
      const options = JSON.stringify(family.options).slice(1, -1);
      return { family, name: `scanner-${index}`, pty, heard, device: `driver: ${family.driver.name}, port: ${pty.path}, repeatWindow: 0 s${options === '' ? '' : `, ${options}`}` };
    });
    const gateway = TestGateway.make({ folder, mqtt: 'url: "mqtt://127.0.0.1:1"', scans: 'rules: [{ role: asset, list: assets.csv }]', devices: Object.fromEntries(scanners.map(({ name, device }) => [name, device])) });
    gateway.start(shim.environment());
    await gateway.untilOpen();
    const scanned = async (code: string): Promise<readonly number[]> => {
      const fromMs = performance.now();
      for (const { heard, pty, family } of scanners) {
        Object.assign(heard, { text: '', firstMs: Number.POSITIVE_INFINITY });
        await pty.write(Buffer.from(family.frame(code), 'latin1'));
      }
      await vi.waitFor(() => expect(scanners.map(({ heard }) => heard.text)).not.toContain(''), within);
      return scanners.map(({ heard }) => heard.firstMs - fromMs);
    };

    shim.control.syncMs = SYNC_MS;
    const waitedMs = await scanned('PUMP-1');
    await vi.waitFor(() => expect(scanners.map(({ heard }) => heard.text)).toEqual(scanners.map(({ family }) => family.stored)), within);
    for (const ms of waitedMs) expect(ms).toBeGreaterThanOrEqual(SYNC_MS);
    shim.control.syncMs = 0;

    await scanned('PUMP-9');
    await vi.waitFor(() => expect(scanners.map(({ heard }) => heard.text)).toEqual(scanners.map(({ family }) => family.questioned)), within);

    shim.control.fault = { calls: ['write'], from: 1, which: 'for good', error: 'ENOSPC' };
    await scanned('PUMP-1');
    await vi.waitFor(() => expect(scanners.map(({ heard }) => heard.text)).toEqual(scanners.map(({ family }) => family.refused)), within);
    const { devices, outbox } = await gateway.status();
    expect(devices.map(({ readings, refused }) => [readings, refused])).toEqual(scanners.map(() => [2, 1]));
    expect(outbox.waiting.scan).toBe(2 * scanners.length);
  }, 60_000);
});

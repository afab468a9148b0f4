import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { assertContract } from '../support/contract.ts';
import { ROOT } from '../support/delivery.ts';
import { TestGateway } from '../support/gateway.ts';
import { HOSTILE } from '../support/hostile.ts';
import { openPty } from '../support/pty.ts';
import { StubBroker } from '../support/stub-broker.ts';

const within = { timeout: 20_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
/** What a terminal, a browser or a reader's eye would obey: everything that `printable` writes as numbers, but the line's end. */
const OBEYED = /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u;
const hexOf = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('hex').toUpperCase();

interface Published {
  readonly type?: string;
  readonly data: Record<string, unknown>;
}

describe('hostile codes, in a gateway as a process', () => {
  it('are stored and sent as their bytes, and are in no topic and nothing that a person is shown', async () => {
    const stub = await StubBroker.start({ puback: ({ topic, payload }) => (topic.includes('/scan/') && payload.includes('DROP TABLE') ? 0x99 : 0) });
    const pty = openPty();
    onTestFinished(() => pty.close());
    const gateway = TestGateway.make({
      mqtt: `url: "${stub.url}"`,
      more: { log: 'level: debug' },
      scans: 'rules: [{ role: badge, prefix: "<" }, { role: work-order, prefix: "=" }]',
      devices: { cab: `driver: line-scanner, port: ${pty.path}, terminator: STX/ETX, content: binary, aim: never, lengthMax: 16 KiB, repeatWindow: 0 s` },
    });
    gateway.start();
    await gateway.until(({ broker, devices }) => expect([broker.connected, devices[0]?.state]).toEqual([true, 'open']));
    const bidi = '\u202Egpj.exe\u009b31m';
    const codes = [...HOSTILE, bidi, 'TG!UNDO'];
    for (const code of codes) await pty.write(Buffer.concat([Buffer.of(2), Buffer.from(code), Buffer.of(3)]));
    const events = (suffix: string): Published[] => stub.published.filter(({ topic }) => topic === `${ROOT}/${suffix}`).map(({ payload }) => JSON.parse(payload.toString()) as Published);
    await vi.waitFor(() => expect(events('event/undo')).toHaveLength(1), within);
    await gateway.until(({ outbox }) => expect(outbox.waiting.scan).toBe(0));

    const scans = events('scan/cab');
    expect([...new Set(scans.map(({ data }) => data['hex']))]).toEqual(codes.map(hexOf));
    expect(scans.find(({ data }) => data['hex'] === hexOf(bidi))?.data).toMatchObject({ text: bidi, context: { technician: '<script>alert(1)</script>', workOrder: '=HYPERLINK("http://x","y")' } });
    expect(events('event/undo')[0]?.data).toMatchObject({ text: '\\u{202e}gpj.exe\\u{9b}31m' });
    const topics = ['scan/cab', 'state', 'event/undo', 'event/quarantine', 'event/clock', 'event/device-state'].map((suffix) => `${ROOT}/${suffix}`);
    for (const { topic, payload } of stub.published) {
      expect(topics).toContain(topic);
      assertContract(topic.slice(ROOT.length + 1), Buffer.from(payload.toString()));
    }

    const shown = await Promise.all([['status'], ['status', '--json'], ['quarantine', 'list'], ['quarantine', 'list', '--json']].map((command) => promisify(execFile)(process.execPath, [PROGRAM, ...command, '--directory', gateway.outbox])));
    const texts = [...shown.map(({ stdout }) => stdout), readFileSync(gateway.logFile, 'utf8')];
    expect(texts[2]).toContain('broker_refused');
    for (const text of texts) {
      expect(text).not.toMatch(OBEYED);
      expect(text).not.toContain('<');
    }
    expect(await gateway.end('SIGTERM')).toBe(0);
  }, 60_000);
});

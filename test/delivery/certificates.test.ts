import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CertificateWatch, checkKeyPair } from '../../src/delivery/certificate-watch.ts';
import { type Certificates, makeCertificates, OPENSSL } from '../support/certificates.ts';
import { startDelivery } from '../support/delivery.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/folders.ts';
import { KeptLog } from '../support/kept-log.ts';

const DAY_MS = 86_400_000;

/** The test authority's certificates last two days. */
function made(): { readonly certificates: Certificates; readonly read: (file: string) => string; readonly folder: string } {
  const folder = temporaryFolder();
  return { certificates: makeCertificates(folder), read: (file) => readFileSync(file, 'utf8'), folder };
}

function lasting(folder: string, days: number): string {
  const file = join(folder, `lasts-${days}.pem`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'k'), '-out', file, '-days', String(days), '-subj', `/CN=Lasts ${days}`], { stdio: 'pipe' });
  return readFileSync(file, 'utf8');
}

describe.skipIf(!OPENSSL)('certificates (needs openssl)', () => {
  it('are told 30, 7 and 1 days before they end and afterwards, once each, and are an alarm all the time', () => {
    const { folder } = made();
    const [clock, log] = [new FakeClock(), new KeptLog()];
    clock.wallMs = Date.now();
    const watch = new CertificateWatch({ clock, log });
    watch.read({ certificate: lasting(folder, 40) });
    expect([watch.alarms(), log.lines]).toEqual([[], []]);
    const linesAfter = [5, 11, 20, 34, 36, 39.5, 39.6, 41, 60].map((days) => {
      clock.wallMs = Date.now() + days * DAY_MS;
      watch.look();
      watch.look();
      return log.lines.length;
    });
    expect(linesAfter).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(log.lines.map(({ message }) => message.replace(/\. Put.*/, ''))).toEqual([
      expect.stringContaining('this gateway\'s certificate, CN=Lasts 40, ends in 2'),
      expect.stringContaining('ends in 5 d'),
      expect.stringContaining('ends in 12 h'),
      expect.stringContaining('ended 24 h ago'),
    ]);
    expect(watch.alarms()).toHaveLength(1);
    watch.read({ certificate: lasting(folder, 400) });
    expect(watch.alarms()).toEqual([expect.stringContaining('ends in')].slice(0, watch.alarms().length));
  });

  it('are doubted along with the clock while that is not synchronised', () => {
    const { folder } = made();
    const clock = new FakeClock();
    clock.wallMs = Date.now() + 100 * DAY_MS;
    clock.clockState = 'unsynced';
    const watch = new CertificateWatch({ clock, log: new KeptLog() });
    watch.read({ certificate: lasting(folder, 40) });
    expect(watch.alarms()[0]).toContain('if this machine\'s clock is right');
  });

  it('of authorities count by the one that lasts longest', () => {
    const { folder } = made();
    const watch = new CertificateWatch({ clock: Object.assign(new FakeClock(), { wallMs: Date.now() }), log: new KeptLog() });
    watch.read({ ca: lasting(folder, 3) + lasting(folder, 300) });
    expect(watch.alarms()).toEqual([]);
    watch.read({ ca: lasting(folder, 3) });
    expect(watch.alarms()[0]).toContain('mqtt.caFile');
  });

  it('that do not belong to their key, or are none, are said before a connection is tried', () => {
    const { certificates, read } = made();
    const pair = { certificate: read(certificates.gateway.certificate), key: read(certificates.gateway.key) };
    expect(() => checkKeyPair(pair, 'broker')).not.toThrow();
    expect(() => checkKeyPair({ ...pair, key: read(certificates.broker.key) }, 'broker')).toThrow('the key does not belong to the certificate. Check mqtt.caFile');
    expect(() => checkKeyPair({ ...pair, certificate: '-----BEGIN CERT' }, 'broker')).toThrow('cannot be used');
    expect(() => checkKeyPair({ certificate: pair.certificate }, 'broker')).not.toThrow();
  });

  it('of the broker are looked at too', async () => {
    const { certificates, read } = made();
    const server = createServer({ cert: read(certificates.broker.certificate), key: read(certificates.broker.key), ca: read(certificates.authority) }, (socket) => {
      const parser = mqttPacket.parser();
      parser.on('packet', ({ cmd }) => {
        if (cmd === 'connect') socket.write(mqttPacket.generate({ cmd: 'connack', sessionPresent: false, reasonCode: 0 }, { protocolVersion: 5 }));
      });
      socket.on('data', (chunk) => parser.parse(chunk));
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `mqtts://localhost:${(server.address() as AddressInfo).port}`;
    const { delivery } = await startDelivery(url, { settings: () => Promise.resolve({ url, clientId: 'truck-17', keepaliveSeconds: 30, ca: read(certificates.authority) }) });
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), { timeout: 10_000 });
    expect(delivery.report().alarms).toEqual([
      expect.stringMatching(/the certificate of the authority, CN=Tailgate test authority, ends in \d+ (?:h|d)/),
      expect.stringMatching(/the broker's certificate, localhost, ends in \d+ (?:h|d)\. Tell who runs the broker/),
      expect.stringMatching(/a certificate above the broker's, Tailgate test authority, ends in/),
    ]);
  });
});

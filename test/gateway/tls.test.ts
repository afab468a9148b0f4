import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MOSQUITTO, Mosquitto } from '../support/brokers/mosquitto.ts';
import { type Certificates, makeCertificates, OPENSSL } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { openPty } from '../support/pty.ts';

async function tlsBroker(): Promise<{ broker: Mosquitto; certificates: Certificates; folder: string }> {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const certificates = makeCertificates(folder);
  const { broker: own, authority } = certificates;
  chmodSync(own.key, 0o644); // mosquitto reads it after it has given up root
  const broker = await Mosquitto.start(['allow_anonymous true', `cafile ${authority}`, `certfile ${own.certificate}`, `keyfile ${own.key}`, 'require_certificate true', 'use_identity_as_username true']);
  return { broker, certificates, folder };
}

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined || !OPENSSL)('a gateway over TLS (needs mosquitto and openssl)', () => {
  it('delivers with its own certificate to a broker that asks for one', async () => {
    const { broker, certificates } = await tlsBroker();
    const scanner = openPty();
    onTestFinished(() => scanner.close());
    const gateway = TestGateway.make({
      mqtt: `url: "mqtts://localhost:${broker.port}", caFile: ${certificates.authority}, certificateFile: ${certificates.gateway.certificate}, keyFile: ${certificates.gateway.key}, noSubscribers: accept`,
      devices: { 'cab-scanner': `driver: line-scanner, port: ${scanner.path}` },
    });
    gateway.start();
    await gateway.until(({ broker: link, devices }) => expect([link.connected, devices[0]?.state]).toEqual([true, 'open']));
    await scanner.write('A-1\r');
    await gateway.until(({ outbox }) => expect(outbox).toMatchObject({ settled: 1, waiting: { scan: 0 } }));
  });

  it('does not trust a broker whose authority it was not told, and names the key to set', async () => {
    const { broker } = await tlsBroker();
    const gateway = TestGateway.make({ mqtt: `url: "mqtts://localhost:${broker.port}"`, devices: { 'cab-scanner': 'driver: line-scanner, port: /dev/tailgate-none' } });
    gateway.start();
    await gateway.until(({ broker: link }) => expect(link.why).toContain('Check mqtt.caFile'));
  });

  it('takes up new certificates without a restart', async () => {
    const { broker, certificates, folder } = await tlsBroker();
    const key = join(folder, 'later.key');
    const gateway = TestGateway.make({
      mqtt: `url: "mqtts://localhost:${broker.port}", caFile: ${certificates.authority}, certificateFile: ${certificates.gateway.certificate}, keyFile: ${key}`,
      devices: { 'cab-scanner': 'driver: line-scanner, port: /dev/tailgate-none' },
    });
    gateway.start();
    await gateway.until(({ broker: link }) => expect(link.why).toContain('later.key'));
    const { readFileSync } = await import('node:fs');
    writeFileSync(key, readFileSync(certificates.gateway.key), { mode: 0o600 });
    await gateway.until(({ broker: link }) => expect(link.connected).toBe(true), 30_000);
  }, 40_000);
});

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined)('a gateway with a user and a password (needs mosquitto)', () => {
  it('reads the password from its file, and says so when it is wrong', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const passwords = join(folder, 'passwords');
    // PBKDF2-SHA512 of "secret-42", as mosquitto_passwd writes it
    const { pbkdf2Sync, randomBytes } = await import('node:crypto');
    const salt = randomBytes(12);
    const hash = pbkdf2Sync('secret-42', salt, 101, 64, 'sha512');
    writeFileSync(passwords, `truck-17:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`, { mode: 0o644 });
    const broker = await Mosquitto.start(['allow_anonymous false', `password_file ${passwords}`]);
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'wrong\n', { mode: 0o600 });
    const devices = { 'cab-scanner': 'driver: line-scanner, port: /dev/tailgate-none' };
    const mqtt = `url: "${broker.url}", username: truck-17, passwordFile: ${passwordFile}`;
    const wrong = TestGateway.make({ mqtt, devices });
    wrong.start();
    await wrong.until(({ broker: link }) => expect(link.why).toContain('Check mqtt.username and the file under mqtt.passwordFile'));
    await wrong.end('SIGTERM');
    writeFileSync(passwordFile, 'secret-42\n');
    const right = TestGateway.make({ mqtt, devices });
    right.start();
    await right.until(({ broker: link }) => expect(link.connected).toBe(true));
  });
});

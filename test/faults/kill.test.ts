import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MOSQUITTO, Mosquitto } from '../support/brokers/mosquitto.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { Technician } from '../support/technician.ts';

/** Rounds; in each the gateway is killed, in every fourth the broker too. */
const KILLS = Number(process.env['TAILGATE_KILLS'] ?? (process.env['TAILGATE_LONG'] === '1' ? 200 : 30));
const SCANNERS = 4;
/** The gateway answers no code later than this after it has read it, so that what it says of old codes is said soon. */
const ANSWER_WITHIN_MS = 500;
const LATE_ANSWERS_MS = ANSWER_WITHIN_MS + 200;

/** A broker without persistence forgets what it took: what the receiver has not acknowledged has to come again. */
async function killInTheMiddle(broker: Mosquitto): Promise<void> {
  await wait(Math.random() * 200);
  await broker.stop('SIGKILL');
  await wait(Math.random() * 200);
  await broker.start();
}

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined)('a gateway and a broker that are killed again and again (needs mosquitto)', () => {
  it(`lose nothing that was told as stored, over ${KILLS} kills at random moments`, async () => {
    const broker = await Mosquitto.start();
    const receiver = await contractReceiver(broker.url, { root: ROOT });
    const counted = new Map<string, number>();
    receiver.counted = ({ data }) => {
      if (typeof data['text'] === 'string') counted.set(data['text'], (counted.get(data['text']) ?? 0) + 1);
    };
    const ptys = Array.from({ length: SCANNERS + 1 }, () => openPty());
    onTestFinished(() => ptys.forEach((pty) => pty.close()));
    const [meter, ...scanners] = ptys as [Pty, ...Pty[]];
    const slave = new ModbusSlave({ address: 10, send: (bytes) => void meter.write(bytes), answerMs: 5 });
    meter.onData((chunk) => slave.feed(chunk));
    const devices = Object.fromEntries(scanners.map(({ path }, index) => [`scanner-${index}`, `driver: line-scanner, port: ${path}, terminator: CR, feedback: honeywell-host-ack, answerWithin: ${ANSWER_WITHIN_MS} ms`]));
    const gateway = TestGateway.make({
      mqtt: `url: "${broker.url}", acknowledgedBy: receiver, receiverOverdue: 5 s`,
      devices: { ...devices, generator: `driver: modbus, port: ${meter.path}, address: 10, profile: deep-sea-genset, every: 1 s, responseTimeout: 300 ms` },
    });
    const technician = new Technician();
    const { accepted } = technician;
    const scanning = scanners.map((pty, index) => technician.scan(pty, `S${index}`));

    for (let kill = 0; kill < KILLS; kill += 1) {
      gateway.start();
      // In some rounds it dies as it starts, with a code of each scanner waiting; in the others after it has confirmed some.
      if (kill % 5 !== 0) {
        await gateway.untilOpen();
        await wait(LATE_ANSWERS_MS);
        const stored = accepted.size;
        technician.resume();
        await vi.waitUntil(() => accepted.size > stored, { timeout: 20_000, interval: 5 });
      }
      if (kill % 4 === 3) await killInTheMiddle(broker);
      await wait(Math.random() * 400);
      await gateway.end('SIGKILL');
      technician.pause();
    }
    technician.stop();
    await Promise.all(scanning);

    gateway.start();
    await vi.waitFor(() => expect([...accepted].filter((code) => !counted.has(code))).toEqual([]), { timeout: 30_000, interval: 50 });
    await gateway.until(({ outbox }) => expect(outbox.waiting).toEqual({ scan: 0, meter: 0 }), 30_000);
    expect(await gateway.end('SIGTERM')).toBe(0);

    console.log(`${KILLS} kills of the gateway, ${Math.floor(KILLS / 4)} of the broker: ${technician.scanned} scanned, ${accepted.size} told as stored, ${counted.size} counted, 0 lost, ${receiver.duplicates} duplicates dropped, ${receiver.contradictions} with other bytes`);
    expect(accepted.size).toBeGreaterThan(KILLS);
    expect(receiver.contradictions).toBe(0);
    expect(receiver.duplicates).toBeGreaterThan(0);
    expect([...counted.values()].every((times) => times === 1)).toBe(true);
  }, 60_000 + KILLS * 3000);
});

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Receiver } from '../../demo/receiver.ts';
import { MOSQUITTO, Mosquitto } from '../support/brokers/mosquitto.ts';
import { ROOT, startDelivery } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { meterOf, openOutbox, scanOf } from '../support/open-outbox.ts';

/** More than MQTT has packet identifiers (65,535), of which other queues lose their oldest. */
const READINGS = 80_000;

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined)('a backlog (needs mosquitto)', () => {
  it(`of ${READINGS} readings arrives whole, each once, and in order for each meter and scanner`, async () => {
    const directory = temporaryFolder();
    const offline = await openOutbox(directory);
    for (let at = 0; at < READINGS; at += 1000) {
      await offline.record(Array.from({ length: 1000 }, (_, index) => (index % 4 === 0 ? scanOf(`S-${at + index}`) : meterOf(String(at + index), `meter-${index % 7}`))));
    }
    await offline.close();
    const broker = await Mosquitto.start();
    const receiver = await Receiver.connect(broker.url, { root: ROOT, acknowledges: false });
    onTestFinished(() => receiver.close());
    const last = new Map<string, number>();
    const disorder: string[] = [];
    receiver.counted = ({ sequence, data }) => {
      const subject = String(data['meter'] ?? data['device']);
      if (sequence <= (last.get(subject) ?? 0)) disorder.push(`${subject}: ${sequence} after ${last.get(subject) ?? 0}`);
      last.set(subject, sequence);
    };
    const startMs = performance.now();
    const { delivery } = await startDelivery(broker.url, { directory });
    await vi.waitFor(() => expect(receiver.total).toBe(READINGS), { timeout: 120_000, interval: 50 });
    const seconds = (performance.now() - startMs) / 1000;
    await vi.waitFor(() => expect(delivery.report().waiting).toEqual({ scan: 0, meter: 0 }), { timeout: 10_000 });
    console.log(`backlog: ${READINGS} readings drained in ${seconds.toFixed(1)} s, 0 lost, ${receiver.duplicates} duplicates, in order for ${last.size} subjects`);
    expect(disorder).toEqual([]);
    expect(receiver.contradictions).toBe(0);
  }, 200_000);
});

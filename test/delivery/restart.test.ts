import { describe, expect, it, vi } from 'vitest';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT, startDelivery } from '../support/delivery.ts';
import { MOSQUITTO, Mosquitto } from '../support/brokers/mosquitto.ts';
import { scanOf } from '../support/open-outbox.ts';

const within = { timeout: 12_000, interval: 10 };

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined)('a broker that starts again (needs mosquitto)', () => {
  it('and a receiver that comes back after the gateway cost seconds, not half a minute', async () => {
    const broker = await Mosquitto.start();
    const { outbox, delivery } = await startDelivery(broker.url);
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    await broker.stop('SIGKILL');
    await vi.waitFor(() => expect(delivery.report().connected).toBe(false), within);
    await outbox.record([scanOf('A'), scanOf('B')]);
    await broker.start();
    await vi.waitFor(() => expect(delivery.report().held).toContain('nobody has subscribed'), within);
    const receiver = await contractReceiver(broker.url, { root: ROOT });
    await vi.waitFor(() => expect(receiver.total).toBe(2), within);
    await vi.waitFor(() => expect(delivery.report().alarms).toEqual([]), within);
  }, 40_000);
});

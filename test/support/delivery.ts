import { onTestFinished } from 'vitest';
import type { Receiver } from '../../demo/receiver.ts';
import { Delivery, type DeliveryParts } from '../../src/delivery/delivery.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { contractReceiver } from './contract-receiver.ts';
import { CLOCK, openOutbox, SILENT } from './open-outbox.ts';
import { temporaryFolder } from './folders.ts';

/** The gateway's root in tests. */
export const ROOT = 'tailgate/v1/bedford/truck-17';

/** How rows are forwarded unless a test says otherwise. */
export const FORWARDING = {
  log: SILENT,
  root: ROOT,
  window: 50,
  publishDeadlineMs: 30_000,
  acknowledgedBy: 'broker' as const,
  noSubscribers: 'keep' as const,
  overdueMs: 600_000,
  clockWaitMs: 120_000,
  spreadMs: 60_000,
  copied: () => undefined,
  poll: () => ({ kind: 'refused', code: 'unknown_device', message: 'there is no such device' }) as const,
};

/** Starts a real outbox and its delivery to a broker, for the running test. */
export async function startDelivery(url: string, parts: Partial<Omit<DeliveryParts, 'outbox'>> & { readonly outbox?: Outbox; readonly directory?: string } = {}): Promise<{ outbox: Outbox; delivery: Delivery; stop: () => Promise<void> }> {
  const outbox = parts.outbox ?? (await openOutbox(parts.directory ?? temporaryFolder()));
  const delivery = new Delivery({
    outbox,
    clock: CLOCK,
    random: Math.random,
    ...FORWARDING,
    version: 'auto',
    settings: async () => Promise.resolve({ url, clientId: 'truck-17', keepaliveSeconds: 30 }),
    facts: () => ({ version: '0.0.0', configuration: 'abcdef', clock: 'synced', devices: {}, alarms: [] }),
    ...parts,
  });
  void delivery.run();
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await delivery.stop();
    await outbox.close();
  };
  onTestFinished(stop);
  return { outbox, delivery, stop };
}

/** A receiver for the running test that holds every message against the contract, and the texts and values that it counted. */
export async function receiverAt(url: string, { root = ROOT, acknowledges = false }: { readonly root?: string; readonly acknowledges?: boolean } = {}): Promise<{ receiver: Receiver; texts: string[] }> {
  const receiver = await contractReceiver(url, { root, acknowledges });
  const texts: string[] = [];
  receiver.counted = ({ data }) => texts.push(String(data['text'] ?? data['value']));
  return { receiver, texts };
}

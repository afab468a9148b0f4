import { onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../../demo/broker.ts';
import { contractReceiver } from '../contract-receiver.ts';
import { ROOT } from '../delivery.ts';
import { TestGateway } from '../gateway.ts';
import { Air } from './air.ts';
import type { EmulatedController } from './controller.ts';

export const TAG = 'C0:DE:C0:DE:00:77';
export const PEER = 'C0:DE:C0:DE:00:01';

/** One event that reached the receiver, counted once. */
export interface ReceivedEvent {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** A broker with a receiver, for the running test, and what that counted. */
export async function receivingBroker(): Promise<{ readonly url: string; readonly events: ReceivedEvent[] }> {
  const broker = await DemoBroker.start();
  onTestFinished(() => broker.close());
  const receiver = await contractReceiver(broker.url, { root: ROOT });
  const events: ReceivedEvent[] = [];
  receiver.counted = ({ type, data }) => events.push({ type, data });
  return { url: broker.url, events };
}

/** A gateway whose adapter is an emulated controller, with its broker and receiver. */
export interface GatewayInAir {
  readonly air: Air;
  readonly gateway: TestGateway;
  readonly events: ReceivedEvent[];
  readonly here: EmulatedController;
  readonly there: EmulatedController;
  readonly start: () => void;
  /** Until its adapter really scans, which is a moment after it is on; what is advertised before is heard by nobody. */
  readonly untilHearing: () => Promise<void>;
}

/** Makes one for the running test; `peer` is the other controller's address. */
export async function gatewayInAir(devices: Readonly<Record<string, string>>, { peer = PEER, ble = '' }: { readonly peer?: string; readonly ble?: string } = {}): Promise<GatewayInAir> {
  const { url, events } = await receivingBroker();
  const air = Air.open();
  const [here, there] = [air.controller('00:11:22:33:44:55'), air.controller(peer)];
  const gateway = TestGateway.make({ mqtt: `url: "${url}"`, ble: `adapter: { uart: ${here.path} }, silence: 5 s${ble}`, devices });
  const untilHearing = async (): Promise<void> => {
    await gateway.until(({ radio }) => {
      if (radio?.state !== 'on') throw new Error('the radio is not on yet');
    });
    await vi.waitUntil(() => here.isScanning, { timeout: 15_000, interval: 10 });
  };
  return { air, gateway, events, here, there, start: () => gateway.start(), untilHearing };
}

/** BTHome's count with its packet id. */
export function count(packet: number, value: number): Buffer {
  const data = Buffer.from('0201060B16D2FC4000003E00000000', 'hex');
  data.writeUInt8(packet, 9);
  data.writeUInt32LE(value, 11);
  return data;
}

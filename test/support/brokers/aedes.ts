import { DemoBroker } from '../../../demo/broker.ts';
import type { Broker, BrokerKind } from './broker.ts';

/** aedes inside this process: to stop it is to drop every connection and to refuse new ones, whatever the signal. */
class InProcess implements Broker {
  readonly url: string;
  readonly port: number;
  readonly #broker: DemoBroker;

  constructor(broker: DemoBroker) {
    this.#broker = broker;
    this.url = broker.url;
    this.port = Number(new URL(broker.url).port);
  }

  async start(): Promise<void> {
    await this.#broker.bringBack();
  }

  async stop(): Promise<void> {
    await this.#broker.takeAway();
  }

  async remove(): Promise<void> {
    await this.#broker.close();
  }
}

/** As the delivery suite uses it. It comes with the development dependencies and answers a version 5 CONNECT with return code 1. */
export const aedes: BrokerKind = {
  name: 'aedes',
  missing: undefined,
  mqttVersion: '3.1.1',
  prepare: async () => {
    const broker = new InProcess(await DemoBroker.start());
    await broker.stop();
    return broker;
  },
};

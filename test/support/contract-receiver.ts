import { onTestFinished } from 'vitest';
import { Receiver } from '../../demo/receiver.ts';
import { checkContract, expectContractKept } from './contract.ts';

/** A receiver for the running test, which holds every message that it gets against the contract. */
export async function contractReceiver(url: string, options: Parameters<typeof Receiver.connect>[1]): Promise<Receiver> {
  const receiver = await Receiver.connect(url, options);
  onTestFinished(() => receiver.close());
  receiver.inspect = checkContract;
  expectContractKept();
  return receiver;
}

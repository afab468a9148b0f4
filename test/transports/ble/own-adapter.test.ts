import { describe, expect, it } from 'vitest';
import { AdapterFault } from '../../../src/transports/ble/child/adapter-fault.ts';
import type { Noble } from '../../../src/transports/ble/child/library.ts';
import { ownAdapter } from '../../../src/transports/ble/child/own-adapter.ts';

const OURS = '00:1A:7D:DA:71:13';

/** Adapters by their numbers; a fault where one cannot be opened. */
function kernelWith(adapters: Readonly<Record<number, string | AdapterFault>>): { readonly numbers: readonly number[]; readonly stopped: string[]; readonly open: (number: number) => Promise<Noble> } {
  const stopped: string[] = [];
  return {
    numbers: Object.keys(adapters).map(Number),
    stopped,
    async open(number) {
      const adapter = adapters[number];
      if (typeof adapter !== 'string') throw adapter ?? new Error('there is no such number');
      return { address: adapter.toLowerCase(), stop: () => void stopped.push(adapter) } as unknown as Noble;
    },
  };
}

const inUse = new AdapterFault({ what: 'no BLE adapter can be used', remedy: 'it must be down' });

describe('an adapter of this gateway alone', () => {
  it('is found behind one that somebody else uses', async () => {
    const kernel = kernelWith({ 0: inUse, 1: OURS });
    expect((await ownAdapter(OURS, kernel.numbers, kernel.open)).address).toBe(OURS.toLowerCase());
  });

  it('is found behind one with another address, which is let go', async () => {
    const kernel = kernelWith({ 0: '00:00:00:00:00:01', 1: OURS });
    await ownAdapter(OURS, kernel.numbers, kernel.open);
    expect(kernel.stopped).toEqual(['00:00:00:00:00:01']);
  });

  it('may be the one that could not be opened, so that is told', async () => {
    const kernel = kernelWith({ 0: inUse, 1: '00:00:00:00:00:01' });
    await expect(ownAdapter(OURS, kernel.numbers, kernel.open)).rejects.toBe(inUse);
  });

  it('is missed by its address where there is none, or another', async () => {
    for (const kernel of [kernelWith({}), kernelWith({ 0: '00:00:00:00:00:01' })]) await expect(ownAdapter(OURS, kernel.numbers, kernel.open)).rejects.toThrow(`there is no adapter ${OURS}`);
  });
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { AdapterFault } from '../../../src/transports/ble/child/adapter-fault.ts';
import type { Noble } from '../../../src/transports/ble/child/library.ts';
import { type KernelAdapter, ownAdapter } from '../../../src/transports/ble/child/own-adapter.ts';

const OURS = '00:1A:7D:DA:71:13';
const OTHER = '00:00:00:00:00:01';

/** Adapters by their numbers, with a fault where one cannot be used; the kernel tells the addresses of some. */
function kernelWith(adapters: Readonly<Record<number, string | AdapterFault>>, told: Readonly<Record<number, string>> = {}) {
  const [opened, stopped]: [number[], number[]] = [[], []];
  const handles: WeakRef<Noble>[] = [];
  return {
    adapters: Object.keys(adapters).map((number): KernelAdapter => ({ number: Number(number), address: told[Number(number)] })),
    opened,
    stopped,
    handles,
    library: {
      open(number: number): Noble {
        opened.push(number);
        const adapter = adapters[number];
        const noble = { address: typeof adapter === 'string' ? adapter.toLowerCase() : 'unknown', number, stop: () => void stopped.push(number) } as unknown as Noble;
        handles.push(new WeakRef(noble));
        return noble;
      },
      async ready(noble: Noble): Promise<void> {
        const adapter = adapters[(noble as unknown as { readonly number: number }).number];
        if (adapter instanceof AdapterFault) throw adapter;
      },
    },
  };
}

const inUse = new AdapterFault({ what: 'no BLE adapter can be used', remedy: 'it must be down' });

describe('an adapter of this gateway alone', () => {
  it('is found behind one that somebody else uses and one with another address, which are closed, each once', async () => {
    const kernel = kernelWith({ 0: inUse, 1: OTHER, 2: OURS, 3: OTHER });
    expect((await ownAdapter(OURS, kernel.adapters, kernel.library)).address).toBe(OURS.toLowerCase());
    expect([kernel.opened, kernel.stopped]).toEqual([[0, 1, 2], [0, 1]]);
  });

  it('is opened alone where the kernel tells the addresses', async () => {
    const kernel = kernelWith({ 0: OTHER, 1: inUse, 2: OURS }, { 0: OTHER, 1: OTHER, 2: OURS });
    await ownAdapter(OURS, kernel.adapters, kernel.library);
    expect([kernel.opened, kernel.stopped]).toEqual([[2], []]);
  });

  it('is tried first where the kernel tells its address and not the others\'', async () => {
    const kernel = kernelWith({ 0: OTHER, 1: OURS }, { 1: OURS });
    await ownAdapter(OURS, kernel.adapters, kernel.library);
    expect(kernel.opened).toEqual([1]);
  });

  it('may be the one that could not be used, so that is told', async () => {
    const kernel = kernelWith({ 0: inUse, 1: OTHER });
    await expect(ownAdapter(OURS, kernel.adapters, kernel.library)).rejects.toBe(inUse);
    expect(kernel.stopped).toEqual([0, 1]);
  });

  it('is missed by its address where there is none, or another', async () => {
    for (const kernel of [kernelWith({}), kernelWith({ 0: OTHER }), kernelWith({ 0: OTHER }, { 0: OTHER })]) await expect(ownAdapter(OURS, kernel.adapters, kernel.library)).rejects.toThrow(`there is no adapter ${OURS}`);
  });

  it('is not closed by what becomes of the others, which the binding closes a second time when they are collected', async () => {
    const kernel = kernelWith({ 0: OTHER, 1: inUse, 2: OURS });
    await ownAdapter(OURS, kernel.adapters, kernel.library);
    await new Promise((resolve) => void setImmediate(resolve)); // a WeakRef holds until the turn is over
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    expect(kernel.handles.slice(0, 2).map((handle) => handle.deref() !== undefined)).toEqual([true, true]);
  });
});

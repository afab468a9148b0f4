import { expect, onTestFinished, test } from 'vitest';
import { modbus } from '../../drivers/modbus/driver.ts';
import { runBus } from '../../src/acquisition/bus.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import type { Link, Transport } from '../../src/driver-kit/link.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { profileOf } from '../support/modbus-profile.ts';

const content = profileOf({ m7: { address: 7 } });

/** A Modbus TCP server that says nothing in the name of devices that are switched off, and what it is asked over which connection. */
class Server implements Transport {
  readonly name = 'tcp 10.0.0.5:502';
  readonly endsUnnoticed = true;
  readonly alive: Set<number>;
  connections = 0;
  /** Connections up to this one are dead, without a word. */
  deadUpto = 0;

  constructor(...alive: readonly number[]) {
    this.alive = new Set(alive);
  }

  open(receive: (chunk: Uint8Array) => void): Promise<Link> {
    const connection = (this.connections += 1);
    let closed: () => void = () => undefined;
    return Promise.resolve({
      name: this.name,
      write: (bytes: Uint8Array) => {
        const [high = 0, low = 0, , , , , unit = 0] = bytes;
        if (this.alive.has(unit) && connection > this.deadUpto) receive(Uint8Array.of(high, low, 0, 0, 0, 5, unit, 3, 2, 0, 7));
        return Promise.resolve();
      },
      close: () => {
        closed();
        return Promise.resolve();
      },
      closed: new Promise<undefined>((resolve) => (closed = () => resolve(undefined))),
    });
  }
}

/** Polls devices of these addresses; how often each was read stands in `read`. */
function poll(server: Server, addresses: readonly number[]): { readonly clock: FakeClock; readonly read: Map<number, number> } {
  const clock = new FakeClock();
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const read = new Map(addresses.map((address) => [address, 0]));
  const devices = addresses.map((address) => ({
    name: `meter-${address}`,
    driver: modbus,
    options: { ...modbus.options.parse({ address, protocol: 'tcp', profile: 'p', every: '10 s', responseTimeout: '200 ms', retries: 1 }), profile: content },
    status: new DeviceStatus({ device: `meter-${address}`, clock, changed: () => undefined }),
    report: () => {
      read.set(address, (read.get(address) ?? 0) + 1);
      return Promise.resolve();
    },
  }));
  void runBus({ transport: server, devices, clock, random: () => 0.5, signal: end.signal });
  return { clock, read };
}

test('devices that are switched off keep none behind them from being read, however many they are', async () => {
  const server = new Server(7);
  const { clock, read } = poll(server, [1, 2, 3, 4, 5, 6, 7]);
  await clock.advance(120_000);
  expect(read.get(7)).toBeGreaterThan(10);
});

test('devices that are switched off cost no connection over which others answer', async () => {
  const server = new Server(7);
  const { clock } = poll(server, [7, 1, 2, 3, 4, 5, 6]);
  await clock.advance(600_000);
  expect(server.connections).toBe(1);
});

test('a connection that dies is made anew, also beside devices that are switched off', async () => {
  const server = new Server(7, 8);
  const { clock, read } = poll(server, [1, 7, 8]);
  await clock.advance(30_000);
  server.deadUpto = 1;
  await clock.advance(60_000);
  const before = read.get(8) ?? 0;
  await clock.advance(30_000);
  expect(server.connections).toBe(2);
  expect(read.get(8)).toBeGreaterThan(before + 1);
});

test('a connection over which nobody answers is made anew once everybody was asked', async () => {
  const server = new Server(7);
  server.deadUpto = 1;
  const { clock, read } = poll(server, [1, 2, 3, 4, 5, 6, 7]);
  await clock.advance(60_000);
  expect(read.get(7)).toBeGreaterThan(3);
});

import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { modbus } from '../drivers/modbus/driver.ts';
import { profile } from '../drivers/modbus/profile.ts';
import { type BusDevice, runBus } from '../src/acquisition/bus.ts';
import { DeviceStatus } from '../src/acquisition/device-status.ts';
import { systemClock } from '../src/acquisition/stamp.ts';
import type { PollingDriver } from '../src/driver-kit/define-driver.ts';
import { serialTransport } from '../src/transports/serial.ts';
import { FRAME_GAP_MS, POINTS, SLAVES } from './bus-line.ts';

/**
 * Run as a process of its own by `bench/bus.ts`: the gateway's acquisition with its real transport, bus, driver and decoding,
 * asking as fast as it may. What it reads is compared and counted, not stored. Prints what it did in one line of JSON.
 */
const [path = '', seconds = '10'] = process.argv.slice(2);
const clock = systemClock(() => 'synced');
const stop = new AbortController();
const counts = { values: 0, wrong: 0 };
setMaxListeners(0, stop.signal);

const meters = Object.fromEntries(Array.from({ length: POINTS }, (_, index) => [`m${index}`, { address: index, quantity: 'count', kind: 'gauge' }]));
const registers = profile.parse({ brand: 'Bench', model: 'Bench', source: ['none'], notation: 'zero-based', function: 3, type: 'uint16', meters });
const driver: PollingDriver = { ...modbus, schedule: (options) => ({ ...modbus.schedule(options), everyMs: 1, silenceMs: FRAME_GAP_MS }) };

const devices = Array.from({ length: SLAVES }, (_, index): BusDevice => {
  const address = index + 1;
  return {
    name: `slave-${address}`,
    driver,
    options: { ...modbus.options.parse({ address, profile: 'bench' }), profile: registers },
    status: new DeviceStatus({ device: `slave-${address}`, clock, changed: () => undefined }),
    report(observations) {
      counts.values += observations.length;
      for (const [at, observation] of observations.entries()) if (observation.kind !== 'meter' || observation.raw !== String(address * 256 + at)) counts.wrong += 1;
      return Promise.resolve();
    },
  };
});

const done = runBus({ transport: serialTransport({ path, baudRate: 115_200 }), baudRate: 115_200, devices, clock, random: Math.random, signal: stop.signal });
await wait(4000); // the first answer of each slave may be an old one, and is waited over
const frames = (): number => devices.reduce((sum, { status }) => sum + status.counts.frames, 0);
const [from, values, startMs, cpu] = [frames(), counts.values, performance.now(), process.cpuUsage()];
await wait(Number(seconds) * 1000);
const passedMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpu);
const least = Math.min(...devices.map(({ status }) => status.counts.frames));
console.log(JSON.stringify({ exchangesPerSecond: ((frames() - from) * 1000) / passedMs, valuesPerSecond: ((counts.values - values) * 1000) / passedMs, cpu: (user + system) / 1000 / passedMs, wrong: counts.wrong, least, faults: devices.reduce((sum, { status }) => sum + status.counts.faults, 0) }));
stop.abort();
await done;
process.exit(0);

import { definePollingDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { readRound, REGIONS } from './inventory.ts';

const regions = Object.keys(REGIONS) as (keyof typeof REGIONS)[];

const options = z.strictObject({
  region: z.enum(regions).describe('The band, which must be that of your country: the law demands it. Set when the module has lost it.'),
  power: z
    .number()
    .min(0)
    .max(31.5)
    .describe('The transmitting power in dBm, which must be allowed in your country with your antenna. An M6E Nano and an M7E Pico go up to 27.'),
  antennas: z.array(z.int().min(1).max(15)).min(1).max(15).default([1]).describe('The ports that have an antenna. Modules of the Nano size have port 1 only.'),
  readTime: duration({ min: '50 ms', max: '10 s' }).prefault('300 ms').describe('How long the module looks for tags in each round.'),
  every: duration({ min: '100 ms', max: '1 h' }).prefault('500 ms').describe('How often a round begins.'),
  responseTimeout: duration({ min: '500 ms', max: '10 s' }).prefault('2 s').describe('How long to wait for an answer beyond the read time.'),
});

/** Reads UHF tags with ThingMagic modules in rounds. Region, power, protocol and antennas are set until the power goes, never saved. */
export const thingmagic = definePollingDriver({
  name: 'thingmagic',
  summary: 'UHF RFID modules of ThingMagic (Jadak, Novanta): M6E, M6E Nano, M7E',
  reports: 'scans',
  options,
  serial: { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
  schedule: ({ readTime, every, responseTimeout }) => ({
    address: 'module',
    everyMs: every,
    responseTimeoutMs: readTime + responseTimeout,
    silenceMs: 2,
    retries: 0,
    echo: false,
    lateWaits: 1,
  }),
  meters: () => [],
  poll: readRound,
});

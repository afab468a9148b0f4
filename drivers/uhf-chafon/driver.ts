import { definePollingDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import type { ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { inventory, MODELS, roundFraming, roundOf } from './codec.ts';

const options = z.strictObject({
  model: z.enum(MODELS).describe('The dialect: UHFReader18 for readers with one antenna, which tell neither antenna nor signal; UHFReader288 for the others.'),
  address: z.int().min(0).max(255).default(0).describe('The address that is set in the reader; 255 asks whichever it is.'),
  antennas: z
    .array(z.int().min(1).max(8))
    .min(1)
    .max(8)
    .default([1])
    .describe('The antennas that are asked, one after the other. An UHFReader18 has no choice.'),
  scanTime: duration({ min: '300 ms', max: '25 s' })
    .prefault('500 ms')
    .describe('How long an UHFReader288 looks at each antenna, in steps of 100 ms. For an UHFReader18 write what is set in it.'),
  every: duration({ min: '200 ms', max: '1 h' }).prefault('1 s').describe('How often the reader is asked which tags are in its field.'),
  responseTimeout: duration({ min: '200 ms', max: '10 s' }).prefault('1 s').describe('How long to wait for an answer beyond twice the scan time.'),
  rssiOffset: z
    .int()
    .min(-255)
    .max(0)
    .optional()
    .describe("What has to be added to the reader's signal byte to make it dBm, where the maker says so. When left out the signal is not reported."),
});

/** Reads UHF tags with readers of the UHFReader18 and UHFReader288 family. It asks only, and sets nothing in the reader. */
export const uhfChafon = definePollingDriver({
  name: 'uhf-chafon',
  summary: 'UHF RFID readers of the UHFReader18 and UHFReader288 family: Chafon and others',
  reports: 'scans',
  options,
  serial: { baudRate: 57_600, dataBits: 8, parity: 'none', stopBits: 1 },
  schedule: ({ address, scanTime, every, responseTimeout }) => ({
    address: `reader ${address}`,
    everyMs: every,
    responseTimeoutMs: 2 * scanTime + responseTimeout,
    silenceMs: 5,
    retries: 0,
    echo: false,
    lateWaits: 1,
  }),
  meters: () => [],
  async poll(link, given, emit) {
    const antennas = given.model === 'UHFReader18' ? [1] : given.antennas;
    const faults: ProtocolError[] = [];
    for (const antenna of antennas) {
      const { tags, fault } = roundOf(await link.exchange({ request: inventory(given, antenna), reply: roundFraming(given) }), given);
      if (tags.length > 0) emit(tags);
      if (fault !== undefined) faults.push(fault);
    }
    if (faults.length === antennas.length && faults[0] !== undefined) throw faults[0];
  },
});

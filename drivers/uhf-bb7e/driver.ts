import { definePollingDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { roundFraming, roundOf, SINGLE_POLL } from './codec.ts';

const options = z.strictObject({
  every: duration({ min: '200 ms', max: '1 h' }).prefault('500 ms').describe('How often the module is asked which tags are in its field.'),
  responseTimeout: duration({ min: '200 ms', max: '10 s' }).prefault('1 s').describe('How long to wait for an answer.'),
});

/** Reads UHF tags with modules that speak frames from BB to 7E. It asks only, and sets nothing in the module. */
export const uhfBb7e = definePollingDriver({
  name: 'uhf-bb7e',
  summary: 'UHF RFID modules with frames from BB to 7E: YRM100, M100, R200',
  reports: 'scans',
  options,
  serial: { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
  schedule: ({ every, responseTimeout }) => ({ address: 'module', everyMs: every, responseTimeoutMs: responseTimeout, silenceMs: 5, retries: 0, echo: false, lateWaits: 1 }),
  meters: () => [],
  async poll(link, _, emit) {
    const { tags, fault } = roundOf(await link.exchange({ request: SINGLE_POLL, reply: roundFraming }));
    if (tags.length > 0) emit(tags);
    if (fault !== undefined) throw fault;
  },
});

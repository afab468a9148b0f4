import { definePollingDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { chosenPoints, pollPoints, SERIAL_NUMBER } from './poll.ts';
import { profile } from './profile.ts';

const fields = z.strictObject({
  address: z.int().min(0).max(255).describe('The address set at the device, also called unit, node or slave id: 1 to 247; with protocol tcp also 0 and 255.'),
  protocol: z.enum(['rtu', 'tcp']).default('rtu').describe('rtu on serial lines and behind device servers in raw mode; tcp for devices and gateways that speak Modbus TCP (port 502).'),
  profile: z.string().min(1).describe('The model of meter: the name of a file in profiles, without ".yaml".'),
  every: duration({ min: '1 s', max: '7 d' }).prefault('1 min').describe('How often the meters are read.'),
  only: z.array(z.string()).min(1).optional().describe('The meters to read; all of the profile when left out.'),
  responseTimeout: duration({ min: '50 ms', max: '30 s' })
    .prefault('1 s')
    .describe('How long to wait for an answer, beside the time it takes on the wire.'),
  silence: duration({ min: '2 ms', max: '2 s' })
    .prefault('5 ms')
    .describe('The least silence before each question; slow lines get 3.5 characters. Some devices need 50 ms or more.'),
  retries: z.int().min(0).max(5).default(2).describe('How often a question is asked again that is left unanswered, or answered with "busy".'),
  echo: z.boolean().default(false).describe('Whether the RS-485 adapter gives back every byte that is sent.'),
});

/** On a serial line 0 is for all devices at once, which do not answer, and 248 to 255 are reserved (V1.02, section 2.2). */
const options = fields.refine(({ protocol, address }) => protocol === 'tcp' || (address >= 1 && address <= 247), {
  path: ['address'],
  error: 'with protocol rtu an address is 1 to 247',
});

/** Reads meters that speak Modbus RTU or Modbus TCP; a profile says which registers. It never writes. */
export const modbus = definePollingDriver({
  name: 'modbus',
  summary: 'Meters and controllers that speak Modbus RTU or TCP: generator sets, energy meters, compressors, drives',
  reports: 'meters',
  options,
  profile,
  // The specification's factory setting is even parity; nearly all makers leave it off.
  serial: { baudRate: 19_200, dataBits: 8, parity: 'none', stopBits: 1 },
  schedule: ({ address, protocol, every, responseTimeout, silence, retries, echo }) => ({
    address: String(address),
    everyMs: every,
    responseTimeoutMs: responseTimeout,
    silenceMs: silence,
    retries,
    echo,
    numbered: protocol === 'tcp',
  }),
  meters: ({ profile: { points }, only }) => chosenPoints(points, only).map(({ meter }) => meter),
  described: ({ profile: { points }, only }) => chosenPoints(points, only),
  // The serial number along with it: a meter that was just exchanged is not to be read as the one before.
  narrowed: (options, meter) => ({ ...options, only: chosenPoints(options.profile.points, options.only).flatMap(({ meter: name }) => (name === meter || name === SERIAL_NUMBER ? [name] : [])) }),
  poll: pollPoints,
});

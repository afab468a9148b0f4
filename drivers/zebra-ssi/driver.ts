import { aimOption } from '../../src/driver-kit/codecs/aim.ts';
import { ssiFraming, ssiPrefixedFraming } from '../../src/driver-kit/codecs/ssi.ts';
import { defineListeningDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { decodeSsi, plainFeedback } from './codec.ts';

const options = z.strictObject({
  textOffset: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe("How many bytes of a code's frame stand before its text, the code type being the first: 1 with a cable, 4 over Bluetooth."),
  lengthPrefix: z.boolean().default(false).describe('Whether two bytes with its length stand before each packet, in both directions, as over BLE with Terminal I/O.'),
  aim: aimOption,
  feedback: z
    .enum(['acknowledge', 'beep', 'beep and led'])
    .default('beep and led')
    .describe('What the scanner does after its frame is acknowledged: nothing, a beep, or a beep and its LED in green or red.'),
  answerWithin: duration({ min: '100 ms', max: '9 s' })
    .prefault('1800 ms')
    .describe("How long after a code it may still be acknowledged. Write a little less than the scanner's host response time-out, 2 s unless changed."),
});

/** Reads Zebra (Symbol, Motorola) scanners in packets, each acknowledged after it is stored. It sets nothing in the scanner. */
export const zebraSsi = defineListeningDriver({
  name: 'zebra-ssi',
  summary: 'Zebra scanners that send packets (SSI) and wait for each to be acknowledged',
  reports: 'scans',
  options,
  serial: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  framing: ({ lengthPrefix }) => (lengthPrefix ? ssiPrefixedFraming : ssiFraming),
  decode: decodeSsi,
  feedback: plainFeedback,
});

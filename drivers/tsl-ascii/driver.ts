import { aimOption } from '../../src/driver-kit/codecs/aim.ts';
import { defineListeningDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { ALERTS, alertsOf, decodeTsl, tslFraming } from './codec.ts';

const options = z.strictObject({
  aim: aimOption,
  feedback: z.enum(ALERTS).default('buzz and vibrate').describe('What the reader does when a code or tag is stored, looks wrong or is not stored.'),
  answerWithin: duration({ min: '500 ms', max: '30 s' }).prefault('5 s').describe('How long after a code the person may still be told; later it would only confuse.'),
});

/** Reads barcodes and UHF tags with TSL's hand-held readers, whose trigger starts each reading. It saves nothing in the reader. */
export const tslAscii = defineListeningDriver({
  name: 'tsl-ascii',
  summary: 'Hand-held UHF and barcode readers of TSL that speak its ASCII protocol 2: 1128, 1153, 1166, 2128 and kin',
  reports: 'scans',
  options,
  serial: { baudRate: 115_200 },
  framing: () => tslFraming,
  decode: decodeTsl,
  feedback: alertsOf,
});

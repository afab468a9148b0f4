import { aimOption } from '../../src/driver-kit/codecs/aim.ts';
import { defineListeningDriver } from '../../src/driver-kit/define-driver.ts';
import { discard, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { duration, z } from '../../src/driver-kit/options.ts';
import { decodeEvent } from './codec.ts';

const options = z.strictObject({
  aim: aimOption,
  answerWithin: duration({ min: '500 ms', max: '30 s' })
    .prefault('5 s')
    .describe('How long after a code the wearer may still be told; later it would only confuse.'),
});

/** The largest QR code holds 2,953 bytes, each of which JSON may write as six characters. */
const LINE_MAX = 20_480;

const framing: Framing = {
  bytesMax: LINE_MAX,
  gapMs: 500,
  overflow: 'frame',
  next(buffer, atGap) {
    const end = buffer.indexOf(LF);
    if (end < 0) return atGap ? discard(buffer.length, 'line without end') : INCOMPLETE;
    return end === 0 ? discard(1, 'empty line') : frameOf(buffer, end + 1, 0, end);
  },
};

const LF = 0x0a;

/** Reads ProGlove wearable scanners through their gateway's Streams API on a serial port. */
export const proglove = defineListeningDriver({
  name: 'proglove',
  summary: 'ProGlove wearable scanners, through the ProGlove Gateway (Streams API)',
  reports: 'scans',
  options,
  serial: { baudRate: 115_200 },
  framing: () => framing,
  decode: decodeEvent,
});

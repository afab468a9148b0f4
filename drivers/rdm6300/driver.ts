import { bytesOfHex, latin1Of } from '../../src/driver-kit/bytes.ts';
import { type Decoded, defineListeningDriver } from '../../src/driver-kit/define-driver.ts';
import { discard, type Framed, frameOf, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { z } from '../../src/driver-kit/options.ts';

/*
 * One badge from an RDM6300; an ID-12LA has 0D 0A before the 03:
 *
 *   02   30 43 30 30 30 36 32 31 41 35   38 45   03
 *   |    0  C  0  0  0  6  2  1  A  5    8  E    end
 *   |    the badge's five bytes          their XOR
 *   start
 */

/** Reads 125 kHz badges (EM4100) with an RDM630, RDM6300, ID-12LA or ID-20LA. */
export const rdm6300 = defineListeningDriver({
  name: 'rdm6300',
  summary: 'Badge readers for 125 kHz (EM4100): RDM630, RDM6300, ID-12LA, ID-20LA',
  reports: 'scans',
  options: z.strictObject({}),
  serial: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  framing: () => ({ bytesMax: LENGTH_MAX, overflow: 'byte', next }),
  decode,
});

function next(buffer: Uint8Array): Framed {
  const start = buffer.indexOf(STX);
  if (start !== 0) return discard(start < 0 ? buffer.length : start, 'outside STX and ETX');
  const end = buffer.subarray(0, LENGTH_MAX).indexOf(ETX);
  const text = latin1Of(buffer.subarray(1, end < 0 ? LENGTH_MAX : end));
  if (end < 0) return BEGINNING.test(text) ? INCOMPLETE : discard(1, 'not a badge');
  const [whole, digits = '', xor = ''] = WHOLE.exec(text) ?? [];
  if (whole === undefined) return discard(1, 'not a badge');
  if (bytesOfHex(digits).reduce((sum, byte) => sum ^ byte, 0) !== Number.parseInt(xor, 16)) return discard(1, 'bad checksum');
  return frameOf(buffer, end + 1, 1, 1 + digits.length);
}

function decode(digits: Uint8Array): Decoded<undefined> {
  return { observations: [{ kind: 'scan', bytes: digits, symbologyName: 'EM4100' }] };
}

const STX = 0x02;
const ETX = 0x03;
const LENGTH_MAX = 16;
const WHOLE = /^([0-9A-F]{10})([0-9A-F]{2})(?:\r\n)?$/;
/** What can still become a badge. */
const BEGINNING = /^(?:[0-9A-F]{0,12}|[0-9A-F]{12}\r\n?)$/;

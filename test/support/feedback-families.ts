import { lineScanner } from '../../drivers/line-scanner/driver.ts';
import { proglove } from '../../drivers/proglove/driver.ts';
import { tslAscii } from '../../drivers/tsl-ascii/driver.ts';
import { zebraSsi } from '../../drivers/zebra-ssi/driver.ts';
import type { ListeningDriver } from '../../src/driver-kit/define-driver.ts';

/** A way in which a scanner is told what became of a code. */
export interface Family {
  readonly driver: ListeningDriver;
  readonly options: object;
  readonly frame: (code: string) => string;
  /** How many frames that makes, 1 when left out. */
  readonly frames?: number;
  readonly stored: string;
  readonly questioned: string;
  readonly refused: string;
  /** The family's own limit, less the margin. */
  readonly withinMs: number;
}

const line = (code: string): string => `${code}\r`;
const ofLines = (feedback: string): Pick<Family, 'driver' | 'options' | 'frame'> => ({ driver: lineScanner, options: { terminator: 'CR', feedback }, frame: line });

/** A frame of SSI by hand: length, the bytes, the two's complement of their sum (Simple Serial Interface Programmer's Guide, packets). */
function ssi(opcode: number, source: number, ...body: readonly number[]): string {
  const bytes = [4 + body.length, opcode, source, 0, ...body];
  const check = 0x10000 - bytes.reduce((sum, byte) => sum + byte, 0);
  return Buffer.from([...bytes, check >> 8, check & 0xff]).toString('latin1');
}
const ssiTold = (answer: string, beeps: readonly number[], led: number): string => answer + beeps.map((beep) => ssi(0xe6, 4, beep)).join('') + ssi(0xe8, 4, 0xff) + ssi(0xe7, 4, led);
const gloveTold = (action: string): string => `{"api_version":"1.0","event_type":"feedback!","event_id":"e-1","time_created":1546300800000,"device_serial":"M2MR1","feedback_action_id":"${action}"}\n`;

const tslTold = (...how: readonly string[]): string => how.map((alert) => `.al -x -bon -von ${alert}\r\n`).join('');

/** Every such way, with the bytes as its maker's manual has them: written here once more, not taken from the driver. */
export const FEEDBACK_FAMILIES: Readonly<Record<string, Family>> = {
  'Honeywell Host ACK': { ...ofLines('honeywell-host-ack'), stored: '\x1b7,', questioned: '\x1b7,\x1b4,\x1b4,', refused: '\x1b8,', withinMs: 9000 },
  'Datalogic mode 02': { ...ofLines('datalogic-mode-02'), stored: '\x1b[3q\r', questioned: '\x1b[3q\x1b[5q\x1b[4q\r', refused: '\x1b[4q\r', withinMs: 1800 },
  'Zebra RS-232 ACK/NAK': { ...ofLines('zebra-ack-nak'), stored: '\x06', questioned: '\x06', refused: '\x15', withinMs: 1800 },
  'PSC on file': { ...ofLines('psc-on-file'), stored: '\x7e', questioned: '\x7e', refused: '\x7f', withinMs: 1800 },
  'Zebra SSI': {
    driver: zebraSsi,
    options: {},
    frame: (code) => ssi(0xf3, 0, 0x03, ...Buffer.from(code)),
    stored: ssiTold(ssi(0xd0, 4), [0x01], 0x01),
    questioned: ssiTold(ssi(0xd0, 4), [0x01, 0x12], 0x02),
    refused: ssiTold(ssi(0xd1, 4, 10), [0x12], 0x02),
    withinMs: 1800,
  },
  ProGlove: {
    driver: proglove,
    options: {},
    frame: (code) => `{"api_version":"1.0","event_type":"scan","event_id":"e-1","time_created":1546300800000,"device_serial":"M2MR1","scan_code":"${code}"}\n`,
    stored: gloveTold('FEEDBACK_POSITIVE'),
    questioned: gloveTold('FEEDBACK_POSITIVE') + gloveTold('FEEDBACK_SPECIAL_YELLOW'),
    refused: gloveTold('FEEDBACK_NEGATIVE'),
    withinMs: 5000,
  },
  'TSL alerts': {
    driver: tslAscii,
    options: {},
    frame: (code) => `CS: .bc\r\nBC: ${code}\r\nOK:\r\n\r\n`,
    frames: 4,
    stored: tslTold('-dsho -thig'),
    questioned: tslTold('-dsho -thig', '-dmed -tlow'),
    refused: tslTold('-dlon -tlow'),
    withinMs: 5000,
  },
};

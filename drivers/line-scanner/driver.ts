import { defineListeningDriver } from '../../src/driver-kit/define-driver.ts';
import { duration, size, z } from '../../src/driver-kit/options.ts';
import { CODE_ID_VENDORS } from '../../src/driver-kit/vocabulary.ts';
import { decodeLine, lineFraming, LINE_ENDS } from './codec.ts';
import { FEEDBACK_NAMES, feedbackOf, PRESET_NAMES } from './feedback.ts';

const lineEnd = z.enum(LINE_ENDS);

const options = z.strictObject({
  terminator: z
    .union([z.enum([...LINE_ENDS, 'STX/ETX', 'none']), z.array(lineEnd).min(1).max(3)])
    .refine((ends) => !(Array.isArray(ends) && ends.includes('CRLF') && (ends.includes('CR') || ends.includes('LF'))), {
      error: 'write [CR, LF] for scanners that send either or both: empty lines are ignored',
    })
    .default(['CR', 'LF'])
    .describe(
      'What the scanner sends after each code: CR, LF, CRLF or TAB, or a list of these; STX/ETX for codes between 02 and 03; none when only silence ends a code.',
    ),
  idleGap: duration({ min: '5 ms', max: '10 s' })
    .optional()
    .describe(
      'The silence that ends a code whose terminator did not come; such a code is marked, since it may be half of one. 50 ms when left out and the terminator is none, otherwise 500 ms, so that a stutter of the line makes no half codes.',
    ),
  lengthMax: size({ min: '16 B', max: '64 KiB' })
    .prefault('8 KiB')
    .describe('The longest code. A longer one is refused: it is dropped whole and counted as "too long". The largest QR code holds 7,089 digits, which the default lets through with what stands before them.'),
  aim: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'Whether codes start with an AIM identifier such as "]C1" (ISO/IEC 15424): auto splits off the ones that exist, always splits off whatever stands in that form, never takes it for content.',
    ),
  codeIds: z
    .enum(CODE_ID_VENDORS)
    .optional()
    .describe(
      "The maker whose one-letter code id begins each code (Honeywell's Code ID, Zebra's Symbol Code ID, Datalogic's Label ID). It is split off and names the symbology. Left out when the scanner sends none; better than it is `aim`.",
    ),
  content: z
    .enum(['text', 'binary'])
    .default('text')
    .describe(
      'What codes hold. With text, a line that is not all text and has no AIM identifier is marked as not valid, and one of which a quarter or more is not text is taken for noise when it comes often: five in a minute are stored, more are refused. With binary every byte is right.',
    ),
  preset: z
    .enum(PRESET_NAMES)
    .optional()
    .describe("The maker whose way of being told is used where `feedback` is left out. It changes nothing else: how codes end is the scanner's setting."),
  feedback: z
    .enum(FEEDBACK_NAMES)
    .optional()
    .describe(
      'How the scanner is told what became of a code, after the commit. The scanner must be set to wait for it. When left out, as the preset says; none without one.',
    ),
  answerWithin: duration({ min: '500 ms', max: '90 s' })
    .optional()
    .describe(
      'How long after a code the scanner may still be told. Write a little less than the time-out set in the scanner: a later answer would be heard as the answer to the next code, so it is not sent. When left out, 9 s with honeywell-host-ack, which has 10 s unless changed, otherwise 1800 ms.',
    ),
  answerPrefix: z
    .string()
    .regex(/^(?![$#])[\x20-\x7e]{0,16}$/, { error: 'write up to 16 printable characters that do not begin with "$" or "#"' })
    .default('')
    .describe(
      'What stands before an answer with datalogic-mode-02: the address of the hand-held and the delimiter, exactly as it puts them before its codes. Only where address stamping is on, with one hand-held to a base.',
    ),
});

/** Reads barcode scanners that send each code as one line of text over RS-232, USB serial (CDC) or TCP. */
export const lineScanner = defineListeningDriver({
  name: 'line-scanner',
  summary: 'Barcode scanners that send each code as a line, from nearly every maker',
  reports: 'scans',
  options,
  serial: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  framing: lineFraming,
  decode: decodeLine,
  feedback: feedbackOf,
});

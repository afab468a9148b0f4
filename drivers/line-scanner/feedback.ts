import { bytesOfLatin1 } from '../../src/driver-kit/bytes.ts';
import type { Feedback } from '../../src/driver-kit/define-driver.ts';

/** The ways to tell a scanner what became of a code; each needs its setting in the scanner. */
export const FEEDBACK_NAMES = ['none', 'honeywell-host-ack', 'datalogic-mode-02', 'zebra-ack-nak', 'psc-on-file'] as const;
type FeedbackName = (typeof FEEDBACK_NAMES)[number];

/** The makers whose scanners need no more than their name to be told. */
export const PRESET_NAMES = ['honeywell', 'datalogic', 'zebra', 'psc'] as const;

/** What the feedback needs of the options. */
export interface FeedbackOptions {
  readonly preset?: (typeof PRESET_NAMES)[number] | undefined;
  readonly feedback?: FeedbackName | undefined;
  readonly answerWithin?: number | undefined;
  readonly answerPrefix: string;
}

/** How the scanner is told, and how long it waits for that; undefined where it cannot be told. */
export function feedbackOf({ preset, feedback, answerWithin, answerPrefix }: FeedbackOptions): Feedback | undefined {
  const name = feedback ?? (preset === undefined ? 'none' : PRESETS[preset]);
  const profile = PROFILES[name];
  if (profile === undefined) return undefined;
  const { withinMs, stored, questioned, refused } = profile;
  const bytes = (text: string): Uint8Array => bytesOfLatin1(name === 'datalogic-mode-02' ? `${answerPrefix}${text}\r` : text);
  return {
    stored: bytes(stored),
    ...(questioned !== undefined && { questioned: bytes(questioned) }),
    refused: bytes(refused),
    answerWithinMs: answerWithin ?? withinMs,
  };
}

const PRESETS: Readonly<Record<(typeof PRESET_NAMES)[number], FeedbackName>> = {
  honeywell: 'honeywell-host-ack',
  datalogic: 'datalogic-mode-02',
  zebra: 'zebra-ack-nak',
  psc: 'psc-on-file',
};

interface Profile {
  readonly stored: string;
  /** Left out where the scanner knows yes and no only: a questioned code is stored, so it gets the yes. */
  readonly questioned?: string;
  readonly refused: string;
  readonly withinMs: number;
}

/**
 * The answers by profile, and the time for them unless the options say otherwise.
 *
 * Honeywell Host ACK (Xenon, Granit; Granit 1981i manual p. 97 and 128): ESC, a command and a comma. 7 is the good read
 * tone, 8 the razz, 4 to 6 are beeps that stand for nothing by themselves. A questioned code gets the good read tone
 * first, since it is stored.
 *
 * Datalogic wireless, transmission mode 02 (Gryphon GBT4400 manual p. 291): ESC [ a digit q, ended by CR. 3 is the good tone, 4 the
 * bad one. Its time-out is not known to us.
 *
 * Zebra RS-232 ACK/NAK: 06 or 15 within 2 s, or the scanner drops the code.
 *
 * PSC (SP400RF manual p. 81): 7E on file, 7F not on file. Its time-out is not known to us.
 */
const PROFILES: Readonly<Record<FeedbackName, Profile | undefined>> = {
  none: undefined,
  'honeywell-host-ack': { stored: '\x1b7,', questioned: '\x1b7,\x1b4,\x1b4,', refused: '\x1b8,', withinMs: 9000 },
  'datalogic-mode-02': { stored: '\x1b[3q', questioned: '\x1b[3q\x1b[5q\x1b[4q', refused: '\x1b[4q', withinMs: 1800 },
  'zebra-ack-nak': { stored: '\x06', refused: '\x15', withinMs: 1800 },
  'psc-on-file': { stored: '\x7e', refused: '\x7f', withinMs: 1800 },
};

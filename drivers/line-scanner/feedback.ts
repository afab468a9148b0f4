import { bytesOfLatin1 } from '../../src/driver-kit/bytes.ts';
import type { Feedback } from '../../src/driver-kit/define-driver.ts';

/** The ways to tell a scanner what became of a code; each needs its setting in the scanner. */
export const FEEDBACK_NAMES = ['none', 'honeywell-host-ack'] as const;

/** How the scanner is told, and how long it waits for that; undefined where it cannot be told. */
export function feedbackOf(options: {
  readonly feedback: (typeof FEEDBACK_NAMES)[number];
  readonly answerWithin: number;
}): Feedback | undefined {
  const profile = PROFILES[options.feedback];
  return profile && { ...profile, answerWithinMs: options.answerWithin };
}

/**
 * The bytes by profile.
 *
 * Honeywell Host ACK (Xenon, Granit; Granit 1981i manual p. 97 and 128): ESC, a command and a comma. 7 is the good read
 * tone, 8 the razz, 4 to 6 are beeps that stand for nothing by themselves. A questioned code gets the good read tone
 * first, since it is stored.
 */
const PROFILES: Readonly<Record<(typeof FEEDBACK_NAMES)[number], Feedback | undefined>> = {
  none: undefined,
  'honeywell-host-ack': {
    stored: bytesOfLatin1('\x1b7,'),
    questioned: bytesOfLatin1('\x1b7,\x1b4,\x1b4,'),
    refused: bytesOfLatin1('\x1b8,'),
  },
};

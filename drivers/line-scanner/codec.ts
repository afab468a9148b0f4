import { latin1Of } from '../../src/driver-kit/bytes.ts';
import { type AimForm, withoutAim } from '../../src/driver-kit/codecs/aim.ts';
import type { Decoded } from '../../src/driver-kit/define-driver.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import type { CodeIdVendor } from '../../src/driver-kit/vocabulary.ts';

/*
 * One code as a line scanner sends it, here a GS1-128 with its AIM identifier and CR LF:
 *
 *   5D 43 31  30 31 30 39 35 32 31 33 30 30 30 33 33 31 38  1D  31 37 32 37 30 31 30 31  0D 0A
 *   ]  C  1   0  1  0  9  5  2  1  3  0  0  0  3  3  1  8   |   1  7  2  7  0  1  0  1   |
 *   |         |                                             FNC1, kept                   terminator
 *   |         content, every byte as it came: neither trimmed nor decoded
 *   AIM identifier, split off; a maker's code id, where one is configured, stands before it and is one character
 *
 * A line knows no escape: a code that holds its terminator is cut in two. Packet modes (SSI, MSGGET) do not have this.
 */

/** The terminators of one line. */
export const LINE_ENDS = ['CR', 'LF', 'CRLF', 'TAB'] as const;
type LineEnd = (typeof LINE_ENDS)[number];

/** What the framing and the decoding need of the options. */
export interface LineOptions {
  readonly terminator: LineEnd | 'STX/ETX' | 'none' | readonly LineEnd[];
  readonly idleGap?: number | undefined;
  readonly lengthMax: number;
  readonly aim: AimForm;
  readonly codeIds?: CodeIdVendor | undefined;
  readonly content: 'text' | 'binary';
}

/** Cuts the bytes into lines as the terminator says. */
export function lineFraming({ terminator, idleGap, lengthMax, content }: LineOptions): Framing {
  const silent = terminator === 'none';
  const gapMs = idleGap ?? (silent ? GAP_MS : GAP_AFTER_CUT_MS);
  const delimiters = terminator === 'STX/ETX' || terminator.includes('CRLF') ? 2 : 1;
  const bounds = { gapMs, bytesMax: lengthMax + delimiters, overflow: 'frame', remedy: TOO_LONG_REMEDY } as const;
  if (silent) return { ...bounds, next: (buffer, atGap) => (atGap ? frameOf(buffer, buffer.length) : INCOMPLETE) };
  if (terminator === 'STX/ETX') return { ...bounds, next: (buffer, atGap) => betweenMarks(buffer, atGap, content) };
  const ends = typeof terminator === 'string' ? [terminator] : terminator;
  return { ...bounds, next: (buffer, atGap) => untilEnd(buffer, atGap, ends) };
}

/** One line as a scan, whatever it holds: what looks like noise, or was cut by silence, is for the session to judge. */
export function decodeLine(line: Uint8Array, { aim, codeIds: vendor, content, terminator }: LineOptions, _: undefined, atGap: boolean): Decoded<undefined> {
  const id = vendor === undefined ? '' : (CODE_ID.exec(latin1Of(line.subarray(0, 1)))?.[0] ?? '');
  const behindId = line.subarray(id.length);
  const { aim: identifier, code: bytes } = withoutAim(behindId, aim);
  const unterminated = atGap && terminator !== 'none';
  return {
    observations: [
      {
        kind: 'scan',
        bytes,
        ...(identifier && { aim: identifier }),
        ...(vendor && { codeId: { vendor, id } }),
        ...(content === 'binary' && { binary: true }),
        ...(unterminated && { unterminated }),
      },
    ],
  };
}

function untilEnd(buffer: Uint8Array, atGap: boolean, ends: readonly LineEnd[]): Framed {
  let [length, at] = [0, buffer.length];
  for (const end of ends) {
    const found = placeOf(END_BYTES[end], buffer);
    if (found >= 0 && found < at) [length, at] = [END_BYTES[end].length, found];
  }
  if (length === 0) return atGap ? frameOf(buffer, buffer.length) : INCOMPLETE;
  return at === 0 ? discard(length, 'empty line') : frameOf(buffer, at + length, 0, at);
}

function placeOf([first = 0, second]: readonly number[], buffer: Uint8Array): number {
  for (let at = buffer.indexOf(first); at >= 0; at = buffer.indexOf(first, at + 1)) {
    if (second === undefined || buffer[at + 1] === second) return at;
  }
  return -1;
}

function betweenMarks(buffer: Uint8Array, atGap: boolean, content: LineOptions['content']): Framed {
  const first = buffer.indexOf(STX);
  if (first !== 0) return discard(first < 0 ? buffer.length : first, 'outside STX and ETX');
  const end = buffer.indexOf(ETX);
  if (end < 0) return atGap ? discard(buffer.length, 'STX without ETX') : INCOMPLETE;
  const last = content === 'binary' ? 0 : buffer.lastIndexOf(STX, end);
  if (last > 0) return discard(last, 'STX without ETX');
  return end === 1 ? discard(2, 'empty line') : frameOf(buffer, end + 1, 1, end);
}

const TOO_LONG_REMEDY = 'Write more under `lengthMax`; where no codes are so long, check the terminator and the baud rate';
const STX = 0x02;
const ETX = 0x03;
const END_BYTES: Readonly<Record<LineEnd, readonly number[]>> = { CR: [0x0d], LF: [0x0a], CRLF: [0x0d, 0x0a], TAB: [0x09] };
const GAP_MS = 50;
const GAP_AFTER_CUT_MS = 500;
const CODE_ID = /^[!-~]/;

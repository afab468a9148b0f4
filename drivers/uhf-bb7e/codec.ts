import { gen2Crc } from '../../src/driver-kit/checksum.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { ProtocolError, type ScanObservation } from '../../src/driver-kit/vocabulary.ts';

/*
 * One tag as the module tells it, after the question "who is there" (BB 00 22 00 00 22 7E):
 *
 *   BB   02   22   00 11   C9   34 00   30 75 1F EB 70 5C 59 04 E3 D5 0D 70   3A 76   EF   7E
 *   |    |    |    length  |    control EPC                                   Gen2    |    end
 *   |    |    command      |    word                                          CRC     low byte of the sum from type to CRC
 *   |    notice            signal in dBm, signed: -55
 *   start
 *
 * 7E occurs in what stands between, so the length says where a frame ends. One question can bring several notices and
 * nothing tells which is the last: silence does.
 */

/** The question which tags are in the field; it changes nothing in the module. */
export const SINGLE_POLL = Uint8Array.of(0xbb, 0x00, 0x22, 0x00, 0x00, 0x22, 0x7e);

/** Finds all of the answer to SINGLE_POLL: every frame that comes until the line falls silent. */
export const roundFraming: Framing = {
  bytesMax: 4096,
  gapMs: 100,
  overflow: 'byte',
  next(buffer, atGap): Framed {
    if (buffer[0] !== START) return discard(1, 'not the answer');
    if (!atGap) return INCOMPLETE;
    let at = 0;
    while (lengthAt(buffer, at) > 0) at += lengthAt(buffer, at);
    return at === 0 ? discard(1, 'bad frame') : frameOf(buffer, at);
  },
};

/** What a round came to: its tags, and what the module says against it, such as that it could not look. */
export interface Round {
  readonly tags: readonly ScanObservation[];
  readonly fault?: ProtocolError | undefined;
}

/** What a round's frames say. */
export function roundOf(round: Uint8Array): Round {
  const tags: ScanObservation[] = [];
  let fault: ProtocolError | undefined;
  for (let at = 0; at < round.length; at += lengthAt(round, at)) {
    const body = round.slice(at + HEAD, at + lengthAt(round, at) - TAIL);
    if (round[at + 1] === NOTICE) tags.push(tagOf(body));
    else if (body[0] !== NO_TAG) fault = refused(body[0] ?? 0);
  }
  return { tags, fault };
}

function tagOf(body: Uint8Array): ScanObservation {
  const signal = body[0] ?? 0;
  const pc = ((body[1] ?? 0) << 8) | (body[2] ?? 0);
  return { kind: 'scan', bytes: body.slice(3, -2), binary: true, tag: { pc, rssi: signal > 127 ? signal - 256 : signal } };
}

/** The length of the whole and undamaged frame at the position, of a kind that answers the question; 0 where there is none. */
function lengthAt(buffer: Uint8Array, at: number): number {
  if (buffer[at] !== START) return 0;
  const bodyLength = ((buffer[at + 3] ?? 0) << 8) | (buffer[at + 4] ?? 0);
  const end = at + HEAD + bodyLength;
  if (end + TAIL > buffer.length || buffer[end + 1] !== END) return 0;
  let sum = 0;
  for (let index = at + 1; index < end; index += 1) sum += buffer[index] ?? 0;
  if ((sum & 0xff) !== buffer[end]) return 0;
  const [, type, command] = buffer.subarray(at);
  if (type === REPLY && command === FAILED && bodyLength >= 1) return HEAD + bodyLength + TAIL;
  if (type !== NOTICE || command !== POLL || bodyLength < BODY_LEAST) return 0;
  const crc = ((buffer[end - 2] ?? 0) << 8) | (buffer[end - 1] ?? 0);
  return gen2Crc(buffer, at + HEAD + 1, end - 2) === crc ? HEAD + bodyLength + TAIL : 0;
}

function refused(code: number): ProtocolError {
  return new ProtocolError({
    where: 'uhf-bb7e',
    what: `the module could not look for tags, error ${code.toString(16).toUpperCase().padStart(2, '0')}`,
    remedy: 'Look the code up in the manual of the module, and at its antenna',
    fault: 'refused',
  });
}

const START = 0xbb;
const END = 0x7e;
const REPLY = 0x01;
const NOTICE = 0x02;
const POLL = 0x22;
const FAILED = 0xff;
const NO_TAG = 0x15;
/** Start, type, command and two bytes of length. */
const HEAD = 5;
/** Checksum and end. */
const TAIL = 2;
/** Signal, control word and CRC of a tag without an EPC. */
const BODY_LEAST = 5;

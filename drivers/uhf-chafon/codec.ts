import { crc16Chafon } from '../../src/driver-kit/checksum.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { ProtocolError, type ScanObservation } from '../../src/driver-kit/vocabulary.ts';

/*
 * One frame of an UHFReader288 that tells a tag; an UHFReader18 has neither the antenna nor the signal:
 *
 *   15   00   01   03   04   01   0C   49 44 00 00 00 00 00 00 0A 00 03 34   64   25 C0
 *   |    |    |    |    |    |    |    EPC                                   |    CRC over all before, low byte first
 *   |    |    |    |    |    |    length of the EPC                          signal, its unit not told
 *   |    |    |    |    |    tags in this frame
 *   |    |    |    |    antenna, one bit each: 3
 *   |    |    |    status: 03 more frames follow, 01 and 02 the round is over, 04 the memory is full, FB no tag
 *   |    |    command
 *   |    address of the reader
 *   length of all behind it
 *
 * wabson/chafon-rfid (MIT), chafon_rfid/; UHFReader288MP user manual v1.14, 3 and 8.2.1.
 */

/** The two dialects. */
export const MODELS = ['UHFReader18', 'UHFReader288'] as const;

/** How the reader is asked and its answer read. */
export interface ChafonOptions {
  readonly model: (typeof MODELS)[number];
  readonly address: number;
  readonly scanTime: number;
  readonly rssiOffset?: number | undefined;
}

/** What a round came to: its tags, and what the reader says against them. */
export interface Round {
  readonly tags: readonly ScanObservation[];
  readonly fault?: ProtocolError | undefined;
}

/** The question which tags an antenna sees; it changes nothing in the reader. An UHFReader18 has one antenna and is told none. */
export function inventory({ model, address, scanTime }: ChafonOptions, antenna: number): Uint8Array {
  // Q 15, session 0, no mask (memory 1, at 0, length 0), target A, antenna, tenths of a second
  const asked = [0x0f, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, FIRST_ANTENNA + antenna - 1, Math.round(scanTime / 100)];
  const body = [address, INVENTORY, ...(model === 'UHFReader18' ? [] : asked)];
  const frame = Uint8Array.from([body.length + CRC_LENGTH, ...body]);
  const crc = crc16Chafon(frame);
  return Uint8Array.from([...frame, crc & 0xff, crc >> 8]);
}

/** Finds all of a round: frames of this reader until one says that it is the last, or until the line falls silent. */
export function roundFraming({ address, scanTime }: ChafonOptions): Framing {
  return {
    bytesMax: ROUND_BYTES_MAX,
    gapMs: scanTime + GAP_MARGIN_MS,
    overflow: 'byte',
    next(buffer, atGap): Framed {
      let at = 0;
      for (;;) {
        const length = lengthAt(buffer, at, address);
        if (length === 'incomplete') return atGap ? cutOff(buffer, at) : INCOMPLETE;
        if (typeof length === 'string') return at === 0 ? discard(1, length) : frameOf(buffer, at);
        at += length;
        if (buffer[at - length + STATUS_AT] !== MORE_FOLLOWS) return frameOf(buffer, at);
        if (at === buffer.length) return atGap ? frameOf(buffer, at) : INCOMPLETE;
      }
    },
  };
}

/** What a round's frames say. Throws a ProtocolError when a frame is whole and not of the model. */
export function roundOf(round: Uint8Array, { model, rssiOffset }: ChafonOptions): Round {
  const tags: ScanObservation[] = [];
  let fault: ProtocolError | undefined;
  for (let at = 0; at < round.length; at += (round[at] ?? 0) + 1) {
    const frame = round.subarray(at, at + (round[at] ?? 0) + 1 - CRC_LENGTH);
    const status = frame[STATUS_AT] ?? 0;
    if (TAGS_INSIDE.has(status)) tags.push(...tagsOf(frame.subarray(STATUS_AT + 1), model, rssiOffset));
    else if (status !== NO_TAG) fault = refused(status);
  }
  return { tags, fault };
}

/** "No tag" of an UHFReader288, antenna 1 and no tags, reads as one tag without an EPC to an UHFReader18. */
function tagsOf(body: Uint8Array, model: ChafonOptions['model'], rssiOffset: number | undefined): readonly ScanObservation[] {
  if (body.length === 0) return [];
  const isOld = model === 'UHFReader18';
  const antenna = isOld ? undefined : ANTENNAS.get(body[0] ?? 0);
  const counted = body[isOld ? 0 : 1] ?? 0;
  const tags: ScanObservation[] = [];
  let at = isOld ? 1 : 2;
  for (; tags.length < counted && at < body.length; ) {
    const from = at + 1;
    const to = from + (body[at] ?? 0);
    const signal = body[to] ?? 0;
    const rssi = isOld || rssiOffset === undefined ? undefined : signal + rssiOffset;
    if (to - from > EPC_BYTES_MAX || (to - from) % 2 === 1 || (isOld && to === from)) throw otherModel(model);
    tags.push({ kind: 'scan', bytes: body.slice(from, to), binary: true, tag: { ...(rssi !== undefined && { rssi }), ...(antenna !== undefined && { antenna }) } });
    at = isOld ? to : to + 1;
  }
  if (tags.length !== counted || at !== body.length) throw otherModel(model);
  return tags;
}

/** The length of the whole and undamaged frame at the position, or why there is none. */
function lengthAt(buffer: Uint8Array, at: number, address: number): number | 'incomplete' | 'not the answer' | 'bad checksum' {
  const [length = LENGTH_LEAST, from = address, command = INVENTORY] = buffer.subarray(at, at + 3);
  if (length < LENGTH_LEAST || command !== INVENTORY || (address !== ANYBODY && from !== address)) return 'not the answer';
  const end = at + length + 1;
  if (end > buffer.length) return 'incomplete';
  const crc = (buffer[end - 2] ?? 0) | ((buffer[end - 1] ?? 0) << 8);
  return crc === crc16Chafon(buffer, at, end - CRC_LENGTH) ? length + 1 : 'bad checksum';
}

/** Frames before a broken one are good; the broken one alone is nothing. */
function cutOff(buffer: Uint8Array, at: number): Framed {
  return at === 0 ? discard(1, 'cut off') : frameOf(buffer, at);
}

function otherModel(model: string): ProtocolError {
  return new ProtocolError({
    where: 'uhf-chafon',
    what: `an answer does not fit an ${model}`,
    remedy: `Write \`model: ${model === 'UHFReader18' ? 'UHFReader288' : 'UHFReader18'}\``,
    fault: 'unexpected',
  });
}

function refused(status: number): ProtocolError {
  const code = status.toString(16).toUpperCase().padStart(2, '0');
  return new ProtocolError({
    where: 'uhf-chafon',
    what: status === ANTENNA_FAULT ? 'the reader finds no antenna' : `the reader could not look for tags, status ${code}`,
    remedy: status === ANTENNA_FAULT ? 'Connect the antenna, or leave it out of `antennas`' : 'Look the status up in the manual of the reader',
    fault: 'refused',
  });
}

const INVENTORY = 0x01;
const ANYBODY = 0xff;
const FIRST_ANTENNA = 0x80;
const STATUS_AT = 3;
const CRC_LENGTH = 2;
/** Address, command, status and CRC. */
const LENGTH_LEAST = 5;
/** EPC memory of a Gen2 tag holds 31 words at most (GS1 EPC Tag Data Standard, section 15). */
const EPC_BYTES_MAX = 62;
const ROUND_BYTES_MAX = 4096;
const GAP_MARGIN_MS = 200;
const MORE_FOLLOWS = 0x03;
const NO_TAG = 0xfb;
const ANTENNA_FAULT = 0xf8;
/** Round over, time over, more follows, memory full. */
const TAGS_INSIDE: ReadonlySet<number> = new Set([0x01, 0x02, MORE_FOLLOWS, 0x04]);
const ANTENNAS: ReadonlyMap<number, number> = new Map([1, 2, 3, 4, 5, 6, 7, 8].map((antenna) => [1 << (antenna - 1), antenna]));

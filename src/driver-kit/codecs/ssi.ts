import { hexOf } from '../bytes.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../framing.ts';

/*
 * One frame of Zebra's Simple Serial Interface, here a Code 128 from a wired scanner:
 *
 *   0A   F3   00   00   03   41 42 43 44 45   FD B1
 *   |    |    |    |    |    text             two's complement of the 16-bit sum of all before, high byte first
 *   |    |    |    |    code type
 *   |    |    |    status: bit 0 sent again, bit 1 more follows
 *   |    |    source: 0 decoder, 4 host (2 in the first segment of a multipacket)
 *   |    opcode
 *   length of all before the checksum, 4 to 255
 *
 * enioka_scan (Apache-2.0, github.com/enioka-Haute-Couture/enioka_scan); Zebra DS2208 product reference guide, SSI chapter.
 */

/** The opcodes that mean something to a host that only reads. */
export const SSI = {
  segment: 0x73,
  segmentAck: 0x74,
  initReply: 0x91,
  hostAck: 0x96,
  revisionReply: 0xa4,
  paramSend: 0xc6,
  ack: 0xd0,
  nak: 0xd1,
  capabilitiesReply: 0xd4,
  batch: 0xd6,
  beep: 0xe6,
  ledOn: 0xe7,
  ledOff: 0xe8,
  decoded: 0xf3,
  event: 0xf6,
} as const;

/** A frame taken apart. */
export interface SsiFrame {
  readonly opcode: number;
  readonly source: number;
  readonly status: number;
  readonly body: Uint8Array;
}

const CHECKSUM_LENGTH = 2;
const PREFIX_LENGTH = 2;

/** Whether a frame's status says that it is sent once more, since no answer came. */
export function isSentAgain(status: number): boolean {
  return (status & SENT_AGAIN) !== 0;
}

/** Cuts the bytes into frames whose checksum is right; the decoder gets each without its checksum. */
export const ssiFraming: Framing = { bytesMax: 0xff + CHECKSUM_LENGTH, overflow: 'byte', gapMs: 500, next: nextFrame };

/**
 * The same where each frame stands behind its whole length in two bytes, low byte first, which counts itself: over Terminal I/O.
 * enioka_scan, SsiOverAttParser.java and SsiMonoPacketWrapper.java.
 */
export const ssiPrefixedFraming: Framing = { ...ssiFraming, bytesMax: ssiFraming.bytesMax + PREFIX_LENGTH, next: nextPrefixedFrame };

/** A frame from the host with its length before it. */
export function ssiPrefixed(frame: Uint8Array): Uint8Array {
  const length = frame.length + PREFIX_LENGTH;
  return Uint8Array.of(length & 0xff, length >> 8, ...frame);
}

/** Takes a frame apart that `ssiFraming` found. */
export function ssiFrameOf(frame: Uint8Array): SsiFrame {
  const [, opcode = 0, source = 0, status = 0] = frame;
  return { opcode, source, status, body: frame.subarray(HEAD_LENGTH) };
}

/** A frame from the host, nothing in it permanent. */
export function ssiCommand(opcode: number, body: readonly number[] = []): Uint8Array {
  const frame = [HEAD_LENGTH + body.length, opcode, HOST, 0, ...body];
  const checksum = checksumOf(Uint8Array.from(frame), frame.length);
  return Uint8Array.from([...frame, checksum >> 8, checksum & 0xff]);
}

/** The name of a code type, such as 3 for Code 128; undefined for one that is not known. */
export function ssiSymbology(codeType: number): string | undefined {
  return CODE_TYPES.get(codeType);
}

/** What a multipacket has brought so far. It is a part of a driver's state: bounded by the 16-bit length of its text. */
export interface SsiSegments {
  readonly codeType: number;
  readonly length: number;
  readonly text: Uint8Array;
  /** The segment's number that came last, and its bytes: one that is sent again must not count twice. */
  readonly number: number;
  readonly lastHex: string;
}

/** What a segment comes to: undefined when it fits nothing that came before. */
export function ssiSegment(frame: Uint8Array, before: SsiSegments | undefined): SsiSegments | undefined {
  const lastHex = segmentHex(frame);
  const [length = 0, , source, status = 0, number = 0] = frame;
  if (isSentAgain(status) && before?.lastHex === lastHex) return before;
  if (source === FIRST_SEGMENT) return firstSegment(frame, lastHex);
  if (before === undefined || isWhole(before) || number !== ((before.number + 1) & 0xff)) return undefined;
  const wanted = before.length - before.text.length;
  const text = new Uint8Array(Buffer.concat([before.text, frame.subarray(5, Math.min(length, 5 + wanted))]));
  if (text.length < before.length && length !== 0xff) return undefined; // only the last one may be short
  return { ...before, text, number, lastHex };
}

/** Whether all of the text is there. */
export function isWhole({ text, length }: SsiSegments): boolean {
  return text.length === length;
}

function firstSegment(frame: Uint8Array, lastHex: string): SsiSegments | undefined {
  if (frame.length !== 0xff || frame[4] !== 0 || frame[5] !== SSI.decoded) return undefined;
  const length = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  const text = frame.slice(14, 14 + length);
  return { codeType: frame[10] ?? 0, length, text, number: 0, lastHex };
}

/** All but the status, in which only the retransmit bit differs, so that a segment that is sent again is the same. */
function segmentHex(frame: Uint8Array): string {
  return hexOf(frame.subarray(0, 3)) + hexOf(frame.subarray(HEAD_LENGTH));
}

function nextFrame(buffer: Uint8Array, atGap: boolean): Framed {
  const length = buffer[0] ?? 0;
  if (length < HEAD_LENGTH) return discard(1, 'not a frame');
  if (buffer.length > 2 && (buffer[2] ?? 0) > SOURCE_MOST) return discard(1, 'not a frame');
  if (buffer.length < length + CHECKSUM_LENGTH) return atGap ? discard(1, 'cut off') : INCOMPLETE;
  const checksum = ((buffer[length] ?? 0) << 8) | (buffer[length + 1] ?? 0);
  if (checksum !== checksumOf(buffer, length)) return discard(1, 'bad checksum');
  return frameOf(buffer, length + CHECKSUM_LENGTH, 0, length);
}

/** The two lengths have to agree, so that noise before a frame is passed over byte by byte. */
function nextPrefixedFrame(buffer: Uint8Array, atGap: boolean): Framed {
  const whole = (buffer[0] ?? 0) | ((buffer[1] ?? 0) << 8);
  if (buffer.length > PREFIX_LENGTH && buffer[PREFIX_LENGTH] !== whole - PREFIX_LENGTH - CHECKSUM_LENGTH) return discard(1, 'not a frame');
  if (buffer.length <= PREFIX_LENGTH) return atGap ? discard(1, 'cut off') : INCOMPLETE;
  const framed = nextFrame(buffer.subarray(PREFIX_LENGTH), atGap);
  return framed.kind === 'frame' ? frameOf(buffer, whole, PREFIX_LENGTH, whole - CHECKSUM_LENGTH) : framed;
}

function checksumOf(bytes: Uint8Array, to: number): number {
  let sum = 0;
  for (let at = 0; at < to; at += 1) sum += bytes[at] ?? 0;
  return -sum & 0xffff;
}

const HEAD_LENGTH = 4;
const HOST = 4;
const SENT_AGAIN = 0x01;
const SOURCE_MOST = 4;
const FIRST_SEGMENT = 2;

/** Code types of DECODE_DATA as enioka_scan lists them; it marks the DataBar ones as not yet tested. */
const CODE_TYPES: ReadonlyMap<number, string> = new Map([
  [0x01, 'Code 39'],
  [0x02, 'Codabar'],
  [0x03, 'Code 128'],
  [0x04, 'Discrete 2 of 5'],
  [0x06, 'Interleaved 2 of 5'],
  [0x07, 'Code 93'],
  [0x08, 'UPC-A'],
  [0x09, 'UPC-E'],
  [0x0a, 'EAN-8'],
  [0x0b, 'EAN-13'],
  [0x0c, 'Code 11'],
  [0x0e, 'MSI'],
  [0x0f, 'GS1-128'],
  [0x11, 'PDF417'],
  [0x13, 'Code 39 full ASCII'],
  [0x16, 'Bookland'],
  [0x1b, 'Data Matrix'],
  [0x1c, 'QR Code'],
  [0x25, 'MaxiCode'],
  [0x2d, 'Aztec Code'],
  [0x30, 'GS1 DataBar'],
  [0x31, 'GS1 DataBar Limited'],
  [0x32, 'GS1 DataBar Expanded'],
]);

import { crc16Mercury, gen2Crc } from '../../src/driver-kit/checksum.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { ProtocolError, type ScanObservation } from '../../src/driver-kit/vocabulary.ts';

/*
 * The module's answer to the question for the tags it has seen, here one tag:
 *
 *   FF   26   29   00 00   01 FF   00   01   01 C4 11 0E1640 00000127 0000 05 0000 0F  00 80  30 00 0000…1545  E9 4A  xx xx
 *   |    |    |    status  |       |    |    |  |  |  kHz    ms       |    |  |    |   bits   control EPC        Gen2   CRC over
 *   |    |    command      |       |    |    |  |  antenna            |    |  |    pins       word             CRC    all before
 *   |    length of what stands     |    tags |  signal in dBm, signed phase |  embedded data's bits                    but FF
 *   |    between status and CRC    options   how often                      protocol
 *   start                  which fields a tag has
 *
 * The module finds tags for a while (22), then gives what it found in portions (29).
 *
 * SparkFun Simultaneous RFID Tag Reader Library (src/, "Example Communication Logs"); ThingMagic Mercury API, serial reader.
 */

/** The commands that are used. None of them is kept by the module over a loss of power. */
export const MERCURY = {
  boot: 0x04,
  readTags: 0x22,
  takeTags: 0x29,
  clearTags: 0x2a,
  power: 0x62,
  region: 0x67,
  setAntennas: 0x91,
  setPower: 0x92,
  setProtocol: 0x93,
  setRegion: 0x97,
} as const;

/** An answer taken apart. */
export interface MercuryAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** What a portion of tags came to: how many the module counted, and those whose own CRC is right. */
export interface Portion {
  readonly counted: number;
  readonly tags: readonly ScanObservation[];
}

/** A question or an order to the module. */
export function mercuryCommand(opcode: number, body: readonly number[] = []): Uint8Array {
  const frame = Uint8Array.from([START, body.length, opcode, ...body]);
  const crc = crc16Mercury(frame, 1);
  return Uint8Array.from([...frame, crc >> 8, crc & 0xff]);
}

/** Finds the answer to a command: what the module says of others, or by itself when it gets power, is not it. */
export function answerFraming(opcode: number): Framing {
  return {
    bytesMax: 0xff + FRAME_REST,
    gapMs: 100,
    overflow: 'byte',
    next(buffer, atGap): Framed {
      if (buffer[0] !== START || (buffer.length > 2 && buffer[2] !== opcode)) return discard(1, 'not the answer');
      const length = (buffer[1] ?? 0xff) + FRAME_REST;
      if (buffer.length < length) return atGap ? discard(1, 'cut off') : INCOMPLETE;
      const crc = ((buffer[length - 2] ?? 0) << 8) | (buffer[length - 1] ?? 0);
      return crc === crc16Mercury(buffer, 1, length - 2) ? frameOf(buffer, length) : discard(1, 'bad checksum');
    },
  };
}

/** Takes an answer apart that `answerFraming` found. */
export function mercuryAnswerOf(frame: Uint8Array): MercuryAnswer {
  return { status: ((frame[3] ?? 0) << 8) | (frame[4] ?? 0), body: frame.subarray(5, -2) };
}

/** The tags of one portion. Throws a ProtocolError when they are not laid out as they were asked for. */
export function portionOf(body: Uint8Array): Portion {
  const counted = body[3] ?? 0;
  if (((body[0] ?? 0) << 8 | (body[1] ?? 0)) !== FIELDS) throw unexpected('tags come with other fields than were asked for');
  const tags: ScanObservation[] = [];
  let at = 4;
  for (let number = 0; number < counted; number += 1) {
    const epcAt = at + TAG_HEAD + Math.ceil(wordAt(body, at + DATA_BITS_AT) / 8);
    const end = epcAt + 2 + Math.ceil(wordAt(body, epcAt) / 8);
    if (end > body.length || end - epcAt - 2 < EPC_REST) throw unexpected('a tag is longer or shorter than it can be');
    const tag = tagOf(body.subarray(at, end), epcAt - at + 2);
    if (tag !== undefined) tags.push(tag);
    at = end;
  }
  if (at !== body.length) throw unexpected('something stands behind the tags');
  return { counted, tags };
}

/** Undefined when the tag's own CRC is wrong, which the frame's does not tell. */
function tagOf(record: Uint8Array, from: number): ScanObservation | undefined {
  const to = record.length - 2;
  if (gen2Crc(record, from, to) !== wordAt(record, to)) return undefined;
  const signal = record[1] ?? 0;
  const antenna = (record[2] ?? 0) >> 4;
  return {
    kind: 'scan',
    bytes: record.slice(from + 2, to),
    binary: true,
    tag: { pc: wordAt(record, from), rssi: signal > 127 ? signal - 256 : signal, ...(antenna > 0 && { antenna }) },
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function unexpected(what: string): ProtocolError {
  return new ProtocolError({ where: 'thingmagic', what, remedy: 'Send a transcript of it: this module speaks otherwise than the documents', fault: 'unexpected' });
}

/** How often, signal, antenna, frequency, time, phase, protocol, embedded data, pins: all the fields there are. */
export const FIELDS = 0x01ff;
const START = 0xff;
/** Start, length, command, status and CRC. */
const FRAME_REST = 7;
/** The fields before an EPC's length, without embedded data. */
const TAG_HEAD = 16;
const DATA_BITS_AT = 13;
/** Control word and CRC of a tag. */
const EPC_REST = 4;

import { bytesOfHex, bytesOfLatin1, latin1Of } from '../../src/driver-kit/bytes.ts';
import { gen2Crc } from '../../src/driver-kit/checksum.ts';
import { type AimForm, withoutAim } from '../../src/driver-kit/codecs/aim.ts';
import type { Decoded, Feedback } from '../../src/driver-kit/define-driver.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { ProtocolError, type ScanObservation } from '../../src/driver-kit/vocabulary.ts';

/*
 * What a reader sends when its trigger is pulled, once for tags and once for a barcode; each line ends with CR LF:
 *
 *   CS: .iv                          the command that this answers
 *   EP: 30751FEB705C5904E3D50D70     a tag: its EPC,
 *   RI: -54                          its signal in dBm,
 *   PC: 3400                         its control word,
 *   CR: 3A76                         its CRC over control word and EPC
 *   OK:                              the end, or ER:005 and the like
 *
 *   CS: .bc
 *   BC: PUMP-0042                    a barcode, in which CR, LF and ESC each have an ESC (1B) before them; BR: without these
 *   OK:
 *
 * The lines of one tag, in whatever order, are one frame; each other line is one by itself. TSL ASCII protocol 2, asciiprotocol.com.
 */

/** What the person at the reader is told with. */
export const ALERTS = ['buzz and vibrate', 'buzz', 'vibrate', 'none'] as const;

/** What decoding and answers need of the options. */
export interface TslOptions {
  readonly aim: AimForm;
  readonly feedback: (typeof ALERTS)[number];
  readonly answerWithin: number;
}

/** Cuts the bytes into lines, those of one tag together. */
export const tslFraming: Framing = {
  bytesMax: 8192,
  gapMs: 500,
  overflow: 'frame',
  next(buffer, atGap): Framed {
    if (STRAY.has(buffer[0] ?? 0)) return discard(1, 'between lines');
    let end = 0;
    for (const seen = new Set<string>(); ; ) {
      const next = lineEndAt(buffer, end);
      const header = latin1Of(buffer.subarray(end, end + HEADER_LENGTH));
      const isOfTag = TAG_LINE.test(header) && !seen.has(header);
      if (end > 0 && !isOfTag && (header.length === HEADER_LENGTH || next > 0)) return frameOf(buffer, end);
      if (next === 0 && !atGap) return INCOMPLETE;
      if (next === 0) return end > 0 ? frameOf(buffer, end) : discard(buffer.length, 'line without end');
      if (!isOfTag) return frameOf(buffer, next);
      seen.add(header);
      end = next;
    }
  },
};

/** A tag or a barcode as a scan; every other line says nothing. Throws a ProtocolError for what is no line of the protocol. */
export function decodeTsl(frame: Uint8Array, { aim }: Pick<TslOptions, 'aim'>): Decoded<undefined> {
  const [, header = '', value = ''] = LINE.exec(latin1Of(frame)) ?? [];
  if (header === 'BC') return { observations: [barcodeOf(unescaped(value), aim)] };
  if (header === 'BR') return { observations: [barcodeOf(bytesOfLatin1(value), aim)] };
  if (TAG_LINE.test(`${header}:`)) return { observations: tagOf(latin1Of(frame)) };
  if (header === '' && !EMPTY.test(latin1Of(frame))) throw corrupt('a line does not begin with a name of two letters');
  return { observations: [] };
}

/**
 * The alerts for each answer. Each is a command of its own with its parameters reset first, since parameters stay from one command
 * to the next; nothing outlives the reader's power. Its own answer (CS, OK) says nothing.
 */
export function alertsOf({ feedback, answerWithin }: Omit<TslOptions, 'aim'>): Feedback | undefined {
  if (feedback === 'none') return undefined;
  const on = (part: string): string => (feedback.includes(part) ? 'on' : 'off');
  const alert = (how: string): string => `.al -x -b${on('buzz')} -v${on('vibrate')} ${how}\r\n`;
  return {
    stored: bytesOfLatin1(alert('-dsho -thig')),
    questioned: bytesOfLatin1(alert('-dsho -thig') + alert('-dmed -tlow')),
    refused: bytesOfLatin1(alert('-dlon -tlow')),
    answerWithinMs: answerWithin,
  };
}

function barcodeOf(sent: Uint8Array, form: AimForm): ScanObservation {
  const { aim, code } = withoutAim(sent, form);
  return { kind: 'scan', bytes: code, binary: true, ...(aim !== undefined && { aim }) };
}

function tagOf(text: string): Decoded['observations'] {
  const fields = new Map([...text.matchAll(TAG_FIELD)].map(([, name = '', value = '']) => [name, value]));
  const epc = fields.get('EP');
  if (epc === undefined) return [];
  if (!EPC.test(epc)) throw corrupt('an EPC is not hexadecimal');
  const bytes = bytesOfHex(epc);
  const pc = wordOf(fields.get('PC'));
  const crc = wordOf(fields.get('CR'));
  if (pc !== undefined && crc !== undefined && gen2Crc(Uint8Array.from([pc >> 8, pc & 0xff, ...bytes])) !== crc) throw corrupt("a tag's CRC is wrong");
  const rssi = SIGNAL.exec(fields.get('RI') ?? '')?.[0];
  return [{ kind: 'scan', bytes, binary: true, tag: { ...(pc !== undefined && { pc }), ...(rssi !== undefined && { rssi: Number(rssi) }) } }];
}

/** Each ESC stands before a byte that is meant as it is, another ESC too. */
function unescaped(value: string): Uint8Array {
  const bytes = bytesOfLatin1(value);
  const plain: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === ESC && at + 1 < bytes.length) at += 1;
    plain.push(bytes[at] ?? 0);
  }
  return Uint8Array.from(plain);
}

function wordOf(text: string | undefined): number | undefined {
  return text !== undefined && WORD.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** Where the line that begins at the position ends, its LF counted; 0 where it does not end yet. An ESC hides the byte behind it in BC. */
function lineEndAt(buffer: Uint8Array, from: number): number {
  const isEscaped = buffer[from] === 0x42 && buffer[from + 1] === 0x43;
  for (let at = from; at < buffer.length; at += 1) {
    if (isEscaped && buffer[at] === ESC) at += 1;
    else if (buffer[at] === LF) return at + 1;
  }
  return 0;
}

function corrupt(what: string): ProtocolError {
  return new ProtocolError({ where: 'tsl-ascii', what, remedy: 'Check the link, and that the reader speaks the ASCII protocol 2', fault: 'corrupt' });
}

const LF = 0x0a;
const ESC = 0x1b;
/** Bytes that readers were seen to send between lines. */
const STRAY: ReadonlySet<number> = new Set([0x00, 0xff]);
const HEADER_LENGTH = 3;
/** EPC, signal, control word, CRC, index, and what a reader can be told to add. */
const TAG_LINE = /^(?:EP|RI|PC|CR|IX):/;
const TAG_FIELD = /^([A-Z]{2}):[ ]?([^\r\n]*)\r?$/gm;
const LINE = /^([A-Z]{2}):[ ]?([^]*?)\r?\n$/;
const EMPTY = /^\r?\n$/;
const EPC = /^(?:[0-9A-Fa-f]{4}){1,31}$/;
const WORD = /^[0-9A-Fa-f]{4}$/;
const SIGNAL = /^-?\d{1,3}$/;

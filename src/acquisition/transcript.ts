import { ConfigurationError, PROTOCOL_FAULTS, type ProtocolFault } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import { uuidOf } from '../driver-kit/advertisement.ts';
import { parseObservation } from './transcript-observation.ts';

/** A recorded conversation with a device and what a driver is to make of it; see docs/writing-a-driver.md. */
export interface Transcript {
  /** Where the bytes come from, one line each. */
  readonly origin: readonly string[];
  /** The driver's options as a YAML flow mapping, such as "{ terminator: CR }". */
  readonly options: string;
  readonly steps: readonly Step[];
  readonly expected: readonly Expected[];
}

/** One line of the conversation. */
export type Step =
  /** `>`: bytes from the gateway. */
  | { readonly kind: 'sent'; readonly bytes: Uint8Array }
  /** `<`: bytes from the device. */
  | { readonly kind: 'received'; readonly bytes: Uint8Array }
  /** `(silence)`: as long as the framing's gap. */
  | { readonly kind: 'silence' }
  /** `from C0:DE:C0:DE:00:01 random`: who sends the advertisements that follow. */
  | { readonly kind: 'sender'; readonly address: string; readonly addressType: 'public' | 'random' }
  /** `(restart)`: the gateway starts anew, with what the driver notes. */
  | { readonly kind: 'restart' }
  /** `at 181A/2A6E`: the characteristic that the bytes which follow are of. */
  | { readonly kind: 'place'; readonly service: string; readonly characteristic: string }
  /** `descriptor 2904: 0E FE 2F 27 01 00 00`: one of that characteristic. */
  | { readonly kind: 'descriptor'; readonly uuid: string; readonly bytes: Uint8Array };

/** One line below the ruler. */
export type Expected =
  | { readonly kind: 'observation'; readonly observation: Observation }
  /** `error: corrupt`: the frame or the poll fails with a ProtocolError. */
  | { readonly kind: 'error'; readonly fault: ProtocolFault }
  /** `discard: 3 too long`: so many bytes in all become part of no frame, for this reason. */
  | { readonly kind: 'discard'; readonly bytes: number; readonly reason: string };

/** Reads a transcript. Throws a ConfigurationError that names the line. */
export function parseTranscript(text: string): Transcript {
  const transcript = { origin: [] as string[], options: '{}', steps: [] as Step[], expected: [] as Expected[] };
  let below = false;
  for (const [index, line] of text.split('\n').map((line) => line.trim()).entries()) {
    try {
      if (line === '') continue;
      if (/^-{10,}$/.test(line)) below = true;
      else if (line.startsWith('#')) transcript.origin.push(line.slice(1).trim());
      else if (below) transcript.expected.push(parseExpected(line));
      else if (line.startsWith('options:')) transcript.options = line.slice('options:'.length).trim();
      else transcript.steps.push(parseStep(line));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ConfigurationError({ where: `line ${index + 1}`, what: error.message, remedy: FORMAT, cause: error });
    }
  }
  if (!below) throw new ConfigurationError({ where: 'the end', what: 'there is no ruler of ten dashes', remedy: FORMAT });
  return transcript;
}

function parseStep(line: string): Step {
  if (line === '(silence)') return { kind: 'silence' };
  if (line.startsWith('>')) return { kind: 'sent', bytes: parseBytes(line.slice(1)) };
  if (line.startsWith('<')) return { kind: 'received', bytes: parseBytes(line.slice(1)) };
  return parseRadioStep(line);
}

function parseRadioStep(line: string): Step {
  if (line === '(restart)') return { kind: 'restart' };
  const [, address, addressType] = /^from ((?:[0-9A-F]{2}:){5}[0-9A-F]{2}) (public|random)$/.exec(line) ?? [];
  if (address !== undefined) return { kind: 'sender', address, addressType: addressType === 'public' ? 'public' : 'random' };
  const [, service, characteristic] = /^at ([0-9A-Fa-f-]{4,36})\/([0-9A-Fa-f-]{4,36})$/.exec(line) ?? [];
  if (service !== undefined && characteristic !== undefined) return { kind: 'place', service: uuidOf(service), characteristic: uuidOf(characteristic) };
  const [, uuid, bytes] = /^descriptor ([0-9A-Fa-f]{4}):(.*)$/.exec(line) ?? [];
  if (uuid !== undefined) return { kind: 'descriptor', uuid: uuidOf(uuid), bytes: parseBytes(bytes ?? '') };
  throw new RangeError(`this is neither bytes nor (silence): ${line}`);
}

function parseExpected(line: string): Expected {
  if (line.startsWith('{')) return { kind: 'observation', observation: parseObservation(line) };
  const fault = PROTOCOL_FAULTS.find((known) => line === `error: ${known}`);
  if (fault !== undefined) return { kind: 'error', fault };
  const [, bytes, reason] = /^discard: (\d{1,9}) (.+)$/.exec(line) ?? [];
  if (bytes === undefined || reason === undefined) throw new RangeError(`this is no expectation: ${line}`);
  return { kind: 'discard', bytes: Number(bytes), reason };
}

/** Hexadecimal groups and quoted ASCII, mixed: `02 "ABC\r" 0A`. */
function parseBytes(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let rest = text.trim(); rest !== ''; ) {
    const [token, quoted] = TOKEN.exec(rest) ?? [];
    if (token === undefined) throw new RangeError(`this is neither hexadecimal nor quoted ASCII: ${rest}`);
    parts.push(Buffer.from(quoted === undefined ? token : unescaped(quoted), quoted === undefined ? 'hex' : 'latin1'));
    rest = rest.slice(token.length).trimStart();
  }
  return new Uint8Array(Buffer.concat(parts));
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(x[0-9A-Fa-f]{2}|.)/g, (_, escape: string) => {
    if (escape.startsWith('x') && escape.length === 3) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    const character = ESCAPES.get(escape);
    if (character === undefined) throw new RangeError(`there is no escape \\${escape}`);
    return character;
  });
}

const TOKEN = /^(?:"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x21-\x7e])*)"|(?:[0-9A-Fa-f]{2})+)(?=\s|$)/;

const ESCAPES = new Map([
  ['r', '\r'],
  ['n', '\n'],
  ['t', '\t'],
  ['\\', '\\'],
  ['"', '"'],
]);

const FORMAT = 'See docs/writing-a-driver.md for the format of transcripts';

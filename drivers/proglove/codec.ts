import { bytesOfLatin1, latin1Of } from '../../src/driver-kit/bytes.ts';
import { type AimForm, withoutAim } from '../../src/driver-kit/codecs/aim.ts';
import type { Decoded, Feedback } from '../../src/driver-kit/define-driver.ts';
import { encodeJson, ProtocolError } from '../../src/driver-kit/vocabulary.ts';

/*
 * One event a line, a flat JSON object, and the answer to it (Streams API of the ProGlove Gateway):
 *
 *   {"api_version":"1.0","event_type":"scan","event_id":"…","time_created":1546300800000,"device_serial":"…","scan_code":"PUMP-0042"}
 *   {"api_version":"1.0","event_type":"feedback!","event_id":"…","time_created":…,"device_serial":"…","feedback_action_id":"FEEDBACK_POSITIVE"}
 */

/** What the decoding needs of the options. */
export interface ProgloveOptions {
  readonly aim: AimForm;
  readonly answerWithin: number;
}

/** One line as a scan, with the answer that names it; a line of another kind says nothing. */
export function decodeEvent(line: Uint8Array, { aim: form, answerWithin }: ProgloveOptions): Decoded<undefined> {
  const event = eventOf(line);
  if (event['event_type'] !== 'scan') return { observations: [] };
  const code = event['scan_code'];
  if (typeof code !== 'string') throw unexpected('a scan without "scan_code"');
  const feedback = feedbackTo(event, answerWithin);
  const { aim, code: bytes } = withoutAim(new Uint8Array(Buffer.from(code, 'utf8')), form);
  return {
    observations: [{ kind: 'scan', bytes, binary: true, ...(aim !== undefined && { aim }) }],
    ...(feedback && { feedback }),
  };
}

/** The wearer can be told only where the event says which device and which scan it was. */
function feedbackTo(event: Readonly<Record<string, unknown>>, answerWithinMs: number): Feedback | undefined {
  const { event_id: id, device_serial: serial, time_created: time } = event;
  if (typeof id !== 'string' || typeof serial !== 'string' || id.length > ID_MAX || serial.length > ID_MAX) return undefined;
  const command = (action: string): string => {
    const text = encodeJson({
      api_version: '1.0',
      event_type: 'feedback!',
      event_id: id,
      time_created: Number.isFinite(time) ? (time as number) : undefined, // 1e999 is valid JSON, and no number here
      device_serial: serial,
      feedback_action_id: action,
    });
    return `${text.replace(/[\u007f-\uffff]/g, escaped)}\n`;
  };
  const positive = command('FEEDBACK_POSITIVE');
  return {
    stored: bytesOfLatin1(positive),
    questioned: bytesOfLatin1(positive + command('FEEDBACK_SPECIAL_YELLOW')), // the good answer first: it is stored, and a glove may not know the colour
    refused: bytesOfLatin1(command('FEEDBACK_NEGATIVE')),
    answerWithinMs,
  };
}

function eventOf(line: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const event: unknown = JSON.parse(Buffer.from(latin1Of(line), 'latin1').toString('utf8'));
    if (typeof event === 'object' && event !== null && !Array.isArray(event)) return event as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ProtocolError({ where: 'proglove', what: 'a line is no JSON', remedy: REMEDY, fault: 'corrupt', cause: error });
  }
  throw unexpected('a line is no JSON object');
}

function unexpected(what: string): ProtocolError {
  return new ProtocolError({ where: 'proglove', what, remedy: REMEDY, fault: 'unexpected' });
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const REMEDY = 'Set the ProGlove Gateway to the Streams API with JSON';
const ID_MAX = 128;

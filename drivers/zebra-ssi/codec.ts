import { hexOf } from '../../src/driver-kit/bytes.ts';
import { type AimForm, withoutAim } from '../../src/driver-kit/codecs/aim.ts';
import { isSentAgain, isWhole, SSI, ssiCommand, ssiFrameOf, ssiPrefixed, ssiSegment, type SsiSegments, ssiSymbology } from '../../src/driver-kit/codecs/ssi.ts';
import type { Decoded, Feedback } from '../../src/driver-kit/define-driver.ts';
import { fingerprintOf } from '../../src/driver-kit/fingerprint.ts';
import { ProtocolError, type ScanObservation } from '../../src/driver-kit/vocabulary.ts';

/** What the decoding needs of the options. */
export interface SsiOptions {
  readonly textOffset: number;
  readonly lengthPrefix: boolean;
  readonly aim: AimForm;
  readonly feedback: 'acknowledge' | 'beep' | 'beep and led';
  readonly answerWithin: number;
}

/** What must be kept from one frame to the next: a multipacket, whole or half. */
export interface SsiState {
  readonly segments?: SsiSegments;
}

/** What a frame says, and what the scanner is told at once or after the commit. */
export function decodeSsi(frame: Uint8Array, options: SsiOptions, state: SsiState = {}): Decoded<SsiState> {
  const { opcode, status, body } = ssiFrameOf(frame);
  if (opcode === SSI.decoded) return single(body, status, options);
  if (opcode === SSI.segment) return segment(frame, options, state);
  if (opcode === SSI.ack || opcode === SSI.nak) return { observations: [], state };
  if (opcode === SSI.initReply) return { observations: [], state, reply: command(options, SSI.hostAck) };
  if (WITHOUT_MEANING.has(opcode)) return { observations: [], state, reply: command(options, SSI.ack) };
  if (opcode === SSI.batch) throw unexpected('codes in batch mode', 'Switch batch mode off in the scanner');
  const code = hexOf(Uint8Array.of(opcode));
  throw unexpected(`a frame of a kind that is not known, opcode ${code}`, 'Look the opcode up in the SSI guide: the scanner may be set to send what this driver does not read');
}

/** What the scanner is told where a frame is no scan: no tone, since nobody waits for one. */
export function plainFeedback(options: SsiOptions): Feedback {
  return { stored: command(options, SSI.ack), refused: command(options, SSI.nak, [BAD_CONTEXT]), answerWithinMs: options.answerWithin };
}

function single(body: Uint8Array, status: number, options: SsiOptions): Decoded<SsiState> {
  const { textOffset } = options;
  if (body.length < textOffset) throw unexpected('a code that is shorter than its head', 'Set `textOffset` as the transport needs');
  return { ...reported(body[0] ?? 0, body.subarray(textOffset), options), state: {}, sent: { code: fingerprintOf(body), again: isSentAgain(status) } };
}

function segment(frame: Uint8Array, options: SsiOptions, state: SsiState): Decoded<SsiState> {
  const { status, body } = ssiFrameOf(frame);
  const segments = ssiSegment(frame, state.segments);
  const sent = { part: fingerprintOf(body), again: isSentAgain(status) };
  if (segments === undefined) {
    // Half a code is not kept: a later segment of another could seem to fit. What comes alone may be the end of a code that is known.
    return { observations: [], state: {}, sent, feedback: feedbackOf(options), fault: unexpected('a segment that fits nothing before it', 'Scan the code again') };
  }
  if (!isWhole(segments)) return { observations: [], state: { segments }, sent, reply: command(options, SSI.segmentAck) };
  const code = fingerprintOf(Uint8Array.of(segments.codeType), segments.text);
  return { ...reported(segments.codeType, segments.text, options), state: { segments }, sent: { ...sent, code } };
}

function reported(codeType: number, text: Uint8Array, options: SsiOptions): Pick<Decoded, 'observations' | 'feedback'> {
  const symbologyName = ssiSymbology(codeType);
  const { aim, code } = withoutAim(text, options.aim);
  const scan: ScanObservation = { kind: 'scan', bytes: code.slice(), binary: true, ...(aim !== undefined && { aim }), ...(symbologyName !== undefined && { symbologyName }) };
  return { observations: [scan], feedback: feedbackOf(options) };
}

/**
 * CMD_ACK or CMD_NAK first, since that is what the scanner waits for; then what the person hears and sees. A questioned code
 * is stored, so it gets the good tone before the bad one: the bad one alone would have it scanned, and counted, once more.
 */
function feedbackOf(options: SsiOptions): Feedback {
  const { feedback, answerWithin } = options;
  const tell = (answer: Uint8Array, beeps: readonly number[], led: number): Uint8Array =>
    new Uint8Array(
      Buffer.concat([
        answer,
        ...(feedback === 'acknowledge' ? [] : beeps.map((beep) => command(options, SSI.beep, [beep]))),
        ...(feedback === 'beep and led' ? [command(options, SSI.ledOff, [ALL_LEDS]), command(options, SSI.ledOn, [led])] : []),
      ]),
    );
  const ack = command(options, SSI.ack);
  return {
    stored: tell(ack, [GOOD], GREEN),
    questioned: tell(ack, [GOOD, FAILURE], RED),
    refused: tell(command(options, SSI.nak, [UNDESIRED]), [FAILURE], RED),
    answerWithinMs: answerWithin,
  };
}

function command({ lengthPrefix }: SsiOptions, opcode: number, body?: readonly number[]): Uint8Array {
  const frame = ssiCommand(opcode, body);
  return lengthPrefix ? ssiPrefixed(frame) : frame;
}

function unexpected(what: string, remedy: string): ProtocolError {
  return new ProtocolError({ where: 'zebra-ssi', what, remedy, fault: 'unexpected' });
}

/** Frames that a scanner may send and that say nothing of a code; they are acknowledged so that it does not repeat them. */
const WITHOUT_MEANING: ReadonlySet<number> = new Set([SSI.event, SSI.revisionReply, SSI.paramSend, SSI.capabilitiesReply]);
const BAD_CONTEXT = 2;
const UNDESIRED = 10;
const GOOD = 0x01;
const FAILURE = 0x12;
const GREEN = 0x01;
const RED = 0x02;
const ALL_LEDS = 0xff;

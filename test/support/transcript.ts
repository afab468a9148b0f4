import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { FrameReader } from '../../src/acquisition/frame-reader.ts';
import { observationLine } from '../../src/acquisition/transcript-observation.ts';
import { type Expected, parseTranscript, type Step, type Transcript } from '../../src/acquisition/transcript.ts';
import { ProtocolError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { errorLine, replayAdvertising, replayGatt } from './radio-transcript.ts';
import type { Driver, Emit, Feedback, ListeningDriver, PollingDriver, PollingLink, SentCode } from '../../src/driver-kit/define-driver.ts';
import { scanContent } from '../../src/identification/scan-content.ts';

const DRIVERS = new URL('../../drivers/', import.meta.url);

/** The chunk sizes that every transcript is replayed at; the bytes of one side in a row make one whole. */
export const CHUNK_SIZES = [1, 2, 7, Number.POSITIVE_INFINITY];

/** What a replay came to, in the words of a transcript: observations and errors in order, discards summed up by reason. */
export interface Replayed {
  readonly found: readonly string[];
  readonly discards: Readonly<Record<string, number>>;
  /** What the gateway sent that no `>` line asked for, or did not send that one asked for; empty when all is well. */
  readonly sent: readonly string[];
}

/** Every transcript of a driver, by file name. */
export function transcriptsOf(driver: string): readonly { readonly name: string; readonly transcript: Transcript }[] {
  const folder = new URL(`${driver}/fixtures/`, DRIVERS);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.transcript'))
    .sort()
    .map((name) => ({ name, transcript: parseTranscript(readFileSync(new URL(name, folder), 'utf8')) }));
}

/** What the lines below the ruler ask for, in the form of a replay. */
export function expectedOf({ expected }: Transcript): Replayed {
  const discards: Record<string, number> = {};
  for (const line of expected) {
    if (line.kind === 'discard') discards[line.reason] = (discards[line.reason] ?? 0) + line.bytes;
  }
  return { found: expected.flatMap(foundLine), discards, sent: [] };
}

/** Plays a transcript to a driver, the device's bytes in chunks of the size. */
export async function replay(driver: Driver, transcript: Transcript, chunkSize: number): Promise<Replayed> {
  const options = optionsOf(driver, transcript.options);
  switch (driver.form) {
    case 'listening':
      return replayListening(driver, options, joinedSteps(transcript.steps), chunkSize);
    case 'polling':
      return replayPolling(driver, options, joinedSteps(transcript.steps), chunkSize);
    case 'advertising':
      return { ...replayAdvertising(driver, options, transcript.steps), sent: [] };
    case 'gatt':
      return { found: replayGatt(driver, options, transcript.steps), discards: {}, sent: [] };
  }
}

function replayListening(driver: ListeningDriver, options: unknown, steps: readonly Step[], chunkSize: number): Replayed {
  const found: string[] = [];
  const discards: Record<string, number> = {};
  const feedback = driver.feedback?.(options);
  let state: unknown;
  let sent = '';
  let last: SentCode | undefined;
  const framing = driver.framing(options);
  const reader = new FrameReader(framing, {
    frame(frame, atGap) {
      try {
        const decoded = driver.decode(frame, options, state, atGap);
        state = decoded.state;
        const isAgain = isSame(decoded.sent, last);
        if (!isAgain) last = lastOf(decoded.sent, last);
        if (decoded.fault !== undefined && !isAgain) throw decoded.fault;
        if (decoded.reply !== undefined) sent += hexOf(decoded.reply);
        if (!isAgain) found.push(...decoded.observations.map(observationLine));
        const answer = decoded.feedback ?? feedback;
        if (answer && (isAgain || decoded.observations.length > 0)) sent += hexOf(answerTo(decoded.observations, answer));
      } catch (error) {
        found.push(errorLine(error));
        if (feedback) sent += hexOf(feedback.refused);
      }
    },
    discarded(bytes, reason) {
      last = undefined;
      counter(discards)(bytes, reason);
    },
    tooLong(how) {
      if (how !== 'goes on' && feedback) sent += hexOf(feedback.refused);
    },
  });
  let asked = '';
  for (const step of steps) {
    if (step.kind === 'received') for (const chunk of chunksOf(step.bytes, chunkSize)) reader.push(chunk);
    else if (step.kind === 'sent') asked += hexOf(step.bytes);
    else if (step.kind === 'restart') [state, last] = [undefined, last && { code: last.code, again: false }];
    else if (framing.gapMs !== undefined) reader.gap();
  }
  reader.end('left over');
  return { found, discards, sent: sent === asked ? [] : [`> ${sent} in place of > ${asked}`] };
}

/** Whether it is the last code, or the end of it, once more: the session's rule written down once more, as is the next. */
function isSame(sent: SentCode | undefined, last: SentCode | undefined): boolean {
  if (sent?.again !== true || last === undefined) return false;
  return sent.code === undefined ? sent.part !== undefined && sent.part === last.part : sent.code === last.code;
}

function lastOf(sent: SentCode | undefined, last: SentCode | undefined): SentCode | undefined {
  if (sent === undefined) return last;
  return sent.code === undefined ? last && { code: last.code, again: false } : sent;
}

/**
 * The answer that the session and the gateway come to when everything is stored at once. It is their rule written down once
 * more, not their code: a transcript shows which bytes stand for which answer; when they are sent is tested with the session.
 */
function answerTo(observations: readonly Observation[], { stored, questioned = stored }: Feedback): Uint8Array {
  const isDoubtful = (observation: Observation): boolean => observation.kind === 'scan' && scanContent(observation, { device: 'transcript' }).valid === false;
  return observations.some(isDoubtful) ? questioned : stored;
}

async function replayPolling(driver: PollingDriver, options: unknown, steps: readonly Step[], chunkSize: number): Promise<Replayed> {
  const found: string[] = [];
  const discards: Record<string, number> = {};
  const sent: string[] = [];
  let at = 0;
  let number = 0;
  const nextNumber = (): number => (number += 1);
  const exchange: PollingLink['exchange'] = async ({ request, reply }) => {
    const step = steps[at];
    at += 1;
    if (step?.kind !== 'sent' || hexOf(step.bytes) !== hexOf(request)) {
      sent.push(`> ${hexOf(request)} in place of > ${step?.kind === 'sent' ? hexOf(step.bytes) : 'nothing'}`);
    }
    const frames: Uint8Array[] = [];
    let received = 0;
    const reader = new FrameReader(reply, { frame: (frame) => void frames.push(frame), discarded: counter(discards) });
    for (let next = steps[at]; next !== undefined && next.kind !== 'sent'; next = steps[at]) {
      at += 1;
      if (next.kind === 'silence') reader.gap();
      if (next.kind !== 'received') continue;
      for (const chunk of chunksOf(next.bytes, chunkSize)) reader.push(chunk);
      received += next.bytes.length;
    }
    reader.end('left over');
    const [frame] = frames;
    if (frame !== undefined) return frame;
    const fault = received === 0 ? 'silent' : 'corrupt';
    throw new ProtocolError({ where: 'transcript', what: 'no reply', fault });
  };
  const emit: Emit = (observations) => void found.push(...observations.map(observationLine));
  await driver.poll({ exchange, nextNumber }, options, emit, undefined).catch((error: unknown) => void found.push(errorLine(error)));
  if (at < steps.length) sent.push(`${steps.length - at} steps were not played`);
  return { found, discards, sent };
}

/** Options as the configuration would give them: a profile's name becomes what its file says. */
export function optionsOf(driver: Driver, text: string): unknown {
  const options = driver.options.parse(parseYaml(text) ?? {});
  for (const key of driver.secrets ?? []) {
    const file = options[key];
    if (typeof file === 'string') options[key] = readFileSync(new URL(`${driver.name}/fixtures/${file}`, DRIVERS), 'utf8').trim();
  }
  if (driver.form !== 'polling' || driver.profile === undefined) return options;
  const file = new URL(`${driver.name}/profiles/${String(options['profile'])}.yaml`, DRIVERS);
  return { ...options, profile: driver.profile.parse(parseYaml(readFileSync(file, 'utf8'))) };
}

/** Lines of the device in a row are one piece, so that "whole" is whole. */
export function joinedSteps(steps: readonly Step[]): readonly Step[] {
  const joined: Step[] = [];
  for (const step of steps) {
    const last = joined.at(-1);
    if (step.kind === 'received' && last?.kind === 'received') {
      joined[joined.length - 1] = { kind: 'received', bytes: Buffer.concat([last.bytes, step.bytes]) };
    } else {
      joined.push(step);
    }
  }
  return joined;
}

function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, Math.min(at + size, bytes.length));
}

function counter(discards: Record<string, number>): (bytes: number, reason: string) => void {
  return (bytes, reason) => {
    discards[reason] = (discards[reason] ?? 0) + bytes;
  };
}

function foundLine(expected: Expected): readonly string[] {
  if (expected.kind === 'discard') return [];
  return [expected.kind === 'error' ? `error: ${expected.fault}` : observationLine(expected.observation)];
}

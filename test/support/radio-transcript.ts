import { observationLine } from '../../src/acquisition/transcript-observation.ts';
import type { Step } from '../../src/acquisition/transcript.ts';
import { ProtocolError } from '../../src/core/errors.ts';
import { readStructures } from '../../src/driver-kit/codecs/advertising-structures.ts';
import type { AdvertisingDriver, GattDriver, Heard } from '../../src/driver-kit/define-driver.ts';

/** How long after the one before an advertisement comes in a transcript, unless `(silence)` stands between them. */
const BETWEEN_MS = 1000;
const SILENCE_MS = 60_000;

/** The reason under which an advertisement is discarded that is of another format. */
const NO_MATCH = 'no match';

/** Plays the advertisements of a transcript, one a line, and tells what they came to in its words. */
export function replayAdvertising(driver: AdvertisingDriver, options: unknown, steps: readonly Step[]): { readonly found: readonly string[]; readonly discards: Readonly<Record<string, number>> } {
  const found: string[] = [];
  const discards: Record<string, number> = {};
  let sender: { address: string; addressType: 'public' | 'random' } = { address: 'C0:DE:C0:DE:00:01', addressType: 'random' };
  let state: unknown;
  let sinceMs = Number.POSITIVE_INFINITY;
  for (const step of steps) {
    if (step.kind === 'sender') sender = { address: step.address, addressType: step.addressType };
    else if (step.kind === 'silence') sinceMs += SILENCE_MS;
    else if (step.kind === 'restart') [state, sinceMs] = [restored(driver, state), Number.POSITIVE_INFINITY];
    else if (step.kind === 'received') {
      const { advertisement } = readStructures(step.bytes, { ...sender, connectable: false, rssi: -60 });
      if (!driver.matches(advertisement)) discards[NO_MATCH] = (discards[NO_MATCH] ?? 0) + step.bytes.length;
      else state = played(found, state, () => driver.decode(advertisement, options, state, sinceMs));
      sinceMs = BETWEEN_MS;
    } else throw new Error(`a transcript of advertisements has no ${step.kind}`);
  }
  return { found, discards };
}

/** Plays the values of a transcript, each with the characteristic and descriptors that stand above it. */
export function replayGatt(driver: GattDriver, options: unknown, steps: readonly Step[]): readonly string[] {
  const found: string[] = [];
  let place = { service: '', characteristic: '' };
  let descriptors: Record<string, Uint8Array> = {};
  let state: unknown;
  for (const step of steps) {
    if (step.kind === 'place') [place, descriptors] = [{ service: step.service, characteristic: step.characteristic }, {}];
    else if (step.kind === 'descriptor') descriptors = { ...descriptors, [step.uuid]: step.bytes };
    else if (step.kind === 'received') state = played(found, state, () => driver.decode({ ...place, bytes: step.bytes, descriptors }, options, state));
    else throw new Error(`a transcript of characteristics has no ${step.kind}`);
  }
  return found;
}

/** The line of a transcript that stands for an error. */
export function errorLine(error: unknown): string {
  if (!(error instanceof ProtocolError)) throw error;
  return `error: ${error.fault}`;
}

function played(found: string[], before: unknown, decode: () => Heard): unknown {
  try {
    const { observations, state, fault } = decode();
    found.push(...observations.map(observationLine));
    if (fault !== undefined) found.push(errorLine(fault));
    // What it keeps must survive being written down.
    return state === undefined ? undefined : JSON.parse(JSON.stringify(state));
  } catch (error) {
    found.push(errorLine(error));
    return before;
  }
}

function restored(driver: AdvertisingDriver, state: unknown): unknown {
  const text = state === undefined ? undefined : driver.note?.text(state);
  return text === undefined ? undefined : driver.note?.restored(text);
}

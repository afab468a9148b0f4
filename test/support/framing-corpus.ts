import { FrameReader } from '../../src/acquisition/frame-reader.ts';
import { ProtocolError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Driver, PollingDriver, PollingLink } from '../../src/driver-kit/define-driver.ts';
import type { Framing } from '../../src/driver-kit/framing.ts';
import { joinedSteps, optionsOf, transcriptsOf } from './transcript.ts';

/** One place where a driver takes bytes: what a device sent there, and what becomes of the frames. */
export interface Place {
  readonly name: string;
  readonly framing: Framing;
  readonly good: Uint8Array;
  /** What a framing makes of the good bytes. */
  readonly frames: readonly string[];
  /** Decodes what was framed, one after the other; throws nothing but what a driver may not throw. */
  decode(frames: readonly Uint8Array[]): Promise<readonly Observation[]>;
}

/** Every place of a driver that its transcripts know, with the options they have; what comes over the radio is framed already. */
export async function placesOf(driver: Driver): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const { name, transcript } of transcriptsOf(driver.name)) {
    const options = optionsOf(driver, transcript.options);
    const received = joinedSteps(transcript.steps).flatMap((step) => (step.kind === 'received' ? [step.bytes] : []));
    const about = `${driver.name}, ${name}`;
    if (driver.form === 'listening') {
      const decode = async (frames: readonly Uint8Array[]): Promise<readonly Observation[]> => {
        let state: unknown;
        return frames.flatMap((frame) => {
          const decoded = unlessProtocolError(() => driver.decode(frame, options, state, frame.length % 2 === 0));
          if (decoded !== undefined) state = decoded.state;
          return decoded?.observations ?? [];
        });
      };
      places.push(...received.map((good) => placeOf({ name: about, framing: driver.framing(options), good, decode })));
    } else if (driver.form === 'polling') {
      places.push(...(await questionsOf(driver, options, received)).map((place) => placeOf({ ...place, name: about })));
    }
  }
  return places.filter(({ frames }) => frames.length > 0);
}

/** The hexadecimal frames of a fresh reader. */
export function framesOf(framing: Framing, chunks: readonly Uint8Array[]): readonly string[] {
  const frames: string[] = [];
  const reader = new FrameReader(framing, { frame: (frame) => void frames.push(Buffer.from(frame).toString('hex')), discarded: () => undefined });
  for (const chunk of chunks) reader.push(chunk);
  if (framing.gapMs !== undefined) reader.gap();
  return frames;
}

function placeOf(place: Omit<Place, 'frames'>): Place {
  return { ...place, frames: framesOf(place.framing, [place.good]) };
}

/** Plays a poll and keeps each question's framing; a place's decoder plays it again and gives its own frame to that question. */
async function questionsOf(driver: PollingDriver, options: unknown, received: readonly Uint8Array[]): Promise<readonly Omit<Place, 'frames' | 'name'>[]> {
  const places: Omit<Place, 'frames' | 'name'>[] = [];
  await polled(driver, options, async ({ reply }, number) => {
    const good = received[number];
    if (good === undefined) throw silent();
    const decode = async (frames: readonly Uint8Array[]): Promise<readonly Observation[]> => {
      const observations: Observation[] = [];
      for (const frame of frames) {
        const answers: typeof answer = async (question, asked) => (asked === number ? frame : answer(question, asked));
        observations.push(...(await polled(driver, options, answers)));
      }
      return observations;
    };
    places.push({ framing: reply, good, decode });
    return answer({ reply }, number);
  });
  return places;

  async function answer({ reply }: Pick<Parameters<PollingLink['exchange']>[0], 'reply'>, number: number): Promise<Uint8Array> {
    const [frame] = framesOf(reply, received[number] === undefined ? [] : [received[number]]);
    if (frame === undefined) throw silent();
    return new Uint8Array(Buffer.from(frame, 'hex'));
  }
}

/** The bound is on a driver that asks for ever. */
const QUESTIONS_MAX = 2000;

async function polled(
  driver: PollingDriver,
  options: unknown,
  answer: (question: Parameters<PollingLink['exchange']>[0], number: number) => Promise<Uint8Array>,
): Promise<readonly Observation[]> {
  const observations: Observation[] = [];
  let asked = 0;
  const exchange: PollingLink['exchange'] = (question) => {
    asked += 1;
    if (asked > QUESTIONS_MAX) throw new Error(`${driver.name} asks for ever`);
    return answer(question, asked - 1);
  };
  try {
    await driver.poll({ exchange, nextNumber: () => asked }, options, (emitted) => void observations.push(...emitted), undefined);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return observations;
}

function unlessProtocolError<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function silent(): ProtocolError {
  return new ProtocolError({ where: 'corpus', what: 'no reply', fault: 'silent' });
}

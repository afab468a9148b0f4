import { readStructures } from '../src/driver-kit/codecs/advertising-structures.ts';
import type { Heard } from '../src/driver-kit/define-driver.ts';
import { TAG_ADDRESS, TAG_SAMPLES, type TagSample } from './tag-samples.ts';

/**
 * Run as a process of its own by `bench/ble.ts`: how many advertisements of each kind one core decodes in a second, from the
 * bytes of their structures to observations, in CPU time, since others may want the core too. Prints a line of JSON for each.
 */
export interface TagFigure {
  readonly name: string;
  readonly is: TagSample['is'] | 'repeats';
  readonly perSecond: number;
}

const ADVERTISEMENTS = 60_000;
/** A tag sends the same some tens of times before it has news. */
const REPEATS = 100;
const ROUNDS = 3;
const BATCH = 256;
/** What was decoded is looked at afterwards, so that no compiler finds it needless. */
let kept: Heard | undefined;
const [only] = process.argv.slice(2);

for (const sample of TAG_SAMPLES.filter(({ name }) => only === undefined || name === only)) {
  tell(sample.name, sample.is, rateOf(sample, ADVERTISEMENTS, (index) => index));
  if (sample.is === 'news') tell(sample.name, 'repeats', rateOf(sample, ADVERTISEMENTS, (index) => Math.floor(index / REPEATS)));
}

if (only === undefined && kept?.observations.some(({ kind }) => kind !== 'meter') !== false) throw new Error('no meter was decoded');

function tell(name: string, is: TagFigure['is'], perSecond: number): void {
  console.log(JSON.stringify({ name, is, perSecond } satisfies TagFigure));
}

/** The median of some rounds; the first one warms up and is not counted. */
function rateOf(sample: TagSample, total: number, indexOf: (index: number) => number): number {
  const all = batched(Array.from({ length: total }, (_, index) => sample.bytes(indexOf(index))));
  const rates = Array.from({ length: 1 + ROUNDS }, () => rateOfRound(sample, all)).slice(1);
  return rates.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

/** As they come from the radio's process: many in one buffer. */
function batched(all: readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, batch) => all.slice(batch * BATCH, (batch + 1) * BATCH)).flatMap((batch) => {
    const whole = Uint8Array.from(batch.flatMap((bytes) => [...bytes]));
    let at = 0;
    return batch.map(({ length }) => whole.subarray(at, (at += length)));
  });
}

function rateOfRound({ name, driver, options: given, is }: TagSample, all: readonly Uint8Array[]): number {
  const options = { ...driver.options.parse({}), ...given };
  const heading = { address: TAG_ADDRESS, addressType: 'random', connectable: false, rssi: -60 } as const;
  let state: unknown;
  let news = 0;
  let refused = 0;
  const before = process.cpuUsage();
  for (const bytes of all) {
    const { advertisement } = readStructures(bytes, heading);
    if (!driver.matches(advertisement)) throw new Error(`${name}: it does not match`);
    try {
      const heard = driver.decode(advertisement, options, state, 1);
      state = heard.state;
      if (heard.observations.length === 0) continue;
      news += 1;
      kept = heard;
    } catch {
      refused += 1;
    }
  }
  const { user, system } = process.cpuUsage(before);
  const expected = is === 'forged' ? 0 : is === 'identity' ? 1 : new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size;
  if (news < expected * 0.9 || (is === 'forged') !== (refused === all.length)) throw new Error(`${name}: of ${all.length} advertisements ${news} were news and ${refused} refused`);
  return all.length / ((user + system) / 1e6);
}

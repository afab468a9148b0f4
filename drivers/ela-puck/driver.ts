import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { type Freshness, judged } from '../../src/driver-kit/codecs/freshness.ts';
import { notUnderstood, unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver, type Heard } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { type MeterObservation, ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { decodedPuck, puckId } from './codec.ts';

const options = z.strictObject({ unauthenticatedCounters });

/** Hears ELA Innovation's Blue PUCK sensors and beacons. */
export const elaPuck = defineAdvertisingDriver<typeof options, Freshness>({
  name: 'ela-puck',
  summary: 'ELA Blue PUCK: temperature, humidity, magnet, movement, pulse input, acceleration, battery',
  reports: 'meters',
  options,
  matches: (advertisement) => payloadsOf(advertisement).length > 0,
  identify: (advertisement) => payloadsOf(advertisement).map(puckId).find((id) => id !== undefined),
  meters: () => undefined,
  decode,
});

/** Each structure is judged and read by itself: one that is bad leaves the others alone. */
function decode(advertisement: Advertisement, { unauthenticatedCounters: counters }: z.output<typeof options>, before: Freshness | undefined, sinceMs: number): Heard<Freshness> {
  const observations: MeterObservation[] = [];
  let [state, fault, elapsedMs]: [Freshness | undefined, ProtocolError | undefined, number] = [before, undefined, sinceMs];
  for (const bytes of payloadsOf(advertisement)) {
    const { isNews, after } = judged(state, { kind: String(bytes[0]), bytes }, elapsedMs);
    [state, elapsedMs] = [after, 0];
    if (!isNews) continue;
    try {
      observations.push(...decodedPuck(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      fault = error;
    }
  }
  if (state === undefined) throw notUnderstood('ela-puck', 'there is nothing of a PUCK');
  return { observations: unproven(observations, counters), state, ...(fault !== undefined && { fault }) };
}

function payloadsOf({ manufacturer }: Advertisement): readonly Uint8Array[] {
  return manufacturer.filter(({ company }) => company === ELA).map(({ bytes }) => bytes);
}

const ELA = 0x0757;

import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { type Freshness, judged } from '../../src/driver-kit/codecs/freshness.ts';
import { notUnderstood, refuseOtherSender, unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver, type Heard } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { headingOf, type RuuviHeading, valuesOf } from './codec.ts';

const options = z.strictObject({ unauthenticatedCounters });

interface State {
  readonly fresh?: Freshness | undefined;
  /** How long ago format E1 was heard; a device that sends it says the same in format 6, with less. */
  readonly sinceE1Ms?: number | undefined;
}

/** Hears RuuviTag and Ruuvi Air. */
export const ruuvi = defineAdvertisingDriver<typeof options, State>({
  name: 'ruuvi',
  summary: 'RuuviTag and Ruuvi Air: climate, movement and air quality (data formats 5, 6 and E1)',
  reports: 'meters',
  options,
  matches: (advertisement) => payloadsOf(advertisement).length > 0,
  identify,
  meters: () => undefined,
  decode,
});

function decode(advertisement: Advertisement, { unauthenticatedCounters: counters }: z.output<typeof options>, before: State = {}, sinceMs: number): Heard<State> {
  const { payload, heading, fault } = chosen(payloadsOf(advertisement));
  const { format, sequence, address } = heading;
  const sinceE1Ms = format === 'E1' ? 0 : before.sinceE1Ms === undefined ? undefined : Math.min(before.sinceE1Ms + sinceMs, E1_GONE_MS);
  if (address !== undefined) refuseOtherSender('ruuvi', address, advertisement);
  if (format === '6' && sinceE1Ms !== undefined && sinceE1Ms < E1_GONE_MS) return { observations: [], state: { ...before, sinceE1Ms } };
  const { isNews, after } = judged(before.fresh, { kind: format, bytes: payload, sequence }, sinceMs);
  return { observations: isNews ? unproven(valuesOf(payload), counters) : [], state: { fresh: after, sinceE1Ms }, ...(isNews && fault !== undefined && { fault }) };
}

/** A payload that is understood, and why another beside it is not used. */
interface Chosen {
  readonly payload: Uint8Array;
  readonly heading: RuuviHeading;
  readonly fault?: ProtocolError;
}

/**
 * The payload that counts: all formats say the same of one device, so only one can be used, and of several that would differ
 * nobody can tell which is meant. E1 goes before format 6, which says less of the same; else it is the first. Throws where none is understood.
 */
function chosen(payloads: readonly Uint8Array[]): Chosen {
  const understood: Chosen[] = [];
  let fault: ProtocolError | undefined;
  for (const payload of payloads) {
    try {
      understood.push({ payload, heading: headingOf(payload) });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      fault ??= error;
    }
  }
  const best = understood.find(({ heading }) => heading.format === 'E1') ?? understood[0];
  if (best === undefined) throw fault ?? notUnderstood('ruuvi', 'there is no payload');
  const other = understood.find((one) => one !== best && !(best.heading.format === 'E1' && one.heading.format === '6'));
  if (other !== undefined) fault ??= notUnderstood('ruuvi', `there are several payloads in one advertisement, of which format ${best.heading.format} is used`);
  return fault === undefined ? best : { ...best, fault };
}

/** The address in the payload, whole in formats 5 and E1 only. */
function identify(advertisement: Advertisement): string | undefined {
  try {
    const { address } = chosen(payloadsOf(advertisement)).heading;
    return address?.length === ADDRESS_LENGTH ? address : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function payloadsOf({ manufacturer }: Advertisement): readonly Uint8Array[] {
  return manufacturer.filter(({ company }) => company === RUUVI).map(({ bytes }) => bytes);
}

const RUUVI = 0x0499;
const ADDRESS_LENGTH = 'C0:DE:C0:DE:00:01'.length;
/** After so long without E1 format 6 is taken again. */
const E1_GONE_MS = 600_000;

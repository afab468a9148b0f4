import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { type Freshness, judged, repeated } from '../../src/driver-kit/codecs/freshness.ts';
import { unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { decodedEye, METERS, payloadsOf } from './codec.ts';

const options = z.strictObject({ unauthenticatedCounters });

/** Hears Teltonika EYE sensors and beacons; what they measure stands in the scan response, so the scan has to be active. */
export const teltonikaEye = defineAdvertisingDriver<typeof options, Freshness>({
  name: 'teltonika-eye',
  summary: 'Teltonika EYE: temperature, humidity, movement, magnet, tilt and battery',
  reports: 'meters',
  options,
  matches: (advertisement) => payloadsOf(advertisement).length > 0,
  meters: () => METERS,
  decode(advertisement: Advertisement, { unauthenticatedCounters: counters }, before, sinceMs) {
    const again = repeated(before, payloadsOf(advertisement)[0] ?? NOTHING, sinceMs);
    if (again !== undefined) return { observations: [], state: again };
    const { bytes, observations, batteryLow, fault } = decodedEye(advertisement);
    const { after } = judged(before, { kind: 'eye', bytes }, sinceMs);
    return { observations: unproven(observations, counters), state: after, ...(batteryLow !== undefined && { batteryLow }), ...(fault !== undefined && { fault }) };
  },
});

const NOTHING = new Uint8Array();

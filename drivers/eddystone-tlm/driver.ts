import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { type Freshness, judged } from '../../src/driver-kit/codecs/freshness.ts';
import { fieldObservation, scaledField } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { notUnderstood, unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';

/*
 * Service data FEAA, high byte first (google/eddystone, eddystone-tlm/tlm-plain.md):
 *
 *   20  00  0BB8  1500  00000045  00000258
 *   |   |   |     |     |         time since power-up x 0.1 s
 *   |   |   |     |     advertisements since power-up
 *   |   |   |     temperature / 256 degC
 *   |   |   battery in mV, 0 for none
 *   |   version: not encrypted
 *   frame: TLM
 */
const FIELDS = [
  [2, scaledField('battery-voltage', 'voltage', 'u16', '0.001', { none: [0] })],
  [4, scaledField('temperature', 'temperature', 's16', '0.00390625', { none: [-0x8000] })],
  [6, scaledField('advertisements', 'count', 'u32', '1', { kind: 'counter' })],
  [10, scaledField('uptime', 'duration', 'u32', '0.1')], // begins anew with each battery: no counter
] as const;

const options = z.strictObject({ unauthenticatedCounters });

/** Hears the telemetry of Eddystone beacons. */
export const eddystoneTlm = defineAdvertisingDriver<typeof options, Freshness>({
  name: 'eddystone-tlm',
  summary: 'Eddystone beacons with telemetry (TLM): battery, temperature, uptime',
  reports: 'meters',
  options,
  matches: (advertisement) => payloadOf(advertisement) !== undefined,
  meters: () => FIELDS.map(([, { meter }]) => meter),
  decode(advertisement, { unauthenticatedCounters: counters }, before, sinceMs) {
    const payload = payloadOf(advertisement);
    if (payload === undefined) throw notUnderstood('eddystone-tlm', 'there is no telemetry');
    if (payload[1] !== 0) throw notUnderstood('eddystone-tlm', `this is telemetry of version ${payload[1] ?? 'none'}, not the plain one`);
    if (payload.length < LENGTH) throw notUnderstood('eddystone-tlm', `telemetry has ${LENGTH} bytes, but there are ${payload.length}`);
    const { isNews, after } = judged(before, { kind: 'tlm', bytes: payload.subarray(0, LENGTH) }, sinceMs);
    if (!isNews) return { observations: [], state: after };
    return { observations: unproven(FIELDS.map(([at, field]) => fieldObservation(field, payload, at, 'high first')), counters), state: after };
  },
});

function payloadOf({ services }: Advertisement): Uint8Array | undefined {
  return services.find(({ uuid, bytes }) => uuid === 'feaa' && bytes[0] === TLM)?.bytes;
}

const TLM = 0x20;
const LENGTH = 14;

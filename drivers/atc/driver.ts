import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { type Freshness, judged, repeated } from '../../src/driver-kit/codecs/freshness.ts';
import { notUnderstood, unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { decodedAtc } from './codec.ts';

const options = z.strictObject({
  keyFile: z
    .string()
    .min(1)
    .optional()
    .describe("The file with the thermometer's encryption key, 32 hexadecimal digits; what it sends in clear is then refused."),
  unauthenticatedCounters,
});

/** Hears thermometers with the ATC1441 or PVVX firmware in their own formats. */
export const atc = defineAdvertisingDriver<typeof options, Freshness>({
  name: 'atc',
  summary: 'Xiaomi and alike thermometers with ATC1441 or PVVX firmware, in clear or encrypted',
  reports: 'meters',
  options,
  secrets: ['keyFile'],
  matches: (advertisement) => payloadOf(advertisement) !== undefined,
  meters: () => ['temperature', 'humidity', 'battery', 'battery-voltage'],
  decode(advertisement, { keyFile: key, unauthenticatedCounters: counters }, before, sinceMs) {
    const payload = payloadOf(advertisement);
    if (payload === undefined) throw notUnderstood('atc', 'there is no service data 181A');
    const again = repeated(before, payload, sinceMs);
    if (again !== undefined) return { observations: [], state: again };
    const { kind, observations, counter } = decodedAtc(payload, advertisement, key);
    const { isNews, after } = judged(before, { kind, bytes: payload, sequence: { value: counter, bits: 8 } }, sinceMs);
    return { observations: isNews ? (key === undefined ? unproven(observations, counters) : observations) : [], state: after };
  },
});

function payloadOf({ services }: Advertisement): Uint8Array | undefined {
  return services.find(({ uuid }) => uuid === '181a')?.bytes;
}

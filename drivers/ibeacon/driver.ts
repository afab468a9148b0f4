import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { type Freshness, judged } from '../../src/driver-kit/codecs/freshness.ts';
import { notUnderstood, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';

/*
 * Manufacturer data 004C; the layout is known from its use, not from a source that was read:
 *
 *   02 15  00112233445566778899AABBCCDDEEFF  0123  4567  FC
 *   |      UUID                              |     |     power at 1 m, signed dBm
 *   type and length                          |     minor
 *                                            major
 */

/** Hears which iBeacon it is. It measures nothing. */
export const ibeacon = defineAdvertisingDriver<z.ZodObject, Freshness>({
  name: 'ibeacon',
  summary: 'iBeacons: which one is near; they measure nothing',
  reports: 'meters',
  options: z.strictObject({}),
  matches: (advertisement) => payloadOf(advertisement) !== undefined,
  identify: (advertisement) => identityOf(payloadOf(advertisement)),
  meters: () => ['identity'],
  decode(advertisement, _, before, sinceMs) {
    const payload = payloadOf(advertisement);
    const identity = identityOf(payload);
    if (payload === undefined || identity === undefined) throw notUnderstood('ibeacon', `an iBeacon has ${LENGTH} bytes, but there are ${payload?.length ?? 0}`);
    const raw = hexOf(payload.subarray(2, LENGTH - 1));
    const { isNews, after } = judged(before, { kind: 'identity', bytes: payload.subarray(0, LENGTH - 1) }, sinceMs);
    const observation = { kind: 'meter', meter: 'identity', quantity: 'text', meterKind: 'characteristic', value: identity, raw } as const;
    return { observations: isNews ? unproven([observation], 'good') : [], state: after };
  },
});

/** UUID, major and minor, as in "00112233-4455-6677-8899-aabbccddeeff/291/17767". */
function identityOf(payload: Uint8Array | undefined): string | undefined {
  if (payload === undefined || payload.length < LENGTH) return undefined;
  const digits = hexOf(payload.subarray(2, 18)).toLowerCase();
  const uuid = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
  const [majorHigh = 0, majorLow = 0, minorHigh = 0, minorLow = 0] = payload.subarray(18, 22);
  return `${uuid}/${(majorHigh << 8) | majorLow}/${(minorHigh << 8) | minorLow}`;
}

function payloadOf({ manufacturer }: Advertisement): Uint8Array | undefined {
  return manufacturer.find(({ company, bytes }) => company === APPLE && bytes[0] === 0x02 && bytes[1] === 0x15)?.bytes;
}

const APPLE = 0x004c;
const LENGTH = 23;

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyDriver } from '../../drivers/index.ts';
import { CHARACTERISTICS } from '../../drivers/gatt-meter/characteristics.ts';
import { observationLine } from '../../src/acquisition/transcript-observation.ts';
import { ProtocolError } from '../../src/core/errors.ts';
import type { Advertisement } from '../../src/driver-kit/advertisement.ts';
import type { Heard } from '../../src/driver-kit/define-driver.ts';

const drivers = await everyDriver();

/** All inputs together. */
const INPUTS = process.env['TAILGATE_LONG'] === '1' ? 1_000_000 : 16_000;
const EACH = Math.ceil(INPUTS / drivers.filter(({ form }) => form === 'advertising' || form === 'gatt').length);
const ADVERTISEMENTS_MAX = 12;
const LIMIT_MS = 1_800_000;
const KEY = '00112233445566778899AABBCCDDEEFF';
const COMPANIES = [0x0499, 0x004c, 0x089a, 0x0757];
const UUIDS = ['fcd2', 'feaa', '181a'];
const STATE_CHARACTERS_MAX = 16_000;

/** Payloads of devices, which are to be decoded as they are. */
const WHOLE = [
  '0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F',
  '06170C5668C79E007000C90501D9FFCD004C884F',
  '20000BB815000000004500000258',
  '021500112233445566778899AABBCCDDEEFF01234567FC',
  'C0DEC0DE000100E72D5F0BB810',
  '07D58B16BD5CF12A0690D3',
];

/** Payloads whose first bytes are those of real ones, since others are refused at the door. */
const payload = fc.tuple(fc.constantFrom(...WHOLE, '', '05', '06', 'E1', '0215', '01', '01FF', '20', '2000', '40', '42', '44', '12', '62', '21'), fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 60 }))).map(([head, tail]) => new Uint8Array(Buffer.concat([Buffer.from(head, 'hex'), tail])));

const advertisement: fc.Arbitrary<Advertisement> = fc.record({
  address: fc.constantFrom('C0:DE:C0:DE:00:01', '40:DE:C0:DE:00:01'),
  addressType: fc.constantFrom('public' as const, 'random' as const),
  connectable: fc.boolean(),
  rssi: fc.integer({ min: -128, max: 20 }),
  manufacturer: fc.array(fc.record({ company: fc.constantFrom(...COMPANIES), bytes: payload }), { maxLength: 2 }),
  services: fc.array(fc.record({ uuid: fc.constantFrom(...UUIDS), bytes: payload }), { maxLength: 2 }),
  serviceUuids: fc.constant([]),
});

/** Descriptor 2904: any bytes, or one whose format (SFLOAT and FLOAT among them) and unit are known. */
const presentation = fc.oneof(
  fc.uint8Array({ maxLength: 9 }),
  fc.tuple(fc.constantFrom(0x04, 0x06, 0x07, 0x08, 0x0c, 0x0e, 0x0f, 0x10, 0x14, 0x16, 0x17), fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x00, 0x24, 0x2f, 0xab)).map(([format, exponent, unit]) => Uint8Array.of(format, exponent, unit, 0x27, 1, 0, 0)),
);

/** The value of a characteristic: any bytes, mostly as few as most of them have. */
const characteristicBytes = fc.oneof({ weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 4 }) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) });
const CHARACTERISTICS_EACH = Math.max(EACH, 8000);

/** What a decoder made of bytes, or undefined when it refused them as it should. */
function attempted(decode: () => Heard): Heard | undefined {
  try {
    const heard = decode();
    for (const observation of heard.observations) expect(() => observationLine(observation)).not.toThrow();
    return heard;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

describe('any bytes by radio', () => {
  const tags = drivers.filter((driver) => driver.form === 'advertising');
  it.each(tags.map((driver) => [driver.name, driver] as const))(`%s refuses or decodes ${EACH} times, and what it remembers stays small and can be written down`, { timeout: LIMIT_MS }, (_, driver) => {
    const optionSets = [driver.options.parse({}), ...(driver.secrets === undefined ? [] : [{ ...driver.options.parse({}), keyFile: KEY }])];
    let decoded = 0;
    fc.assert(
      fc.property(fc.array(advertisement, { minLength: ADVERTISEMENTS_MAX, maxLength: ADVERTISEMENTS_MAX }), fc.constantFrom(...optionSets), (advertisements, options) => {
        let state: unknown;
        for (const heard of advertisements) {
          driver.identify?.(heard);
          if (!driver.matches(heard)) continue;
          const before = JSON.stringify(state);
          const result = attempted(() => driver.decode(heard, options, state, 1000));
          expect(JSON.stringify(state)).toBe(before); // the decoder was given it to look at
          if (result === undefined) continue;
          [state, decoded] = [JSON.parse(JSON.stringify(result.state)), decoded + 1];
          expect(JSON.stringify(state).length).toBeLessThan(STATE_CHARACTERS_MAX);
        }
      }),
      { numRuns: Math.ceil(EACH / ADVERTISEMENTS_MAX) },
    );
    expect(decoded).toBeGreaterThan(0);
  });

  it('never pass for an encrypted tag', () => {
    const [bthome] = drivers.filter(({ name }) => name === 'bthome');
    if (bthome?.form !== 'advertising') throw new Error('bthome does not advertise');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const heard: Advertisement = { address: 'C0:DE:C0:DE:00:01', addressType: 'random', connectable: false, rssi: -60, manufacturer: [], services: [{ uuid: 'fcd2', bytes: Uint8Array.of(0x41, ...bytes) }], serviceUuids: [] };
        expect(attempted(() => bthome.decode(heard, { ...bthome.options.parse({}), keyFile: KEY }, undefined, 1000))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it(`as characteristics are refused or decoded ${CHARACTERISTICS_EACH} times`, { timeout: LIMIT_MS }, () => {
    const [meter] = drivers.filter((driver) => driver.form === 'gatt' && driver.name === 'gatt-meter');
    if (meter?.form !== 'gatt') throw new Error('there is no gatt-meter');
    const options = meter.options.parse({});
    const read = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...CHARACTERISTICS), characteristicBytes, presentation, fc.uint8Array({ maxLength: 2 }), ({ uuid }, bytes, format, digitals) => {
        if (attempted(() => meter.decode({ service: '', characteristic: uuid, bytes, descriptors: { 2904: format, 2909: digitals } }, options, undefined)) !== undefined) read.add(uuid);
      }),
      { numRuns: CHARACTERISTICS_EACH },
    );
    expect([...read].sort()).toEqual(CHARACTERISTICS.map(({ uuid }) => uuid).sort()); // each of them was decoded
  });
});

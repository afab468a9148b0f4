import { describe, expect, it } from 'vitest';
import { everyDriver } from '../../drivers/index.ts';
import { FrameReader } from '../../src/acquisition/frame-reader.ts';
import type { Framing } from '../../src/driver-kit/framing.ts';
import { CODE_ID_VENDORS } from '../../src/core/code-id.ts';
import { symbologyOfCodeId, symbologyOfName } from '../../src/identification/code-ids.ts';
import { decodeEpc } from '../../src/identification/epc/decode-epc.ts';
import { isDigitalLink, parseDigitalLink } from '../../src/identification/gs1/digital-link.ts';
import { parseElementString } from '../../src/identification/gs1/element-string.ts';
import { interpretGs1 } from '../../src/identification/gs1/interpret-gs1.ts';
import { scanContent } from '../../src/identification/scan-content.ts';
import { aimIdentifierOf, symbologyName } from '../../src/identification/symbology.ts';
import { framesOf, type Place, placesOf } from '../support/framing-corpus.ts';
import { damaged, HOSTILE, noise } from '../support/hostile.ts';
import { SeededRandom } from '../support/random.ts';

const drivers = await everyDriver();

/** All inputs together, half of them for the drivers and half for the identification. */
const INPUTS = process.env['TAILGATE_LONG'] === '1' ? 1_000_000 : 6000;
/** What comes over the radio is framed already; its decoders have their own test of random bytes. */
const FRAMED = drivers.filter(({ form }) => form === 'listening' || form === 'polling');
const EACH_DRIVER = Math.ceil(INPUTS / 2 / FRAMED.length);
const LIMIT_MS = 1_800_000;

describe.each(FRAMED.map((driver) => [driver.name, driver] as const))('%s', (name, driver) => {
  it('gives the same frames wherever its bytes are split', async () => {
    for (const { name: where, framing, good, frames } of await placesOf(driver)) {
      for (let at = 1; at < Math.min(good.length, 700); at += 1) {
        expect(framesOf(framing, [good.subarray(0, at), good.subarray(at)]), `${where} split at ${at}`).toEqual(frames);
      }
    }
  });

  it(`finds the good frame after noise, ${EACH_DRIVER} times`, { timeout: LIMIT_MS }, async () => {
    const places = await placesOf(driver);
    expect(places.length).toBeGreaterThan(0);
    const random = new SeededRandom(0x5ca77e1 + name.length);
    for (let input = 0; input < EACH_DRIVER; input += 1) {
      await withNoise(random.oneOf(places), places, random);
    }
  });
});

/**
 * Noise, silence where the framing knows silence, then the good bytes, in chunks. A framing without silence can join noise to what
 * comes next, as a line does up to its end, so it gets the good bytes again until one longest frame has passed.
 */
async function withNoise(place: Place, places: readonly Place[], random: SeededRandom): Promise<void> {
  const before = noise(random, places.map(({ good }) => good));
  const reading = watched(place.framing);
  try {
    reading.push(before, 1 + random.below(40));
    reading.gap();
    const noiseFrames = reading.frames.splice(0);
    const { framing, good } = place;
    const more = framing.gapMs !== undefined ? 0 : framing.overflow === 'frame' ? 1 : Math.ceil(framing.bytesMax / good.length);
    for (let times = 0; times <= more; times += 1) reading.push(good, 1 + random.below(40));
    reading.gap();
    const found = reading.frames.map((frame) => Buffer.from(frame).toString('hex'));
    expect(framing.gapMs === undefined ? found.slice(-place.frames.length) : found).toEqual(place.frames);
    for (const observation of await place.decode([...noiseFrames.slice(0, 4), ...reading.frames.slice(0, 4)])) {
      if (observation.kind === 'scan') scanContent(observation, { device: 'x' });
    }
  } catch (error) {
    throw new Error(`${place.name}, after ${Buffer.from(before).toString('hex')}`, { cause: error });
  }
}

/** A reader whose framing is held to its promises: a bound on what waits, a bound on the calls, nothing thrown, nothing uncounted. */
function watched(framing: Framing): { readonly frames: Uint8Array[]; push(bytes: Uint8Array, size: number): void; gap(): void } {
  const frames: Uint8Array[] = [];
  let [calls, allowed, taken, given] = [0, 16, 0, 0];
  const next: Framing['next'] = (buffer, atGap) => {
    calls += 1;
    if (calls > allowed) throw new Error(`looks more than ${allowed} times`);
    const found = framing.next(buffer, atGap);
    if (found.kind !== 'incomplete') {
      if (!(found.length >= 1 && found.length <= buffer.length)) throw new Error(`takes ${found.length} of ${buffer.length} bytes`);
      if (found.kind === 'frame') taken += found.length;
    }
    return found;
  };
  let discarded = 0;
  const reader = new FrameReader({ ...framing, next }, { frame: (frame) => void frames.push(frame), discarded: (bytes) => (discarded += bytes) });
  return {
    frames,
    push(bytes, size) {
      for (let at = 0; at < bytes.length; at += size) {
        const chunk = bytes.subarray(at, at + size);
        allowed += 3 * chunk.length + 3;
        given += chunk.length;
        reader.push(chunk);
        if (reader.waiting > framing.bytesMax) throw new Error(`${reader.waiting} bytes wait, beyond ${framing.bytesMax}`);
      }
      if (discarded > given || discarded + taken + reader.waiting < given) throw new Error('bytes are not counted');
    },
    gap() {
      if (framing.gapMs === undefined) return;
      allowed += reader.waiting + 1;
      reader.gap();
      if (reader.waiting > 0) throw new Error(`${reader.waiting} bytes wait after silence`);
    },
  };
}

describe('identification', () => {
  const CODES = [
    ']C1010952012345678810ABC\u001d17271231',
    'https://id.gs1.org/01/09520123456788/21/X%2F1?17=271231#f',
    '010952012345678821ABC\u001d310300012599xyz',
    'HTTP://EXAMPLE.ORG/8004/0614141ABC',
    '8110106141416543213500110000310123196000',
  ].map((text) => new Uint8Array(Buffer.from(text)));
  const EPCS = ['3074257BF7194E4000001A85', '36300000000000000000000000000000000000000000000000', '3B0E0CF5E76C9047759AD00373DC7602E7200000', 'F70100000000', 'E2801160', '3D'].map(
    (text) => new Uint8Array(Buffer.from(text, 'hex')),
  );

  it(`reads anything, ${INPUTS / 2} times`, { timeout: LIMIT_MS }, () => {
    const random = new SeededRandom(0xdec0de);
    let read = 0;
    for (let input = 0; input < INPUTS / 2; input += 1) {
      const bytes = input % 2 === 0 ? noise(random, CODES) : damaged(random, random.oneOf(EPCS));
      try {
        readCode(bytes, random);
        readTag(bytes, random);
        read += 1;
      } catch (error) {
        throw new Error(Buffer.from(bytes).toString('hex'), { cause: error });
      }
    }
    expect(read).toBe(INPUTS / 2);
  });

  it('reads hostile content as it is', () => {
    for (const bytes of HOSTILE) expect(scanContent({ kind: 'scan', bytes }, { device: 'x' }).text).toBe(Buffer.from(bytes).toString('utf8'));
  });

  function readCode(bytes: Uint8Array, random: SeededRandom): void {
    const text = Buffer.from(bytes).toString('latin1');
    const aim = random.oneOf([undefined, ']C1', ']d2', ']Q3', ']E0', ']E4', ']I1', ']e0', ']Q1', text.slice(0, 3)]);
    const { hex } = scanContent({ kind: 'scan', bytes, aim }, { device: 'x' });
    if (hex.length !== bytes.length * 2) throw new Error('the raw bytes are not kept');
    scanContent({ kind: 'scan', bytes, symbologyName: random.oneOf(['GS1-128', 'UPC-E', 'EAN-13', '__proto__', text]) }, { device: 'x' });
    interpretGs1(aim, text);
    parseElementString(text);
    if (isDigitalLink(text)) parseDigitalLink(text);
    symbologyOfCodeId(random.oneOf(CODE_ID_VENDORS), text.slice(0, random.below(3)));
    symbologyOfName(text);
    symbologyName(aimIdentifierOf(text) ?? ']X0');
  }

  function readTag(bytes: Uint8Array, random: SeededRandom): void {
    const pc = random.oneOf([undefined, (bytes.length >> 1) << 11, random.below(0x10000)]);
    decodeEpc({ epc: bytes, pc });
    scanContent({ kind: 'scan', bytes, tag: { ...(pc !== undefined && { pc }) } }, { device: 'x' });
  }
});

import type { Advertisement, ServiceData } from '../../src/driver-kit/advertisement.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { type Freshness, judged, quieter, repeated } from '../../src/driver-kit/codecs/freshness.ts';
import { unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver, type Heard } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { opened, type Packet, packetOf } from './codec.ts';

const options = z.strictObject({
  keyFile: z
    .string()
    .min(1)
    .optional()
    .describe("The file with the tag's encryption key, 32 hexadecimal digits; unencrypted advertisements of this tag are then refused."),
  unauthenticatedCounters,
});

interface State {
  readonly fresh?: Freshness | undefined;
  /** The last encryption counter that was accepted. */
  readonly counter?: number | undefined;
  /** The last encrypted service data that was accepted, to know its repeats without decrypting them. */
  readonly sealed?: string | undefined;
}

/** Hears tags and sensors that speak BTHome version 2, in clear or encrypted. */
export const bthome = defineAdvertisingDriver<typeof options, State>({
  name: 'bthome',
  summary: 'Tags and sensors that speak BTHome 2: Shelly BLU, b-parasite, pulse counters, tags with other firmware',
  reports: 'meters',
  options,
  secrets: ['keyFile'],
  matches: (advertisement) => serviceDataOf(advertisement).length > 0,
  meters: () => undefined,
  decode,
  note: {
    text: ({ counter }) => (counter === undefined ? undefined : String(counter)),
    restored: (text) => {
      if (!/^\d{1,10}$/.test(text)) throw new ProtocolError({ where: 'bthome', what: 'the remembered counter cannot be read', remedy: 'Run `tailgate tag reset` if the tag is known to be right', fault: 'corrupt' });
      return { counter: Number(text) };
    },
  },
});

function decode(advertisement: Advertisement, { keyFile: key, unauthenticatedCounters: counters }: z.output<typeof options>, before: State = {}, sinceMs: number): Heard<State> {
  const [first, ...more] = serviceDataOf(advertisement);
  if (first === undefined || more.length > 0) throw new ProtocolError({ where: 'bthome', what: `there are ${more.length === 0 ? 'no' : 'several'} packets in one advertisement`, fault: 'unexpected' });
  if (key === undefined) {
    const { plain } = opened(first.bytes, advertisement, undefined);
    const again = repeated(before.fresh, plain, sinceMs);
    if (again !== undefined) return { observations: [], state: { ...before, fresh: again } };
    const heard = heardOf({ packet: packetOf(plain), plain, sent: plain }, before, sinceMs);
    return { ...heard, observations: unproven(heard.observations, counters) };
  }
  const sealed = hexOf(first.bytes);
  const fresh = before.fresh && quieter(before.fresh, sinceMs);
  if (sealed === before.sealed) return { observations: [], state: { ...before, fresh } };
  const { plain, counter } = opened(first.bytes, advertisement, key);
  if (counter !== undefined && counter === before.counter) return { observations: [], state: { ...before, fresh, sealed } }; // the last one, repeated after a restart
  refuseReplay(counter, before.counter);
  const heard = heardOf({ packet: packetOf(plain), plain, sent: first.bytes, counter }, before, sinceMs);
  return { ...heard, state: { ...heard.state, counter, sealed } };
}

interface Received {
  readonly packet: Packet;
  readonly plain: Uint8Array;
  readonly sent: Uint8Array;
  readonly counter?: number | undefined;
}

/** A packet id tells what is news; without one the encryption counter does, and without both only the bytes. */
function heardOf({ packet: { observations, packetId, kind, fault }, plain, sent, counter }: Received, before: State, sinceMs: number): Heard<State> & { readonly observations: Packet['observations'] } {
  const sequence = packetId !== undefined ? { value: packetId, bits: 8 } : counter === undefined ? undefined : { value: counter, bits: 32 };
  const { isNews, after } = judged(before.fresh, { kind, bytes: packetId === undefined ? sent : plain, sequence }, sinceMs);
  return { observations: isNews ? observations : [], state: { ...before, fresh: after }, ...(isNews && fault !== undefined && { fault }) };
}

/** Judged after the tag was verified: only who has the key could otherwise make the counter run ahead. */
function refuseReplay(counter: number | undefined, last: number | undefined): void {
  if (counter === undefined || last === undefined || counter > last) return; // the same is a repeat, and was taken for one
  throw new ProtocolError({
    where: 'bthome',
    what: `its counter is ${counter} after ${last}: a recording that is played back, or a new battery`,
    remedy: 'Run `tailgate tag reset` if its battery was changed or the tag was set up anew',
    fault: 'unexpected',
  });
}

function serviceDataOf({ services }: Advertisement): readonly ServiceData[] {
  return services.filter(({ uuid }) => uuid === UUID);
}

const UUID = 'fcd2';

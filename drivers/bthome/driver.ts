import type { Advertisement, ServiceData } from '../../src/driver-kit/advertisement.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { type Freshness, judged, quieter, repeated } from '../../src/driver-kit/codecs/freshness.ts';
import { unauthenticatedCounters, unproven } from '../../src/driver-kit/codecs/tag-trust.ts';
import { defineAdvertisingDriver, type Heard } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { opened, type Opened, type Packet, packetOfAll } from './codec.ts';

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
  if (key !== undefined) return decodeSealed(advertisement, key, before, sinceMs);
  const { row, fault } = openedRow(advertisement, undefined);
  const plain = joined(row.map((one) => one.plain));
  const again = repeated(before.fresh, plain, sinceMs);
  if (again !== undefined) return { observations: [], state: { ...before, fresh: again } };
  const heard = heardOf({ packet: packetOfAll(row.map((one) => one.plain), fault), plain, sent: plain }, before, sinceMs);
  return { ...heard, observations: unproven(heard.observations, counters) };
}

function decodeSealed(advertisement: Advertisement, key: string, before: State, sinceMs: number): Heard<State> {
  const sent = joined(serviceDataOf(advertisement).map(({ bytes }) => bytes));
  const sealed = hexOf(sent);
  const fresh = before.fresh && quieter(before.fresh, sinceMs);
  if (sealed === before.sealed) return { observations: [], state: { ...before, fresh } };
  const { row, fault } = openedRow(advertisement, key);
  const { news, counter } = newest(row, before.counter);
  if (news.length === 0) return { observations: [], state: { ...before, fresh, sealed } }; // the last one, repeated after a restart
  const plains = news.map((one) => one.plain);
  const heard = heardOf({ packet: packetOfAll(plains, fault), plain: joined(plains), sent, counter }, before, sinceMs);
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

/** What its structures hold, up to the first that is bad, and why that is; throws when that is the very first. */
function openedRow(advertisement: Advertisement, key: string | undefined): { readonly row: readonly Opened[]; readonly fault?: ProtocolError } {
  const row: Opened[] = [];
  for (const { bytes } of serviceDataOf(advertisement)) {
    try {
      row.push(opened(bytes, advertisement, key));
    } catch (error) {
      if (!(error instanceof ProtocolError) || row.length === 0) throw error;
      return { row, fault: error };
    }
  }
  if (row.length === 0) throw new ProtocolError({ where: 'bthome', what: 'there is no packet', fault: 'unexpected' });
  return { row };
}

/**
 * Those whose counter rises, and the highest; none when that is the last one again. Judged after the tag was verified: only
 * who has the key could otherwise make the counter run ahead.
 */
function newest(row: readonly Opened[], last: number | undefined): { readonly news: readonly Opened[]; readonly counter: number | undefined } {
  let counter = last;
  const news = row.filter((one) => {
    const isRising = one.counter !== undefined && (counter === undefined || one.counter > counter);
    if (isRising) counter = one.counter;
    return isRising;
  });
  const counters = row.flatMap((one) => one.counter ?? []);
  if (news.length > 0 || last === undefined || counters.includes(last)) return { news, counter };
  throw new ProtocolError({
    where: 'bthome',
    what: `its counter is ${Math.max(...counters)} after ${last}: a recording that is played back, or a new battery`,
    remedy: 'Run `tailgate tag reset` if its battery was changed or the tag was set up anew',
    fault: 'unexpected',
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
}

function serviceDataOf({ services }: Advertisement): readonly ServiceData[] {
  return services.filter(({ uuid }) => uuid === UUID);
}

const UUID = 'fcd2';

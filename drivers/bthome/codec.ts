import { addressBytes, type Advertisement, spokenAddress } from '../../src/driver-kit/advertisement.ts';
import { openedCcm } from '../../src/driver-kit/aes-ccm.ts';
import { hexOf } from '../../src/driver-kit/bytes.ts';
import { fieldObservation, integerAt } from '../../src/driver-kit/codecs/scaled-fields.ts';
import { keyBytes, notUnderstood, refuseOtherSender } from '../../src/driver-kit/codecs/tag-trust.ts';
import { type MeterObservation, ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { type ObjectForm, OBJECTS } from './objects.ts';

/*
 * Service data FCD2 (bthome.io/format), in clear and encrypted:
 *
 *   40   00 2A   3E 40 E2 01 00          41   DD CC 7B 71 D4   2A 00 00 00   80 AB 43 4F
 *   |    |       |  count 123,456        |    ciphertext       counter 42    tag
 *   |    |       object 3E: u32          bit 0: encrypted
 *   |    object 00: packet id 42
 *   bits 5 to 7: version 2; bit 1: the address follows, reversed
 */

/** What service data says. */
export interface Packet {
  readonly observations: readonly MeterObservation[];
  readonly packetId?: number | undefined;
  /** The ids of its objects: packets with the same are of one kind. */
  readonly kind: string;
  /** Why the rest could not be read. */
  readonly fault?: ProtocolError | undefined;
}

/** The plain objects, and the counter where they were encrypted. */
export interface Opened {
  readonly plain: Uint8Array;
  readonly counter?: number;
}

/**
 * The plain objects of service data. Throws a ProtocolError: another version, another sender's address, plaintext though
 * there is a key, encryption though there is none, or a tag that does not fit.
 */
export function opened(bytes: Uint8Array, advertisement: Advertisement, key: string | undefined): Opened {
  const [first] = bytes;
  if (first === undefined || first >> 5 !== VERSION) throw notUnderstood(WHERE, first === undefined ? 'the service data is empty' : `this is version ${first >> 5} of BTHome, not 2`);
  const named = (first & HAS_ADDRESS) === 0 ? undefined : namedAddress(bytes);
  if (named !== undefined) refuseOtherSender(WHERE, named, advertisement);
  const body = bytes.subarray(named === undefined ? 1 : 7);
  if ((first & ENCRYPTED) === 0) {
    if (key === undefined) return { plain: body };
    throw new ProtocolError({ where: WHERE, what: 'it sends in clear although there is a key for it', remedy: 'Someone sends in its name, or its encryption was switched off', fault: 'unexpected' });
  }
  if (key === undefined) {
    throw new ProtocolError({ where: WHERE, what: 'it sends encrypted', remedy: 'Write its key into a file and name that in "keyFile"', fault: 'unexpected' });
  }
  return decrypted({ first, body, address: named ?? advertisement.address, key });
}

/** The values of plain objects. An unknown id, or a value that is cut short, ends them; those before it are kept. */
function packetOf(plain: Uint8Array): Packet {
  const observations: MeterObservation[] = [];
  const times = new Map<string, number>();
  let kind = '';
  let packetId: number | undefined;
  for (let at = 0; at < plain.length; ) {
    const id = plain[at] ?? 0;
    const known = OBJECTS.get(id);
    if (known === undefined) return { observations, packetId, kind, fault: notUnderstood(WHERE, `object ${hexOf(plain.subarray(at, at + 1))} is not known, nor is how long it is`) };
    const from = at + 1 + (hasLength(known) ? 1 : 0);
    const end = from + lengthOf(known, plain[at + 1]);
    if (end > plain.length) return { observations, packetId, kind, fault: notUnderstood(WHERE, `object ${hexOf(plain.subarray(at, at + 1))} is cut short`) };
    if (known.form === 'packet id') packetId = plain[from];
    else observations.push(numbered(observationOf(known, plain, from, end), times));
    kind += String.fromCharCode(id);
    at = end;
  }
  return { observations, packetId, kind };
}

/**
 * The values of all service data of one advertisement. Each is decoded by itself; one that is bad, has another packet id,
 * or says again what one before it said ends them, since nobody can tell which of two is meant. Those before it are kept. `fault` says why
 * there are no more of them.
 */
export function packetOfAll([first = NOTHING, ...more]: readonly Uint8Array[], fault: ProtocolError | undefined): Packet {
  let whole = packetOf(first);
  for (const plain of more) {
    if (whole.fault !== undefined) break;
    const next = packetOf(plain);
    const packetId = whole.packetId ?? next.packetId;
    if ((next.packetId ?? packetId) !== packetId) return { ...whole, fault: notUnderstood(WHERE, `there are the packets ${packetId ?? ''} and ${next.packetId ?? ''} in one advertisement`) };
    const meters = new Set(whole.observations.map(({ meter }) => meter));
    const again = next.observations.find(({ meter }) => meters.has(meter));
    if (again !== undefined) return { ...whole, fault: notUnderstood(WHERE, `two packets of one advertisement say "${again.meter}"`) };
    whole = { observations: [...whole.observations, ...next.observations], packetId, kind: whole.kind + next.kind, fault: next.fault };
  }
  return whole.fault === undefined && fault !== undefined ? { ...whole, fault } : whole;
}

function decrypted({ first, body, address, key }: { readonly first: number; readonly body: Uint8Array; readonly address: string; readonly key: string }): Opened {
  const end = body.length - TAIL_BYTES;
  const sender = addressBytes(address);
  if (end < 0 || sender === undefined) throw new ProtocolError({ where: WHERE, what: 'it is too short to be encrypted', fault: 'corrupt' });
  const counter = body.subarray(end, end + COUNTER_BYTES);
  const nonce = new Uint8Array(13);
  nonce.set(sender);
  nonce.set([0xd2, 0xfc, first], 6);
  nonce.set(counter, 9);
  const plain = openedCcm({ key: keyBytes(WHERE, key), nonce, ciphertext: body.subarray(0, end), tag: body.subarray(end + COUNTER_BYTES) });
  if (plain === undefined) throw new ProtocolError({ where: WHERE, what: 'its tag does not fit: another key, damage or forgery', remedy: 'Compare the key with the one in the tag', fault: 'corrupt' });
  return { plain, counter: integerAt(counter, 0, { bytes: COUNTER_BYTES }, 'low first') };
}

function namedAddress(bytes: Uint8Array): string {
  if (bytes.length < 7) throw notUnderstood(WHERE, 'its address is cut short');
  return spokenAddress(bytes, 1, 6, 'low first');
}

function hasLength({ form }: ObjectForm): boolean {
  return form === 'text' || form === 'raw';
}

function lengthOf(known: ObjectForm, said: number | undefined): number {
  switch (known.form) {
    case 'number':
      return known.field.bytes;
    case 'packet id':
      return 1;
    case 'version':
    case 'bytes':
      return known.bytes;
    case 'text':
    case 'raw':
      return said ?? 1; // a length that is missing itself: cut short
  }
}

function observationOf(known: Exclude<ObjectForm, { form: 'packet id' }>, plain: Uint8Array, from: number, end: number): MeterObservation {
  if (known.form === 'number') return fieldObservation(known.field, plain, from, 'low first');
  const bytes = plain.subarray(from, end);
  const raw = hexOf(bytes);
  return { kind: 'meter', meter: known.meter, quantity: 'text', meterKind: 'characteristic', value: textOf(known.form, bytes, raw), raw };
}

function textOf(form: 'version' | 'bytes' | 'text' | 'raw', bytes: Uint8Array, raw: string): MeterObservation['value'] {
  if (form === 'version') return Array.from(bytes).toReversed().join('.');
  if (form === 'text') return bytes.length === 0 ? { missing: 'an empty text' } : new TextDecoder().decode(bytes);
  return raw === '' ? { missing: 'no bytes' } : raw;
}

/** The second of a name is NAME-2, and so on: their order is all that tells them apart. */
function numbered(observation: MeterObservation, times: Map<string, number>): MeterObservation {
  const count = (times.get(observation.meter) ?? 0) + 1;
  times.set(observation.meter, count);
  return count === 1 ? observation : { ...observation, meter: `${observation.meter}-${count}` };
}

const NOTHING = new Uint8Array();
const WHERE = 'bthome';
const VERSION = 2;
const ENCRYPTED = 0x01;
const HAS_ADDRESS = 0x02;
const COUNTER_BYTES = 4;
const TAIL_BYTES = 8;

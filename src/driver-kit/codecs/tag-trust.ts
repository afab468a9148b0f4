import { isLasting, type Advertisement } from '../advertisement.ts';
import { z } from '../options.ts';
import { type MeterObservation, ProtocolError } from '../vocabulary.ts';

/** The option of every driver whose tags send in clear. */
export const unauthenticatedCounters = z
  .enum(['good', 'uncertain'])
  .default('good')
  .describe('The quality of counters that nothing proves the sender of. "uncertain" keeps a receiver from booking what anybody near could have sent.');

/** Readings of an advertisement in clear: `authenticated: false`, and counters in doubt where the configuration asks for it. */
export function unproven(observations: readonly MeterObservation[], counters: 'good' | 'uncertain'): readonly MeterObservation[] {
  // Each member by its name: tags bring thousands a second, and a spread costs more than all the rest of a value.
  return observations.map(({ kind, meter, quantity, meterKind, value, raw, counter, doubt }) => ({
    kind,
    meter,
    quantity,
    meterKind,
    value,
    raw,
    counter,
    authenticated: false,
    doubt: counters === 'uncertain' && meterKind === 'counter' ? 'unauthenticated' : doubt,
  }));
}

/** Refuses a payload that names another sender than its advertisement has, by an address or the end of one, where that one keeps its address for good. */
export function refuseOtherSender(where: string, named: string, advertisement: Advertisement): void {
  if (advertisement.address.endsWith(named) || !isLasting(advertisement)) return;
  throw new ProtocolError({ where, what: `${advertisement.address} sends in the name of ${named}`, fault: 'unexpected' });
}

/** What is said of a payload that is not what its ids promise. */
export function notUnderstood(where: string, what: string): ProtocolError {
  return new ProtocolError({ where, what, fault: 'unexpected' });
}

/** The 16 bytes of a key in 32 hexadecimal digits, as it is written in a key's file. */
export function keyBytes(where: string, text: string): Uint8Array {
  const digits = BARE_KEY.test(text) ? text : text.replaceAll(/[\s:-]/g, '');
  if (!BARE_KEY.test(digits)) {
    throw new ProtocolError({ where, what: 'the key is not 32 hexadecimal digits', remedy: "Write the tag's key into the file and nothing else", fault: 'unexpected' });
  }
  return Buffer.from(digits, 'hex');
}

const BARE_KEY = /^[0-9A-Fa-f]{32}$/;

import type { StoredRow } from '../outbox/row.ts';

/** The topic levels below the gateway's root, from `docs/mqtt-contract.md`. */
export const STATE_TOPIC = 'state';
export const ACK_TOPIC = 'ack';
export const COMMAND_TOPIC = 'cmd';
export const REPLY_TOPIC = 'reply';

/**
 * Where a row goes below the root: `scan/{device}`, `reading/{device}` or `event/{kind}`. Its levels come from the
 * configuration and the contract alone, never from what was scanned or measured.
 */
export function topicOf({ kind, subject }: Pick<StoredRow, 'kind' | 'subject'>): string {
  if (kind !== 'scan' && kind !== 'reading') return `event/${kind}`;
  const slash = subject.indexOf('/');
  return `${kind}/${slash < 0 ? subject : subject.slice(0, slash)}`;
}

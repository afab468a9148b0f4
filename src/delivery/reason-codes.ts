import type { PublishFault } from '../core/errors.ts';

/** PUBACK "no matching subscribers" (MQTT 5.0, section 3.4.2.1): the broker took the message and nobody got it. */
export const NO_MATCHING_SUBSCRIBERS = 0x10;

/**
 * What a PUBACK's reason code of 0x80 and above means for the message (MQTT 5.0, sections 2.4 and 3.4.2.1).
 * Codes that are not listed are transient: keep and try again.
 */
export function publishFault(reasonCode: number): PublishFault {
  switch (reasonCode) {
    case 0x87:
      return 'not-authorised';
    case 0x90:
    case 0x95:
    case 0x99:
      return 'poison';
    case 0x93:
    case 0x96:
    case 0x97:
      return 'back-pressure';
    case NO_MATCHING_SUBSCRIBERS:
      return 'nobody-listens';
    default:
      return 'transient';
  }
}

/** The names of the reason codes a gateway can meet, for people (MQTT 5.0, table 2-6; 1 to 5: MQTT 3.1.1, table 3.1). */
export function reasonName(reasonCode: number): string {
  return REASON_NAMES.get(reasonCode) ?? `reason code 0x${reasonCode.toString(16)}`;
}

const REASON_NAMES = new Map([
  [1, 'unacceptable protocol version'],
  [2, 'client id rejected'],
  [3, 'server unavailable'],
  [4, 'bad user name or password'],
  [5, 'not authorised'],
  [0x10, 'no matching subscribers'],
  [0x80, 'unspecified error'],
  [0x81, 'malformed packet'],
  [0x82, 'protocol error'],
  [0x83, 'implementation specific error'],
  [0x84, 'unsupported protocol version'],
  [0x85, 'client id not valid'],
  [0x86, 'bad user name or password'],
  [0x87, 'not authorised'],
  [0x88, 'server unavailable'],
  [0x89, 'server busy'],
  [0x8a, 'banned'],
  [0x8b, 'server shutting down'],
  [0x8d, 'keep alive time-out'],
  [0x8e, 'session taken over'],
  [0x90, 'topic name invalid'],
  [0x91, 'packet identifier in use'],
  [0x93, 'receive maximum exceeded'],
  [0x95, 'packet too large'],
  [0x96, 'message rate too high'],
  [0x97, 'quota exceeded'],
  [0x98, 'administrative action'],
  [0x99, 'payload format invalid'],
  [0x9c, 'use another server'],
  [0x9d, 'server moved'],
  [0x9f, 'connection rate exceeded'],
]);

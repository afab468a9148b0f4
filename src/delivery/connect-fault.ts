import { codeOf, messageOf, PublishError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { publishFault, reasonName } from './reason-codes.ts';
import { ServerMoved } from './server-reference.ts';

/**
 * The fault of a connection that was not made, or was lost, in words that name the remedy. `reference` is where the
 * broker sends us, if it does.
 */
export function connectFault(url: string, error: unknown, reference?: string): PublishError {
  const reasonCode = reasonCodeOf(error);
  const where = `broker ${url}`;
  if (reasonCode !== undefined) {
    const fault = REFUSED_FOR_GOOD.has(reasonCode) ? 'not-authorised' : publishFault(reasonCode);
    const remedy = CONNACK_REMEDIES.get(reasonCode);
    if (reference !== undefined && MOVED.has(reasonCode)) {
      return new ServerMoved({ where, what: `it refers to ${printable(reference)}`, fault: 'transient', reasonCode, reference });
    }
    return new PublishError({ where, what: `it refused the connection: ${reasonName(reasonCode)}`, remedy, fault, reasonCode });
  }
  const code = codeOf(error) ?? '';
  const what = printable(messageOf(error)) || `the connection failed (${code})`;
  return new PublishError({ where, what, remedy: SYSTEM_REMEDIES.get(code), fault: 'transient', cause: error });
}

function reasonCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

const CREDENTIALS = 'Check mqtt.username and the file under mqtt.passwordFile, and the broker\'s list of users';
const CLIENT_ID = 'Check mqtt.clientId: the broker does not allow it';

/** Use another server, server moved. */
export const MOVED: ReadonlySet<number> = new Set([0x9c, 0x9d]);

/** Refusals that no retry alone will cure: 3.1.1 return codes 2, 4, 5 and their MQTT 5 kin. */
const REFUSED_FOR_GOOD = new Set([2, 4, 5, 0x85, 0x86, 0x87, 0x8a]);

const CONNACK_REMEDIES = new Map([
  [2, CLIENT_ID],
  [4, CREDENTIALS],
  [5, CREDENTIALS],
  [0x84, 'Set mqtt.version to "3.1.1" if the broker knows no MQTT 5'],
  [0x85, CLIENT_ID],
  [0x86, CREDENTIALS],
  [0x87, CREDENTIALS],
  [0x8a, 'The broker has banned this gateway: ask who runs it'],
  [0x8e, 'Another client uses the same mqtt.clientId: give each gateway its own'],
  [0x9c, 'It names no other: set mqtt.url to the broker that takes its place'],
  [0x9d, 'It names no other: set mqtt.url to the broker that takes its place'],
]);

const CERTIFICATE = 'Check mqtt.caFile: it has to hold the authority that signed the broker\'s certificate';

const SYSTEM_REMEDIES = new Map([
  ['ECONNREFUSED', 'Nothing listens there: check mqtt.url and that the broker runs'],
  ['ENOTFOUND', 'The name is unknown: check mqtt.url and the DNS server'],
  ['EAI_AGAIN', 'The name cannot be looked up now: check the network and the DNS server'],
  ['ETIMEDOUT', 'No answer: check the network, the firewall and mqtt.url'],
  ['EHOSTUNREACH', 'No route: check the network'],
  ['ENETUNREACH', 'No network: check the modem or the cable'],
  ['ECONNRESET', 'The other end closed: check that mqtt.url has the right port and mqtt or mqtts'],
  ['SELF_SIGNED_CERT_IN_CHAIN', CERTIFICATE],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', CERTIFICATE],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', CERTIFICATE],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', CERTIFICATE],
  ['CERT_HAS_EXPIRED', 'The broker\'s certificate has expired, or this machine\'s clock is wrong'],
  ['CERT_NOT_YET_VALID', 'This machine\'s clock is wrong, or the broker\'s certificate is too new'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'The broker\'s certificate is for another name: use that name in mqtt.url'],
]);

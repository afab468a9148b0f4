import type { Transport } from '../driver-kit/link.ts';
import type { PortMatch } from './port-match.ts';
import { serialTransport, type SerialSettings } from './serial.ts';
import { tcpTransport } from './tcp.ts';

/** Where a link is to lead: a device file, what a serial port must be, or a TCP address. */
export type Place =
  | { readonly kind: 'path'; readonly path: string }
  | (PortMatch & { readonly kind: 'match' })
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The transport to a place; the line parameters are for serial ports. */
export function transportTo(place: Place, line: SerialSettings): Transport {
  switch (place.kind) {
    case 'path':
      return serialTransport({ path: place.path, ...line });
    case 'match':
      return serialTransport({ match: place, ...line });
    case 'tcp':
      return tcpTransport(place);
  }
}

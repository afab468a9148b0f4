import type { Transport } from '../driver-kit/link.ts';
import type { Radio } from '../driver-kit/radio.ts';
import { type BleStreamOptions, bleStreamTransport } from './ble/ble-stream.ts';
import type { PortMatch } from './port-match.ts';
import { type SerialSettings, serialTransport } from './serial.ts';
import { type TcpOptions, tcpTransport } from './tcp.ts';

/** Where a link leads, as the configuration says it. */
export type Destination =
  | { readonly kind: 'path'; readonly path: string }
  | ({ readonly kind: 'match' } & PortMatch)
  | ({ readonly kind: 'tcp' } & TcpOptions)
  | ({ readonly kind: 'ble'; readonly address?: string | undefined } & Pick<BleStreamOptions, 'addressType' | 'stream'>);

/** Where a link leads that needs no radio. */
export type Place = Exclude<Destination, { readonly kind: 'ble' }>;

/** The transport that opens links to there; `radio` is needed for BLE. */
export function transportTo(port: Destination, line: SerialSettings, radio?: Radio): Transport {
  switch (port.kind) {
    case 'path':
      return serialTransport({ path: port.path, ...line });
    case 'match':
      return serialTransport({ match: port, ...line });
    case 'tcp':
      return tcpTransport(port);
    case 'ble':
      if (radio === undefined || port.address === undefined) throw new TypeError('a BLE stream needs a radio and an address');
      return bleStreamTransport({ radio, address: port.address, addressType: port.addressType, stream: port.stream });
  }
}

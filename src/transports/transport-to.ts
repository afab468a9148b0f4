import type { Transport } from '../driver-kit/link.ts';
import type { Radio, Whom } from '../driver-kit/radio.ts';
import { type BleStreamOptions, bleStreamTransport } from './ble/ble-stream.ts';
import type { PortMatch } from './port-match.ts';
import { type SerialSettings, serialTransport } from './serial.ts';
import { type TcpOptions, tcpTransport } from './tcp.ts';

/** Where a link leads, as the configuration says it. */
export type Destination =
  | { readonly kind: 'path'; readonly path: string }
  | ({ readonly kind: 'match' } & PortMatch)
  | ({ readonly kind: 'tcp' } & TcpOptions)
  | BleDestination;

/** A device of the radio, by its address or the file with the key that its addresses fit. */
export interface BleDestination extends Pick<BleStreamOptions, 'stream'> {
  readonly kind: 'ble';
  readonly address?: string | undefined;
  readonly irkFile?: string | undefined;
}

/** Where a link leads that needs no radio. */
export type Place = Exclude<Destination, { readonly kind: 'ble' }>;

/** How devices are reached over the radio. */
export interface OverRadio {
  readonly radio: Radio;
  /** Whom a port means, with its key read; rejects with a ConfigurationError. */
  readonly whomOf: (port: BleDestination) => Promise<Whom | undefined>;
  /** Gets the level of its battery in %, where it has one that can be read. */
  readonly battery: (level: number) => void;
}

/** The transport that opens links to there; `over` is needed for BLE. */
export function transportTo(port: Destination, line: SerialSettings, over?: OverRadio): Transport {
  switch (port.kind) {
    case 'path':
      return serialTransport({ path: port.path, ...line });
    case 'match':
      return serialTransport({ match: port, ...line });
    case 'tcp':
      return tcpTransport(port);
    case 'ble':
      if (over === undefined) throw new TypeError('a BLE stream needs a radio');
      return bleStreamTransport({ radio: over.radio, name: `ble ${port.address ?? `key ${port.irkFile ?? ''}`}`, whom: () => knownWhom(over, port), stream: port.stream, battery: over.battery });
  }
}

async function knownWhom({ whomOf }: OverRadio, port: BleDestination): Promise<Whom> {
  const whom = await whomOf(port);
  if (whom === undefined) throw new TypeError('a device that is connected to needs an address or a key');
  return whom;
}

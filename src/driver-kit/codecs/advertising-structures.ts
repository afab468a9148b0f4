import { type Advertisement, type ManufacturerData, type ServiceData, uuidOf } from '../advertisement.ts';

/*
 * Advertising data is a row of structures (Core Specification 5.4, volume 3, part C, section 11; types in the Core
 * Specification Supplement, part A, section 1):
 *
 *   02 01 06   0B 16 D2 FC  40 00 2A 3E 40 E2 01 00
 *   |  |  |    |  |  |      the service's data
 *   |  |  |    |  |  UUID FCD2, low byte first
 *   |  |  |    |  service data with a UUID of 16 bits
 *   |  |  flags
 *   |  type: flags
 *   length of type and data
 */

/** Who sent advertising data, and how it was heard. */
export type Heading = Pick<Advertisement, 'address' | 'addressType' | 'connectable' | 'rssi'>;

/** What the structures say, and how many bytes were left out at the end since they said that they are more than there were. */
export interface ReadStructures {
  readonly advertisement: Advertisement;
  readonly cutShortBytes: number;
}

/**
 * Reads the structures of an advertisement, those of its scan response behind them. A structure that ends beyond the data
 * is left out with all that follows; what came before is kept. A length of 0 ends the data, as the specification says.
 * One that is too short for its own UUID or company id is passed over. Beyond 1,650 bytes, the most that extended
 * advertising has room for (section 2.3.4.9 of volume 6, part B), nothing is read. Never throws.
 */
export function readStructures(bytes: Uint8Array, heading: Heading): ReadStructures {
  const found: Found = { name: undefined, manufacturer: [], services: [], serviceUuids: [] };
  const end = Math.min(bytes.length, DATA_BYTES_MAX);
  let at = 0;
  while (at < end && bytes[at] !== 0) {
    const next = at + 1 + (bytes[at] ?? 0);
    if (next > end) break;
    take(bytes[at + 1] ?? 0, bytes, { from: at + 2, end: next }, found);
    at = next;
  }
  const { name, manufacturer, services, serviceUuids } = found;
  const { address, addressType, connectable, rssi } = heading;
  const advertisement = { address, addressType, connectable, rssi, manufacturer, services, serviceUuids };
  return { advertisement: name === undefined ? advertisement : { ...advertisement, name }, cutShortBytes: at < end && bytes[at] === 0 ? 0 : bytes.length - at };
}

interface Found {
  name: string | undefined;
  readonly manufacturer: ManufacturerData[];
  readonly services: ServiceData[];
  readonly serviceUuids: string[];
}

/** Where the content of a structure stands; a view of it is made only where one is kept. */
interface Span {
  readonly from: number;
  readonly end: number;
}

function take(type: number, bytes: Uint8Array, { from, end }: Span, found: Found): void {
  const uuidBytes = listedUuidBytes(type);
  if (uuidBytes !== undefined) {
    for (let at = from; at + uuidBytes <= end; at += uuidBytes) found.serviceUuids.push(reversedUuid(bytes, at, uuidBytes));
    return;
  }
  const dataUuidBytes = dataUuidBytesOf(type);
  if (dataUuidBytes !== undefined && from + dataUuidBytes <= end) {
    found.services.push({ uuid: reversedUuid(bytes, from, dataUuidBytes), bytes: bytes.subarray(from + dataUuidBytes, end) });
  } else if (type === MANUFACTURER && from + 2 <= end) {
    found.manufacturer.push({ company: (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8), bytes: bytes.subarray(from + 2, end) });
  } else if (type === COMPLETE_NAME || (type === SHORT_NAME && found.name === undefined)) {
    found.name = new TextDecoder().decode(bytes.subarray(from, end));
  }
}

/** The bytes of each UUID in a list of UUIDs, whole or not; undefined when the type is no such list. */
function listedUuidBytes(type: number): number | undefined {
  switch (type) {
    case 0x02:
    case 0x03:
      return 2;
    case 0x04:
    case 0x05:
      return 4;
    case 0x06:
    case 0x07:
      return 16;
    default:
      return undefined;
  }
}

/** The bytes of the UUID that service data begins with; undefined when the type is no service data. */
function dataUuidBytesOf(type: number): number | undefined {
  switch (type) {
    case 0x16:
      return 2;
    case 0x20:
      return 4;
    case 0x21:
      return 16;
    default:
      return undefined;
  }
}

/** UUIDs travel lowest byte first. */
function reversedUuid(bytes: Uint8Array, from: number, length: number): string {
  let digits = '';
  for (let at = from + length - 1; at >= from; at -= 1) digits += PAIRS[bytes[at] ?? 0] ?? '';
  return length === 2 ? digits : uuidOf(digits);
}

const DATA_BYTES_MAX = 1650;
const SHORT_NAME = 0x08;
const COMPLETE_NAME = 0x09;
const MANUFACTURER = 0xff;

/** Each byte in lower-case digits. */
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

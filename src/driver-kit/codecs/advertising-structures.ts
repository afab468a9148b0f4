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
  const found: Found = { manufacturer: [], services: [], serviceUuids: [] };
  const end = Math.min(bytes.length, DATA_BYTES_MAX);
  let at = 0;
  while (at < end && bytes[at] !== 0) {
    const next = at + 1 + (bytes[at] ?? 0);
    if (next > end) break;
    take(bytes[at + 1] ?? 0, bytes.subarray(at + 2, next), found);
    at = next;
  }
  const { name, ...lists } = found;
  return { advertisement: { ...heading, ...(name !== undefined && { name }), ...lists }, cutShortBytes: at < end && bytes[at] === 0 ? 0 : bytes.length - at };
}

interface Found {
  name?: string;
  readonly manufacturer: ManufacturerData[];
  readonly services: ServiceData[];
  readonly serviceUuids: string[];
}

function take(type: number, content: Uint8Array, found: Found): void {
  const uuidBytes = UUID_BYTES.get(type);
  if (uuidBytes !== undefined) {
    for (let at = 0; at + uuidBytes <= content.length; at += uuidBytes) found.serviceUuids.push(reversedUuid(content, at, uuidBytes));
    return;
  }
  const dataUuidBytes = SERVICE_DATA.get(type);
  if (dataUuidBytes !== undefined && content.length >= dataUuidBytes) {
    found.services.push({ uuid: reversedUuid(content, 0, dataUuidBytes), bytes: content.subarray(dataUuidBytes) });
  } else if (type === MANUFACTURER && content.length >= 2) {
    found.manufacturer.push({ company: (content[0] ?? 0) | ((content[1] ?? 0) << 8), bytes: content.subarray(2) });
  } else if (type === COMPLETE_NAME || (type === SHORT_NAME && found.name === undefined)) {
    found.name = new TextDecoder().decode(content);
  }
}

/** UUIDs travel lowest byte first. */
function reversedUuid(bytes: Uint8Array, from: number, length: number): string {
  if (length === 2) return (((bytes[from + 1] ?? 0) << 8) | (bytes[from] ?? 0)).toString(16).padStart(4, '0');
  let digits = '';
  for (let at = from + length - 1; at >= from; at -= 1) digits += (bytes[at] ?? 0).toString(16).padStart(2, '0');
  return uuidOf(digits);
}

const DATA_BYTES_MAX = 1650;
const SHORT_NAME = 0x08;
const COMPLETE_NAME = 0x09;
const MANUFACTURER = 0xff;

/** The bytes of each UUID in lists of UUIDs, whole or not, by their type. */
const UUID_BYTES: ReadonlyMap<number, number> = new Map([
  [0x02, 2],
  [0x03, 2],
  [0x04, 4],
  [0x05, 4],
  [0x06, 16],
  [0x07, 16],
]);

/** The bytes of the UUID that service data begins with, by its type. */
const SERVICE_DATA: ReadonlyMap<number, number> = new Map([
  [0x16, 2],
  [0x20, 4],
  [0x21, 16],
]);

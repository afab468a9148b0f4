import { pairOf } from '../core/hex.ts';

/** What one advertisement of a BLE device says, its scan response included where there was one. All of it is hostile. */
export interface Advertisement {
  /** Six bytes as they are printed, upper case: "C0:DE:C0:DE:00:01". */
  readonly address: string;
  readonly addressType: 'public' | 'random';
  readonly name?: string;
  readonly connectable: boolean;
  /** The strength of the signal in dBm. */
  readonly rssi: number;
  /** Manufacturer data by the company's id; the bytes follow the id. A company can come several times. */
  readonly manufacturer: readonly ManufacturerData[];
  /** Service data by UUID; the bytes follow the UUID. A UUID can come several times. */
  readonly services: readonly ServiceData[];
  readonly serviceUuids: readonly string[];
}

/** The bytes that a company defines (Bluetooth Core Specification Supplement, part A, section 1.4). */
export interface ManufacturerData {
  readonly company: number;
  readonly bytes: Uint8Array;
}

/** The bytes of a service, whose UUID is written as `uuidOf` does (Core Specification Supplement, part A, section 1.11). */
export interface ServiceData {
  readonly uuid: string;
  readonly bytes: Uint8Array;
}

/** A UUID as it is compared: lower case without dashes, four digits where it is one of the Bluetooth SIG's. */
export function uuidOf(text: string): string {
  const digits = text.replaceAll('-', '').toLowerCase();
  if (digits.length === 8 && digits.startsWith('0000')) return digits.slice(4);
  return digits.length === 32 && digits.startsWith('0000') && digits.endsWith(SIG_TAIL) ? digits.slice(4, 8) : digits;
}

/** The six bytes of an address in the order it is printed; undefined when the text is none. */
export function addressBytes(address: string): Uint8Array | undefined {
  if (!/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/.test(address)) return undefined;
  const bytes = new Uint8Array(6);
  for (let index = 0; index < 6; index += 1) bytes[index] = Number.parseInt(address.slice(3 * index, 3 * index + 2), 16);
  return bytes;
}

/** An address, or a part of one, as it is printed: upper case with colons. */
export function spokenAddress(bytes: Uint8Array, at: number, length: number, order: 'low first' | 'high first'): string {
  let spoken = '';
  for (let index = 0; index < length; index += 1) {
    const pair = pairOf(bytes[order === 'high first' ? at + index : at + length - 1 - index]);
    spoken += index === 0 ? pair : `:${pair}`;
  }
  return spoken;
}

/**
 * Whether a device keeps this address for good: it is public, or random and static, which its two highest bits tell (Core
 * Specification 5.4, volume 6, part B, section 1.3.2).
 */
export function isLasting({ address, addressType }: Pick<Advertisement, 'address' | 'addressType'>): boolean {
  return addressType === 'public' || Number.parseInt(address.charAt(0), 16) >= 0xc;
}

/** What follows the four digits in a UUID of the Bluetooth SIG (Core Specification 5.4, volume 3, part B, section 2.5.1). */
const SIG_TAIL = '00001000800000805f9b34fb';

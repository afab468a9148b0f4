import { type Cipher, createCipheriv } from 'node:crypto';
import { addressBytes } from '../../driver-kit/advertisement.ts';

/**
 * Finds out whether an address that changes belongs to one of the devices whose identity resolving keys are known
 * (Core Specification 5.4, volume 6, part B, section 1.3.2.3):
 *
 *   70 81 94  0D FB AA
 *   |         hash: the last three bytes of AES-128 over 13 zero bytes and the first three (ah, volume 3, part H, section 2.2.2)
 *   random, its two highest bits 01
 *
 * One foreign address in 16 million fits a key by chance, and anybody can repeat an address that was heard: it says whom to listen to,
 * and proves nothing.
 */
export class AddressResolver {
  readonly #ciphers: readonly Cipher[];
  readonly #known = new Map<string, boolean>();

  constructor(irks: readonly Uint8Array[]) {
    this.#ciphers = irks.map((irk) => createCipheriv('aes-128-ecb', irk, null).setAutoPadding(false));
  }

  /** Whether an address, as it is printed, was made with one of the keys. Never throws. */
  fits(address: string, addressType: 'public' | 'random'): boolean {
    if (addressType !== 'random' || this.#ciphers.length === 0 || !/^[4-7]/.test(address)) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const bytes = addressBytes(address);
    const fits = bytes !== undefined && this.#ciphers.some((cipher) => isHashed(cipher, bytes));
    // Everybody in range can send addresses without end; what is forgotten is worked out again.
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(address, fits);
    return fits;
  }
}

function isHashed(cipher: Cipher, address: Uint8Array): boolean {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(address.subarray(0, PART_BYTES), BLOCK_BYTES - PART_BYTES);
  const hash = cipher.update(block).subarray(BLOCK_BYTES - PART_BYTES);
  return hash.equals(address.subarray(PART_BYTES));
}

const BLOCK_BYTES = 16;
const PART_BYTES = 3;
const KNOWN_MAX = 4096;

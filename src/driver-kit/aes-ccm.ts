import { createDecipheriv } from 'node:crypto';

/** What was encrypted with AES-128 in CCM mode (RFC 3610), the tag apart from the rest. */
export interface Sealed {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 7 to 13 bytes. */
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** 4 to 16 bytes, an even number. */
  readonly tag: Uint8Array;
  /** Bytes that the tag proves beside the ciphertext. */
  readonly additional?: Uint8Array;
}

/** The plain bytes; undefined when the tag does not fit, as with another key or a damaged or forged message. */
export function openedCcm({ key, nonce, ciphertext, tag, additional }: Sealed): Uint8Array | undefined {
  const cipher = createDecipheriv('aes-128-ccm', key, nonce, { authTagLength: tag.length });
  cipher.setAuthTag(tag);
  if (additional !== undefined) cipher.setAAD(additional, { plaintextLength: ciphertext.length });
  const plain = cipher.update(ciphertext);
  try {
    cipher.final();
    return plain;
  } catch {
    return undefined; // this is how Node says that the tag does not fit
  }
}

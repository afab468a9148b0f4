/** The protocol control word that a Gen2 tag sends before its EPC (TDS 1.13, sections 9.2 and 15.2). */
export interface PcWord {
  /** Bytes of EPC that follow. */
  readonly epcBytes: number;
  /** Whether the tag says that its user memory holds something. */
  readonly userMemory: boolean;
  /** Whether extended control words (XPC) follow this one. */
  readonly extended: boolean;
  /** Whose numbering follows: an EPC with attribute bits, or that of the ISO application family. */
  readonly numbering: { readonly of: 'epc'; readonly attributes: number } | { readonly of: 'iso'; readonly afi: number };
}

/** Takes a control word of 16 bits apart; the bit at address 10h is its most significant one. */
export function pcWordOf(word: number): PcWord {
  const low = word & 0xff;
  return {
    epcBytes: ((word >> 11) & 0x1f) * 2,
    userMemory: (word & 0x0400) !== 0,
    extended: (word & 0x0200) !== 0,
    numbering: (word & 0x0100) === 0 ? { of: 'epc', attributes: low } : { of: 'iso', afi: low },
  };
}

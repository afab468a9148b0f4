import { hexOf } from '../core/hex.ts';
import type { ScanObservation } from '../core/observation.ts';
import type { EpcContent } from '../core/reading.ts';
import type { Element } from './element.ts';
import { decodeEpc, type EpcReading } from './epc/decode-epc.ts';
import { pairingProblems } from './gs1/pairing.ts';
import type { Meaning } from './meaning.ts';
import { identityOf } from './gs1/identity.ts';

/** What the EPC of a radio tag means. Its text is the hexadecimal of its bytes, which are no text. */
export function tagMeaning({ bytes, tag }: ScanObservation): Meaning {
  const text = hexOf(bytes);
  const epc = decodeEpc({ epc: bytes, pc: tag?.pc });
  const elements = 'elements' in epc ? epc.elements : [];
  const doubt = doubtOf(epc);
  return {
    text,
    elements,
    epc: epcContent(epc),
    identity: epc.kind === 'invalid' ? undefined : (identityOf(elements) ?? ownIdentity(epc)),
    wrong: epc.kind === 'invalid' ? [`EPC: ${epc.problem}`] : [],
    remarks: [...(doubt === undefined ? [] : [doubt]), ...remarksOn(elements)],
  };
}

function remarksOn(elements: readonly Element[]): readonly string[] {
  return pairingProblems(elements).map(({ words }) => words);
}

function epcContent(epc: EpcReading): EpcContent | undefined {
  if (epc.kind === 'decoded') return { scheme: epc.scheme, filter: epc.filter, uri: epc.uri, tagUri: epc.tagUri };
  if (epc.kind === 'decoded-plus') return { scheme: epc.scheme, filter: epc.filter };
  if (epc.kind === 'newer-scheme') return { scheme: epc.scheme };
  return epc.kind === 'invalid' && epc.scheme !== undefined ? { scheme: epc.scheme } : undefined;
}

/**
 * The key of a tag that holds no GS1 key: its URI, or the bytes where the numbering is the user's own. A tag that nobody has
 * programmed has none, nor has one whose GS1 key is there and only not read.
 */
function ownIdentity(epc: EpcReading): { readonly value: string } | undefined {
  if (epc.kind === 'decoded') return { value: epc.uri };
  const own = epc.kind === 'not-epc' || (epc.kind === 'unknown-header' && /[^0]/.test(epc.hex));
  return own ? { value: epc.hex } : undefined;
}

/** What is worth saying of a tag that breaks no rule. */
function doubtOf(epc: EpcReading): string | undefined {
  switch (epc.kind) {
    case 'extended-pc':
      return 'EPC: the tag has extended control words, behind which nothing is decoded';
    case 'newer-scheme':
      return `EPC: ${epc.scheme} is a newer scheme, which is not decoded`;
    case 'tid-like':
      return 'EPC: this is the identification of the chip and no EPC: the reader reads another part of the memory';
    case 'unknown-header':
      return /[^0]/.test(epc.hex) ? undefined : 'EPC: nothing but zeros: the tag is not programmed';
    case 'decoded-plus':
      return epc.moreFollows ? 'EPC: the tag says that more elements follow, such as a batch, which are not read' : undefined;
    case 'decoded':
    case 'not-epc':
    case 'invalid':
      return undefined;
  }
}

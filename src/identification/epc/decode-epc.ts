import { hexOf } from '../../core/hex.ts';
import type { Element } from '../element.ts';
import { BitReader } from './bits.ts';
import { escapedForUri } from './characters.ts';
import { newerSchemeName } from './newer-schemes.ts';
import type { Part } from './parts.ts';
import { type PcWord, pcWordOf } from './pc-word.ts';
import { type PlusScheme, plusSchemeOf } from './plus-schemes.ts';
import { type Scheme, schemeOf } from './schemes.ts';

/** What was read from a tag, in any case: the bytes as they were given, in upper-case hexadecimal, and the control word. */
interface Read {
  readonly hex: string;
  readonly pc?: PcWord | undefined;
}

/** An EPC of TDS 1.13. */
export interface DecodedEpc extends Read {
  readonly kind: 'decoded';
  /** The binary coding scheme: "sgtin-96". */
  readonly scheme: string;
  /** Absent in GID, which has none. */
  readonly filter?: number | undefined;
  /** Absent where no GS1 company speaks: GID, USDoD, ADI. */
  readonly companyPrefix?: string | undefined;
  /** The other values by name, in the order of the URI, unescaped: itemReference, serial ... */
  readonly fields: Readonly<Record<string, string>>;
  /** The pure identity: "urn:epc:id:sgtin:0614141.812345.6789". */
  readonly uri: string;
  /** With scheme, filter and what else the control word says: "urn:epc:tag:sgtin-96:3.0614141.812345.6789". */
  readonly tagUri: string;
  /** The GS1 elements that the same thing has as a barcode; none for GID, USDoD and ADI. */
  readonly elements: readonly Element[];
}

/** An EPC of a "+" scheme of TDS 2.x, which carries GS1 elements and has no EPC URI. */
export interface DecodedPlusEpc extends Read {
  readonly kind: 'decoded-plus';
  /** "SGTIN+". */
  readonly scheme: string;
  readonly filter: number;
  /** The GS1 elements that the same thing has as a barcode. */
  readonly elements: readonly Element[];
  /** Whether more than zero bits follow the EPC, or are said to: further elements, such as a batch, which are not read. */
  readonly moreFollows: boolean;
}

/**
 * What an EPC memory bank holds. Other than `decoded` and `decoded-plus`: `not-epc`, numbered by an ISO application family; `extended-pc`,
 * XPC words stand between control word and EPC; `newer-scheme`, one of TDS 2.x that is not read; `tid-like`, E2 begins a tag's own
 * identification and no EPC; `unknown-header`, often a numbering of the user's own, and 00 for a tag that nobody has
 * programmed; `invalid`, whose bits break a rule of their scheme.
 */
export type EpcReading =
  | DecodedEpc
  | DecodedPlusEpc
  | (Read & { readonly kind: 'not-epc'; readonly afi: number })
  | (Read & { readonly kind: 'extended-pc' })
  | (Read & { readonly kind: 'newer-scheme'; readonly scheme: string })
  | (Read & { readonly kind: 'tid-like' })
  | (Read & { readonly kind: 'unknown-header'; readonly header: number })
  | (Read & { readonly kind: 'invalid'; readonly scheme?: string | undefined; readonly problem: string });

/**
 * Decodes the EPC of a Gen2 tag (TDS 1.13, sections 14.4 and 15.2; TDS 2.3, section 14.5), with the control word where
 * the reader gives it: it then says how many of the bytes are the EPC. Never throws; what cannot be decoded keeps its
 * bytes. Behind XPC words nothing is decoded: whether the length counts them, and whether a reader hands them on, differs.
 */
export function decodeEpc({ epc, pc: word }: { readonly epc: Uint8Array; readonly pc?: number | undefined }): EpcReading {
  const pc = word === undefined ? undefined : pcWordOf(word);
  const read: Read = { hex: hexOf(epc), ...(pc !== undefined && { pc }) };
  if (pc !== undefined && !pc.extended && epc.length < pc.epcBytes) {
    return { kind: 'invalid', problem: `the control word promises ${pc.epcBytes} bytes, and ${epc.length} are there`, ...read };
  }
  if (pc?.numbering.of === 'iso') return { kind: 'not-epc', afi: pc.numbering.afi, ...read };
  if (pc?.extended === true) return { kind: 'extended-pc', ...read };
  return decodeBytes(pc === undefined ? epc : epc.subarray(0, pc.epcBytes), read);
}

/** E2 is the class of tag identifications (TID), and is kept out of EPC headers for good (TDS 1.13, table 14-1). */
const TID_CLASS = 0xe2;

/** The most that a control word can announce: 31 words. */
const EPC_BYTES_MAX = 62;

function decodeBytes(bytes: Uint8Array, read: Read): EpcReading {
  const [header] = bytes;
  if (header === undefined) return { kind: 'invalid', problem: 'the EPC is empty', ...read };
  if (bytes.length > EPC_BYTES_MAX) return { kind: 'invalid', problem: `${bytes.length} bytes are more than the ${EPC_BYTES_MAX} a tag can have`, ...read };
  const scheme = schemeOf(header);
  if (scheme !== undefined) return decodeScheme(scheme, bytes, read);
  const plus = plusSchemeOf(header);
  if (plus !== undefined) return decodePlus(plus, bytes, read);
  if (header === TID_CLASS) return { kind: 'tid-like', ...read };
  const newer = newerSchemeName(header);
  return newer === undefined ? { kind: 'unknown-header', header, ...read } : { kind: 'newer-scheme', scheme: newer, ...read };
}

function decodeScheme(scheme: Scheme, bytes: Uint8Array, read: Read): EpcReading {
  const bits = new BitReader(bytes);
  const values: string[] = [];
  const filter = filterOf(scheme, bits);
  const problem = lengthProblem(scheme, bytes) ?? readParts(scheme.parts, bits, values) ?? paddingProblem(bits);
  if (problem !== undefined) return { kind: 'invalid', scheme: scheme.name, problem, ...read };
  const companyPrefix = scheme.names[0] === 'companyPrefix' ? values[0] : undefined;
  const fields: Record<string, string> = {};
  for (let at = companyPrefix === undefined ? 0 : 1; at < values.length; at += 1) fields[scheme.names[at] ?? ''] = values[at] ?? '';
  const body = escapedForUri(values.join('.')); // a dot stands for itself
  return {
    kind: 'decoded',
    scheme: scheme.name,
    ...(filter !== undefined && { filter }),
    ...(companyPrefix !== undefined && { companyPrefix }),
    fields,
    uri: `urn:epc:id:${scheme.identity}:${body}`,
    tagUri: `urn:epc:tag:${controlFields(read.pc)}${scheme.name}:${filter === undefined ? '' : `${filter}.`}${body}`,
    elements: scheme.elements(values),
    ...read,
  };
}

function decodePlus({ name, parts, elements }: PlusScheme, bytes: Uint8Array, read: Read): EpcReading {
  const bits = new BitReader(bytes);
  bits.take(8);
  const toggle = bits.take(1) === 1;
  const filter = bits.take(3);
  const values: string[] = [];
  const problem = readParts(parts, bits, values);
  if (problem !== undefined) return { kind: 'invalid', scheme: name, problem, ...read };
  const moreFollows = !bits.takeZeros(bits.left) || toggle;
  return { kind: 'decoded-plus', scheme: name, filter, elements: elements(values), moreFollows, ...read };
}

function filterOf({ filterBits }: Scheme, bits: BitReader): number | undefined {
  bits.take(8);
  return filterBits === 0 ? undefined : bits.take(filterBits);
}

function lengthProblem({ name, bitsMin }: Scheme, { length }: Uint8Array): string | undefined {
  return length * 8 < bitsMin ? `${name} takes ${bitsMin} bits, and ${length * 8} are there` : undefined;
}

function readParts(parts: readonly Part[], bits: BitReader, values: string[]): string | undefined {
  for (const { read } of parts) {
    const problem = read(bits, values);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Tags are written in words of 16 bits, and what is left of the last one is zero (TDS 1.13, table 15-1). */
function paddingProblem(bits: BitReader): string | undefined {
  return bits.takeZeros(bits.left) ? undefined : 'the bits after the end of the EPC are not all zero';
}

/** What the control word says besides the length, in the order of the alphabet (TDS 1.13, sections 12.2.2 and 15.2.4). */
function controlFields(pc: PcWord | undefined): string {
  if (pc === undefined) return '';
  const attributes = pc.numbering.of === 'epc' ? pc.numbering.attributes : 0;
  const fields = (attributes === 0 ? '' : `[att=x${attributes.toString(16).toUpperCase().padStart(2, '0')}]`) + (pc.userMemory ? '[umi=1]' : '');
  return fields === '' ? '' : `${fields}:`;
}

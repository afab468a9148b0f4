import type { Elements } from './elements.ts';
import type { Part } from './parts.ts';
import { alphanumeric, digitsThenAlphanumeric, key } from './plus-parts.ts';

/**
 * A "+" scheme of TDS 2.x: header, a bit that says whether further elements follow the EPC, filter, parts. It carries
 * GS1 elements as they are, without the length of the company prefix, and so has no EPC URI.
 */
export interface PlusScheme {
  /** "SGTIN+". */
  readonly name: string;
  readonly parts: readonly Part[];
  readonly elements: Elements;
}

/** The "+" scheme that an EPC's first byte names, if it is one of those that are decoded here. */
export function plusSchemeOf(header: number): PlusScheme | undefined {
  return SCHEMES.get(header);
}

/**
 * TDS 2.3, sections 14.6.1.3, 14.6.2.2, 14.6.3.3, 14.6.4.3 and 14.6.5.3. Not here: the "+" schemes of other keys and
 * all "++", which end with a host name.
 */
const SCHEMES: ReadonlyMap<number, PlusScheme> = new Map([
  [0xf1, { name: 'GRAI+', parts: [grai(), alphanumeric('serial', 16)], elements: ([grai = '', serial = '']) => [{ ai: '8003', value: grai + serial }] }],
  [0xf2, { name: 'SGLN+', parts: [key('gln', 13), alphanumeric('extension', 20)], elements: location }],
  [0xf7, { name: 'SGTIN+', parts: [key('gtin', 14), alphanumeric('serial', 20)], elements: tradeItem }],
  [0xf9, { name: 'SSCC+', parts: [key('sscc', 18)], elements: ([value = '']) => [{ ai: '00', value }] }],
  [0xfa, { name: 'GIAI+', parts: [digitsThenAlphanumeric('giai', 30)], elements: ([value = '']) => [{ ai: '8004', value }] }],
]);

/** 14 digits, the first of which is a zero that pads (section 14.6.4.3). */
function grai(): Part {
  const { names, read } = key('grai', 14);
  return {
    names,
    read: (bits, values) => read(bits, values) ?? (values.at(-1)?.startsWith('0') === true ? undefined : `the grai is ${values.at(-1)}, and does not begin with 0`),
  };
}

function tradeItem([gtin = '', serial = '']: readonly string[]): ReturnType<Elements> {
  return [
    { ai: '01', value: gtin },
    { ai: '21', value: serial },
  ];
}

/** An extension of "0" says that there is none (section 7.5). */
function location([gln = '', extension = '']: readonly string[]): ReturnType<Elements> {
  return [{ ai: '414', value: gln }, ...(extension === '0' ? [] : [{ ai: '254', value: extension }])];
}

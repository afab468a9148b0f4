import { describe, expect, it } from 'vitest';
import { CODE_ID_VENDORS } from '../../src/core/code-id.ts';
import { ssiSymbology } from '../../src/driver-kit/codecs/ssi.ts';
import { symbologyOfCodeId, symbologyOfName } from '../../src/identification/code-ids.ts';

describe('the code ids of makers', () => {
  it('mean different things to each maker', () => {
    expect(CODE_ID_VENDORS.map((vendor) => symbologyOfCodeId(vendor, 'b')?.name)).toEqual(['Code 39', undefined, 'Code 11']);
    expect(CODE_ID_VENDORS.map((vendor) => symbologyOfCodeId(vendor, 'D')?.name)).toEqual(['EAN-8', 'Code 128', 'UPC-E']);
  });

  it('say how GS1 content stands in the code', () => {
    expect(symbologyOfCodeId('honeywell', 'I')).toEqual({ name: 'GS1-128', carrier: 'element-string' });
    expect(symbologyOfCodeId('honeywell', '}')).toEqual({ name: 'GS1 DataBar Expanded', carrier: 'element-string' });
    expect(symbologyOfCodeId('honeywell', 'j')).toEqual({ name: 'Code 128' });
    expect(symbologyOfCodeId('zebra', 'A')).toEqual({ name: 'EAN or UPC', carrier: 'ean-or-upc' });
    expect(symbologyOfCodeId('datalogic', 'k')).toEqual({ name: 'GS1-128', carrier: 'element-string' });
    expect(symbologyOfCodeId('datalogic', 'C')).toEqual({ name: 'UPC-A', carrier: 'upc-a' });
  });

  it('are undefined where the maker lists nothing', () => {
    for (const vendor of CODE_ID_VENDORS) for (const id of ['', '?', 'dd', 'constructor']) expect(symbologyOfCodeId(vendor, id)).toBeUndefined();
  });
});

describe('the names that drivers give', () => {
  it('say of the code types of SSI how GS1 content stands in them', () => {
    const carrierOf = (codeType: number): string | undefined => symbologyOfName(ssiSymbology(codeType) ?? '')?.carrier;
    expect([0x08, 0x09, 0x0a, 0x0b, 0x16].map(carrierOf)).toEqual(['upc-a', 'upc-e', 'ean-8', 'ean-13', 'ean-13']);
    for (const codeType of [0x0f, 0x30, 0x31, 0x32]) expect(carrierOf(codeType)).toBe('element-string');
    for (const codeType of [0x01, 0x03, 0x06, 0x1b, 0x1c, 'K'.charCodeAt(0)]) expect(carrierOf(codeType)).toBeUndefined();
  });
});

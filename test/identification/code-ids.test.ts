import { describe, expect, it } from 'vitest';
import { CODE_ID_VENDORS } from '../../src/core/code-id.ts';
import { symbologyOfCodeId, symbologyOfSsiCodeType } from '../../src/identification/code-ids.ts';

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

describe('the code types of SSI', () => {
  it('are bytes and not the letters of the code ids', () => {
    expect(symbologyOfSsiCodeType(0x0f)).toEqual({ name: 'GS1-128', carrier: 'element-string' });
    expect(symbologyOfSsiCodeType(0x0b)).toEqual({ name: 'EAN-13', carrier: 'ean-13' });
    expect(symbologyOfSsiCodeType(0x1c)).toEqual({ name: 'QR Code' });
    expect(symbologyOfSsiCodeType('K'.charCodeAt(0))).toBeUndefined();
  });
});

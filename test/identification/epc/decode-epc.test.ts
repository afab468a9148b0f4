import { describe, expect, it } from 'vitest';
import { decodeEpc, type EpcReading } from '../../../src/identification/epc/decode-epc.ts';

function decoded(hex: string, pc?: number): EpcReading {
  return decodeEpc({ epc: Buffer.from(hex, 'hex'), pc });
}

/** The examples of TDS 1.13, appendix E.3: bits, what stands after "urn:epc:id:" and "urn:epc:tag:", elements. */
const EXAMPLES: readonly (readonly [hex: string, identity: string, tag: string, elements: Readonly<Record<string, string>>])[] = [
  ['3074257BF7194E4000001A85', 'sgtin:0614141.812345.6789', 'sgtin-96:3.0614141.812345.6789', { '01': '80614141123458', '21': '6789' }],
  ['3674257BF6B7A659B2C2BF100000000000000000000000000000', 'sgtin:0614141.712345.32a%2Fb', 'sgtin-198:3.0614141.712345.32a%2Fb', { '01': '70614141123451', '21': '32a/b' }],
  ['3174257BF4499602D2000000', 'sscc:0614141.1234567890', 'sscc-96:3.0614141.1234567890', { '00': '106141412345678908' }],
  ['3274257BF46072000000162E', 'sgln:0614141.12345.5678', 'sgln-96:3.0614141.12345.5678', { '414': '0614141123452', '254': '5678' }],
  ['3974257BF46072CD9615F88000000000000000000000000000', 'sgln:0614141.12345.32a%2Fb', 'sgln-195:3.0614141.12345.32a%2Fb', { '414': '0614141123452', '254': '32a/b' }],
  ['3374257BF40C0E400000162E', 'grai:0614141.12345.5678', 'grai-96:3.0614141.12345.5678', { '8003': '006141411234525678' }],
  ['3774257BF40C0E59B2C2BF1000000000000000000000', 'grai:0614141.12345.32a%2Fb', 'grai-170:3.0614141.12345.32a%2Fb', { '8003': '0061414112345232a/b' }],
  ['3474257BF40000000000162E', 'giai:0614141.5678', 'giai-96:3.0614141.5678', { '8004': '06141415678' }],
  ['3874257BF59B2C2BF10000000000000000000000000000000000', 'giai:0614141.32a%2Fb', 'giai-202:3.0614141.32a%2Fb', { '8004': '061414132a/b' }],
  ['2D74257BF4499602D2000000', 'gsrn:0614141.1234567890', 'gsrn-96:3.0614141.1234567890', { '8018': '061414112345678902' }],
  ['2E74257BF4499602D2000000', 'gsrnp:0614141.1234567890', 'gsrnp-96:3.0614141.1234567890', { '8017': '061414112345678902' }],
  ['2C74257BF46072000000162E', 'gdti:0614141.12345.5678', 'gdti-96:3.0614141.12345.5678', { '253': '06141411234525678' }],
  ['3E74F4E4E7039B061438997367D0C18B266D1AB66EE0', 'gdti:4012345.98765.ABCDefgh012345678', 'gdti-174:3.4012345.98765.ABCDefgh012345678', { '253': '4012345987652ABCDefgh012345678' }],
  ['3C74257BF400C0E680003039', 'cpi:0614141.98765.12345', 'cpi-96:3.0614141.98765.12345', { '8010': '061414198765', '8011': '12345' }],
  ['3D74257BF75411DEF6B4CC00000003039000', 'cpi:0614141.5PQ7%2FZ43.12345', 'cpi-var:3.0614141.5PQ7%2FZ43.12345', { '8010': '06141415PQ7/Z43', '8011': '12345' }],
  ['3F74F4E4E612640000019907', 'sgcn:4012345.67890.04711', 'sgcn-96:3.4012345.67890.04711', { '255': '401234567890104711' }],
  ['350007AB70425D4000000586', 'gid:31415.271828.1414', 'gid-96:31415.271828.1414', {}],
  ['2F320434147455900000162E', 'usdod:CAGEY.5678', 'usdod-96:3.CAGEY.5678', {}],
  ['3B0E0CF5E76C9047759AD00373DC7602E7200000', 'adi:35962.PQ7VZ4.M37GXB92', 'adi-var:3.35962.PQ7VZ4.M37GXB92', {}],
  ['4014F4E4E40C0E40820000000F54', 'itip:4012345.012345.01.02.981', 'itip-110:0.4012345.012345.01.02.981', { '8006': '040123451234560102', '21': '981' }],
  ['4114F4E4E40C0E4082DBDD8B36600000000000000000000000000000', 'itip:4012345.012345.01.02.mw133', 'itip-212:0.4012345.012345.01.02.mw133', { '8006': '040123451234560102', '21': 'mw133' }],
];

describe('an EPC of TDS 1.13, appendix E.3', () => {
  it.each(EXAMPLES)('%s is urn:epc:id:%s', (hex, identity, tag, elements) => {
    const epc = decoded(hex);
    expect(epc).toMatchObject({ kind: 'decoded', hex, uri: `urn:epc:id:${identity}`, tagUri: `urn:epc:tag:${tag}` });
    expect(epc.kind === 'decoded' && Object.fromEntries(epc.elements.map(({ ai, value }) => [ai, value]))).toEqual(elements);
  });
});

describe('what is decoded', () => {
  it('has its values by name, unescaped', () => {
    expect(decoded('3674257BF6B7A659B2C2BF100000000000000000000000000000')).toEqual({
      kind: 'decoded',
      hex: '3674257BF6B7A659B2C2BF100000000000000000000000000000',
      scheme: 'sgtin-198',
      filter: 3,
      companyPrefix: '0614141',
      fields: { itemReference: '712345', serial: '32a/b' },
      uri: 'urn:epc:id:sgtin:0614141.712345.32a%2Fb',
      tagUri: 'urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Fb',
      elements: [
        { ai: '01', value: '70614141123451' },
        { ai: '21', value: '32a/b' },
      ],
    });
  });
});

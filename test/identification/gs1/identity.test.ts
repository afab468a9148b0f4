import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALL_APPLICATION_IDENTIFIERS } from '../../../src/identification/gs1/ai-table.ts';
import { parseDigitalLink } from '../../../src/identification/gs1/digital-link.ts';
import { parseElementString } from '../../../src/identification/gs1/element-string.ts';
import { identityOf } from '../../../src/identification/gs1/identity.ts';

function identity(text: string) {
  return identityOf(parseElementString(text.replaceAll('|', '\x1d')).elements);
}

describe('the identity among GS1 elements', () => {
  it.each([
    ['8004952012ASSET-0042', '8004', '952012ASSET-0042'],
    ['800309520123456788PALLET-9', '8003', '09520123456788PALLET-9'],
    ['00952012345678912345|0209520123456788|3712', '00', '952012345678912345'],
    ['0109520123456788|17261231|10LOT', '01', '09520123456788'],
    ['0109520123456788|21S-1', '01', '09520123456788(21)S-1'],
    ['0109520123456788|235TPX', '01', '09520123456788(235)TPX'],
    ['0309520123456788|21S-1', '03', '09520123456788(21)S-1'],
    ['8006095201234567880102|21S-1', '8006', '095201234567880102(21)S-1'],
    ['80109520123PQ7/Z43|801112345', '8010', '9520123PQ7/Z43(8011)12345'],
    ['8018952012345678912345|80197', '8018', '952012345678912345'],
    ['8017952012345678912345', '8017', '952012345678912345'],
    ['4149520123456788254BAY-4', '414', '9520123456788(254)BAY-4'],
    ['4149520123456788', '414', '9520123456788'],
    ['4179520123456788', '417', '9520123456788'],
    ['2539520123456788DOC', '253', '9520123456788DOC'],
    ['255952012345678812', '255', '952012345678812'],
    ['40295201234567891234', '402', '95201234567891234'],
    ['401952012CONSIGNMENT', '401', '952012CONSIGNMENT'],
    ['80131987654Ad4X4bL5ttr2310c2K', '8013', '1987654Ad4X4bL5ttr2310c2K'],
    ['4159520123456788|8020BILL', '415', '9520123456788(8020)BILL'],
  ])('of %s is (%s)%s', (text, ai, value) => {
    expect(identity(text)).toEqual({ ai, value });
  });

  it('is the asset before what it was bought as, in whatever order they stand', () => {
    expect(identity('0109520123456788|21S-1|8004952012A')).toEqual({ ai: '8004', value: '952012A' });
    expect(identity('8004952012A|0109520123456788|21S-1')).toEqual({ ai: '8004', value: '952012A' });
  });

  it('is the first in a fixed order of all keys that are there', () => {
    const order = ['8004', '8003', '00', '01', '03', '8006', '8010', '8017', '8018', '414', '417', '253', '255', '402', '401', '8013', '415'];
    for (const [index, ai] of order.entries()) {
      const rest = order.slice(index).toReversed();
      expect(identityOf(rest.map((key) => ({ ai: key, value: '1' })))?.ai).toBe(ai);
    }
  });

  it('is not there when no element is a key', () => {
    expect(identity('10LOT|17261231')).toBeUndefined();
    expect(identity('4109520123456788')).toBeUndefined();
    expect(identityOf([])).toBeUndefined();
  });

  it('is the same from a barcode, a Digital Link and the elements of a tag', () => {
    const expected = { ai: '01', value: '09520123456788(21)S/1' };
    expect(identity('0109520123456788|21S/1')).toEqual(expected);
    expect(identity('21S/1|0109520123456788')).toEqual(expected);
    expect(identityOf(parseDigitalLink('https://x.example/a/01/9520123456788/10/L/21/S%2F1').elements)).toEqual(expected);
    expect(identityOf([{ ai: '21', value: 'S/1' }, { ai: '01', value: '09520123456788' }])).toEqual(expected);
  });

  it('knows every primary key of a Digital Link', () => {
    const keys = ALL_APPLICATION_IDENTIFIERS.filter(({ qualifiers }) => qualifiers !== undefined).map(({ ai }) => ai);
    expect(keys.filter((ai) => identityOf([{ ai, value: '1' }])?.ai !== ai)).toEqual([]);
  });

  it('has the form that the contract has for it', () => {
    const schema = JSON.parse(readFileSync(new URL('../../../docs/schemas/scan.v1.json', import.meta.url), 'utf8')) as {
      properties: { data: { properties: { identity: { properties: { ai: { pattern: string } } } } } };
    };
    const pattern = new RegExp(schema.properties.data.properties.identity.properties.ai.pattern);
    expect(['01', '414', '8004'].filter((ai) => !pattern.test(ai))).toEqual([]);
    expect(identity('0109520123456788|21S-1')?.ai).toMatch(pattern);
  });
});

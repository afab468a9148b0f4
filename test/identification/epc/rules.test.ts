import { describe, expect, it } from 'vitest';
import { decodeEpc, type DecodedEpc, type EpcReading } from '../../../src/identification/epc/decode-epc.ts';
import {
  ASSET_NUMBER, ASSET_TEXT, ASSET_TYPE, binary, epcBits, ITEM, LOCATION, paddedBytes, PART_NUMBER, partitionBits, PART_TEXT, SCHEMES, SERIAL_REFERENCE, sevenBits, type Shared, sixBits,
} from '../../support/epc-encoder.ts';

const PREFIX_DIGITS = [12, 11, 10, 9, 8, 7, 6];
const PREFIX_BITS = [40, 37, 34, 30, 27, 24, 20];

function ofBits(bits: string): EpcReading {
  return decodeEpc({ epc: paddedBytes(bits) });
}

function good(bits: string): DecodedEpc {
  const epc = ofBits(bits);
  if (epc.kind !== 'decoded') throw new Error(JSON.stringify(epc));
  return epc;
}

function problem(bits: string): string {
  const epc = ofBits(bits);
  if (epc.kind !== 'invalid') throw new Error(`not invalid: ${JSON.stringify(epc)}`);
  expect(epc.hex).toBe(Buffer.from(paddedBytes(bits)).toString('hex').toUpperCase());
  return epc.problem;
}

function encoded(name: string, ...values: string[]): string {
  const scheme = SCHEMES.find((each) => each.name === name);
  if (scheme === undefined) throw new Error(name);
  return epcBits(scheme, 1, values);
}

/** Header and filter 1. */
function head(header: number): string {
  return `${binary(header, 8)}001`;
}

function inWords(name: string): string {
  return name.replace(/(?=[A-Z])/g, ' ').toLowerCase();
}

/** Of each partitioned scheme: header, what prefix and reference share, the name of the reference, valid bits behind it. */
const PARTITIONED: readonly (readonly [name: string, header: number, shared: Shared, reference: string, tail: string])[] = [
  ['gdti-96', 0x2c, LOCATION, 'documentType', '0'.repeat(41)],
  ['gsrn-96', 0x2d, SERIAL_REFERENCE, 'serviceReference', '0'.repeat(24)],
  ['gsrnp-96', 0x2e, SERIAL_REFERENCE, 'serviceReference', '0'.repeat(24)],
  ['sgtin-96', 0x30, ITEM, 'itemReference', '1'.repeat(38)],
  ['sscc-96', 0x31, SERIAL_REFERENCE, 'serialReference', '0'.repeat(24)],
  ['sgln-96', 0x32, LOCATION, 'locationReference', '0'.repeat(41)],
  ['grai-96', 0x33, ASSET_TYPE, 'assetType', '0'.repeat(38)],
  ['giai-96', 0x34, ASSET_NUMBER, 'assetReference', ''],
  ['sgtin-198', 0x36, ITEM, 'itemReference', sevenBits('A', 140)],
  ['grai-170', 0x37, ASSET_TYPE, 'assetType', sevenBits('A', 112)],
  ['giai-202', 0x38, ASSET_TEXT, 'assetReference', ''],
  ['sgln-195', 0x39, LOCATION, 'locationReference', sevenBits('A', 140)],
  ['gdti-113', 0x3a, LOCATION, 'documentType', binary('15', 58)],
  ['cpi-96', 0x3c, PART_NUMBER, 'partReference', '0'.repeat(31)],
  ['cpi-var', 0x3d, PART_TEXT, 'partReference', '0'.repeat(40)],
  ['gdti-174', 0x3e, LOCATION, 'documentType', sevenBits('A', 119)],
  ['sgcn-96', 0x3f, LOCATION, 'couponReference', binary('15', 41)],
  ['itip-110', 0x40, ITEM, 'itemReference', binary(1, 7) + binary(2, 7) + '0'.repeat(38)],
  ['itip-212', 0x41, ITEM, 'itemReference', binary(1, 7) + binary(2, 7) + sevenBits('A', 140)],
];

/** The longest reference that fits beside a prefix of so many digits. */
function longest({ bits, length, form }: Shared, digits: number, partition: number): string {
  const room = length - digits;
  if (form === 'padded') return '9'.repeat(room);
  if (form !== 'number') return 'Z'.repeat(room);
  const ofBits = 2n ** BigInt(bits - PREFIX_BITS[partition]!) - 1n;
  const ofDigits = 10n ** BigInt(room) - 1n;
  return (ofBits < ofDigits ? ofBits : ofDigits).toString();
}

describe.each(PARTITIONED)('the partitions of %s', (name, header, shared, reference, tail) => {
  it.each(PREFIX_DIGITS.map((digits, partition) => [partition, digits]))('%i takes a prefix of %i digits, and the longest reference beside it', (partition, digits) => {
    const prefix = '9'.repeat(digits);
    const most = longest(shared, digits, partition);
    expect(good(head(header) + partitionBits(shared, prefix, most) + tail)).toMatchObject({ scheme: name, companyPrefix: prefix, fields: { [reference]: most } });
  });

  it.each(PREFIX_DIGITS.map((digits, partition) => [partition, digits]))('%i refuses a prefix that needs more than %i digits', (partition, digits) => {
    const prefixBits = PREFIX_BITS[partition]!;
    const rest = partitionBits(shared, '9'.repeat(digits), longest(shared, digits, partition)).slice(3 + prefixBits);
    const over = String(10 ** digits);
    expect(problem(head(header) + binary(partition, 3) + binary(over, prefixBits) + rest + tail)).toBe(`the company prefix is ${over}, which is more than ${digits} digits`);
  });

  it('7 does not exist', () => {
    const bits = head(header) + partitionBits(shared, '614141', longest(shared, 6, 6)) + tail;
    expect(problem(`${bits.slice(0, 11)}111${bits.slice(14)}`)).toBe('partition 7 does not exist');
  });

  it.each(tooLong(header, shared, reference, tail))('%i refuses a reference that is too long', (_, bits, expected) => {
    expect(problem(bits)).toBe(expected);
  });
});

it('the bits of GIAI-96, and of GIAI-202 beside 6 or 7 digits, cannot hold a reference that is too long', () => {
  const held = PARTITIONED.map(([name, header, shared, reference, tail]) => [name, tooLong(header, shared, reference, tail).length]);
  expect(held.filter(([, partitions]) => partitions !== 7)).toEqual([['giai-96', 0], ['giai-202', 5]]);
});

/** Of each partition: valid bits but for the reference, whose value is the first that is too long; and what is to be said of it. */
function tooLong(header: number, { bits: shared, length, form }: Shared, reference: string, tail: string): [partition: number, bits: string, expected: string][] {
  return PREFIX_DIGITS.flatMap((digits, partition): [number, string, string][] => {
    const prefix = head(header) + binary(partition, 3) + binary('9'.repeat(digits), PREFIX_BITS[partition]!);
    const room = length - digits;
    const bits = shared - PREFIX_BITS[partition]!;
    const over = '1'.padEnd(room + 1, '0');
    switch (form) {
      case 'padded':
      case 'number': {
        if (BigInt(over) >= 2n ** BigInt(bits)) return [];
        const said = room === 0 ? 'is not zero, and a company prefix of 12 digits leaves none for it' : `is ${over}, which is more than ${room} digits`;
        return [[partition, prefix + binary(over, bits) + tail, `the ${inWords(reference)} ${said}`]];
      }
      case 'text':
        return (room + 1) * 7 > bits ? [] : [[partition, prefix + sevenBits('Z'.repeat(room + 1), bits) + tail, `the ${inWords(reference)} has bits that are not zero after its end`]];
      case 'ended':
        return [[partition, `${prefix}${sixBits('Z'.repeat(room + 1))}000000${tail}`, `the ${inWords(reference)} has more than ${room} characters`]];
    }
  });
}

describe('a text in 7-bit characters', () => {
  const start = head(0x36) + partitionBits(ITEM, '0614141', '812345');

  it('may fill its field', () => {
    expect(good(encoded('sgtin-198', '0614141', '812345', 'ABCDEFGHIJKLMNOPQRST')).fields['serial']).toBe('ABCDEFGHIJKLMNOPQRST');
    expect(good(encoded('grai-170', '0614141', '12345', '0000000000000007')).elements).toEqual([{ ai: '8003', value: '006141411234520000000000000007' }]);
  });

  it('is not empty', () => {
    expect(problem(start + sevenBits('', 140))).toBe('the serial is empty');
    expect(problem(head(0x38) + partitionBits(ASSET_TEXT, '0614141', ''))).toBe('the asset reference is empty');
  });

  it('has nothing after its end, not even a single bit', () => {
    expect(problem(start + sevenBits('A\0B', 140))).toBe('the serial has bits that are not zero after its end');
    expect(problem(`${start}${sevenBits('A', 140).slice(0, -1)}1`)).toBe('the serial has bits that are not zero after its end');
  });

  it.each([' ', '#', '$', '@', '[', '\\', ']', '^', '`', '{', '|', '}', '~', '\x7f', '\x01', '\x1d'])('does not contain %j', (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    expect(problem(start + sevenBits(`AB${character}`, 140))).toBe(`character 3 of the serial has code ${code}, which is not allowed`);
  });

  it('is escaped in URIs only', () => {
    const epc = good(encoded('sgtin-198', '0614141', '812345', '"%&/<>?!\'()*+,-.:;=_'));
    expect(epc.uri).toBe("urn:epc:id:sgtin:0614141.812345.%22%25%26%2F%3C%3E%3F!'()*+,-.:;=_");
    expect(epc.elements).toContainEqual({ ai: '21', value: '"%&/<>?!\'()*+,-.:;=_' });
  });
});

describe('CPI-var', () => {
  const start = head(0x3d) + partitionBits(PART_TEXT, '0614141', '5PQ7/Z43').slice(0, -6);

  it('escapes "#" and "/" of a part', () => {
    expect(good(encoded('cpi-var', '0614141', '#-/A', '7'))).toMatchObject({ uri: 'urn:epc:id:cpi:0614141.%23-%2FA.7', elements: [{ ai: '8010', value: '0614141#-/A' }, { ai: '8011', value: '7' }] });
  });

  it('has a part that is ended, and not empty', () => {
    expect(problem(`${head(0x3d)}${partitionBits(PART_TEXT, '0614141', '')}${'0'.repeat(60)}`)).toBe('the part reference is empty');
    expect(problem(start.padEnd(96, '1'))).toMatch(/^character \d+ of the part reference has code 3F, which is not allowed$/);
    expect(problem((head(0x3d) + partitionBits(PART_TEXT, '0614141', 'A'.repeat(23))).slice(0, 8 * 20))).toBe('the part reference is not ended by six zero bits');
  });

  it('has a serial of 40 bits and at most 12 digits', () => {
    expect(good(encoded('cpi-var', '0614141', 'A', '999999999999')).fields['serial']).toBe('999999999999');
    expect(problem(encoded('cpi-var', '0614141', 'A', '1000000000000'))).toBe('the serial is 1000000000000, which is more than 12 digits');
    expect(problem(`${start}000000`)).toBe('the bytes end inside the serial: 4 bits are left of 40');
  });
});

describe('ADI-var', () => {
  it.each([
    ['a CAGE code, a part and a serial', ['2S194', 'A-1/B', '7'], 'urn:epc:id:adi:2S194.A-1%2FB.7'],
    ['a DoDAAC', ['W81X9C', '3KL984PX1', '2WMA52'], 'urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52'],
    ['no part', ['2S194', '', '12345678901'], 'urn:epc:id:adi:2S194..12345678901'],
    ['a thing without a serial of its own', ['2S194', 'A', '#1'], 'urn:epc:id:adi:2S194.A.%231'],
    ['the longest part and serial', ['W81X9C', 'P'.repeat(32), 'S'.repeat(30)], `urn:epc:id:adi:W81X9C.${'P'.repeat(32)}.${'S'.repeat(30)}`],
  ])('takes %s', (_, values, uri) => {
    expect(good(encoded('adi-var', ...values))).toMatchObject({ uri, elements: [], filter: 1 });
  });

  it.each([
    ['an I in the CAGE code', ['2I194', '', '7'], '"2I194" is neither a CAGE code nor a DoDAAC'],
    ['an O in the DoDAAC', ['W81X9O', '', '7'], '"W81X9O" is neither a CAGE code nor a DoDAAC'],
    ['a CAGE code of 4', ['2S19', '', '7'], '" 2S19" is neither a CAGE code nor a DoDAAC'],
    ['a "#" in the part', ['2S194', '#A', '7'], 'the part number "#A" has a "#", which only the serial may begin with'],
    ['a second "#" in the serial', ['2S194', '', '#A#'], 'the serial "#A#" has a "#" elsewhere than in front of its other characters'],
    ['nothing but "#" as serial', ['2S194', '', '#'], 'the serial "#" has a "#" elsewhere than in front of its other characters'],
    ['no serial', ['2S194', 'AAAA', ''], 'the serial is empty'],
    ['too long a part', ['2S194', 'P'.repeat(33), '7'], 'the part number has more than 32 characters'],
    ['too long a serial', ['2S194', '', 'S'.repeat(31)], 'the serial has more than 30 characters'],
  ])('refuses %s', (_, values, expected) => {
    expect(problem(encoded('adi-var', ...values))).toBe(expected);
  });

  it('refuses a code that is no character, and a serial that is not ended', () => {
    const start = `${binary(0x3b, 8)}000001${sixBits(' 2S194')}000000`;
    expect(problem(`${start}${binary(0x1b, 6)}${sixBits('AA')}000000`)).toBe('character 1 of the serial has code 1B, which is not allowed');
    expect(problem(start + sixBits('ABCD'))).toBe('the serial is not ended by six zero bits');
  });
});

describe('USDoD-96', () => {
  it('takes a CAGE code behind a space, and a DoDAAC', () => {
    expect(good(encoded('usdod-96', '2S194', '68719476735')).uri).toBe('urn:epc:id:usdod:2S194.68719476735');
    expect(good(encoded('usdod-96', 'W81X9C', '0')).tagUri).toBe('urn:epc:tag:usdod-96:1.W81X9C.0');
  });

  it('refuses what is neither, and shows it without control characters', () => {
    expect(problem(encoded('usdod-96', '2s194', '0'))).toBe('"2s194" is neither a CAGE code nor a DoDAAC');
    expect(problem(encoded('usdod-96', '2\x9b\x1b94', '0'))).toBe('"2\\u{9b}\\u{1b}94" is neither a CAGE code nor a DoDAAC');
  });
});

describe('numbers', () => {
  it('have no leading zeros where their field is binary', () => {
    expect(good(encoded('sgtin-96', '0614141', '812345', '0')).uri).toBe('urn:epc:id:sgtin:0614141.812345.0');
    expect(good(encoded('giai-96', '0614141', '0')).elements).toEqual([{ ai: '8004', value: '06141410' }]);
    expect(good(encoded('sgtin-96', '0614141', '812345', '274877906943')).fields['serial']).toBe('274877906943');
    expect(good(encoded('giai-96', '614141', '4611686018427387903')).fields['assetReference']).toBe('4611686018427387903');
  });

  it('keep their leading zeros where a 1 is put in front of them', () => {
    expect(good(encoded('gdti-113', '0614141', '12345', '00000000000000007')).elements).toEqual([{ ai: '253', value: '061414112345200000000000000007' }]);
    expect(good(encoded('sgcn-96', '4012345', '67890', '000000000000')).fields['serial']).toBe('000000000000');
  });

  it.each([
    ['gdti-113', 0x3a, 58, '0'],
    ['gdti-113', 0x3a, 58, '1'],
    ['gdti-113', 0x3a, 58, '288230376151711743'],
    ['sgcn-96', 0x3f, 41, '1'],
    ['sgcn-96', 0x3f, 41, '2199023255551'],
  ])('of %s (%i) in %i bits are not %s', (_, header, count, value) => {
    expect(problem(head(header) + partitionBits(LOCATION, '0614141', '12345') + binary(value, count))).toBe(`the serial is ${value}, and not a 1 with digits after it`);
  });

  it('of pieces have two digits', () => {
    expect(good(encoded('itip-110', '4012345', '012345', '00', '99', '1')).elements).toEqual([{ ai: '8006', value: '040123451234560099' }, { ai: '21', value: '1' }]);
    expect(problem(encoded('itip-110', '4012345', '012345', '100', '99', '1'))).toBe('the piece is 100, which is more than 2 digits');
    expect(problem(encoded('itip-110', '4012345', '012345', '1', '127', '1'))).toBe('the total is 127, which is more than 2 digits');
  });
});

describe('GS1 elements', () => {
  it('of a location have no extension where it is 0', () => {
    expect(good(encoded('sgln-96', '0614141', '12345', '0'))).toMatchObject({ uri: 'urn:epc:id:sgln:0614141.12345.0', elements: [{ ai: '414', value: '0614141123452' }] });
    expect(good(encoded('sgln-195', '0614141', '12345', '0')).elements).toHaveLength(1);
    expect(good(encoded('sgln-195', '0614141', '12345', '00')).elements).toContainEqual({ ai: '254', value: '00' });
  });

  // TDS 1.13, sections 7.2.1 to 7.2.3: keys that are assigned one by one have a prefix of 12 digits.
  it.each([
    ['sgtin-96', ['123456789012', '0', '4711'], 'sgtin:123456789012.0.4711', '01', '01234567890128'],
    ['sgln-96', ['123456789012', '', '4711'], 'sgln:123456789012..4711', '414', '1234567890128'],
    ['sscc-96', ['123456789012', '03456'], 'sscc:123456789012.03456', '00', '012345678901234560'],
    ['grai-96', ['123456789012', '', '4711'], 'grai:123456789012..4711', '8003', '012345678901284711'],
    ['giai-202', ['123456789012', '345678901234567890'], 'giai:123456789012.345678901234567890', '8004', '123456789012345678901234567890'],
  ])('of an individually assigned key: %s', (name, values, identity, ai, value) => {
    const epc = good(encoded(name, ...values));
    expect(epc.uri).toBe(`urn:epc:id:${identity}`);
    expect(epc.elements).toContainEqual({ ai, value });
  });

  it('of a GTIN-8 are the GTIN with zeros in front (TDS 1.13, section 7.3.2)', () => {
    expect(good(encoded('sgtin-96', '00000950', '01093', '1')).elements).toContainEqual({ ai: '01', value: '00000095010939' });
  });
});

describe('lengths and padding', () => {
  it.each(SCHEMES.filter(({ name }) => !name.endsWith('var')).map((scheme) => [scheme.name, scheme.header] as const))('%s (%i) that lacks a word is told from a short serial', (name, header) => {
    const bits = Number(name.replace(/^\D+/, ''));
    const bytes = Buffer.alloc(Math.ceil(bits / 16) * 2 - 2, 0);
    bytes[0] = header;
    expect(decodeEpc({ epc: bytes })).toMatchObject({ kind: 'invalid', scheme: name, problem: `${name} takes ${bits} bits, and ${bytes.length * 8} are there` });
  });

  it.each(SCHEMES.map((scheme) => [scheme.name, scheme.header] as const))('a header alone is no %s (%i)', (name, header) => {
    expect(decodeEpc({ epc: Uint8Array.of(header) })).toMatchObject({ kind: 'invalid', scheme: name, problem: expect.stringMatching(/ bits, and 8 are there$/) as string });
  });

  it('zero bits may follow, to the end of the word or of the memory that was read', () => {
    const bits = encoded('sgtin-198', '0614141', '812345', 'A');
    expect(good(bits).uri).toBe(good(bits + '0'.repeat(64)).uri);
    expect(good(encoded('adi-var', '2S194', '', '7') + '0'.repeat(64)).uri).toBe('urn:epc:id:adi:2S194..7');
  });

  it('no other bits may follow', () => {
    const bits = encoded('sgtin-198', '0614141', '812345', 'A');
    expect(problem(`${bits.padEnd(207, '0')}1`)).toBe('the bits after the end of the EPC are not all zero');
    expect(problem(`${encoded('adi-var', '2S194', '', '7')}1`)).toBe('the bits after the end of the EPC are not all zero');
    expect(problem(`${encoded('sgtin-96', '0614141', '812345', '1')}${'0'.repeat(15)}1`)).toBe('the bits after the end of the EPC are not all zero');
  });

  it.each([0x2d, 0x2e, 0x31])('the reserved bits of header %i are zero', (header) => {
    const bits = head(header) + partitionBits(SERIAL_REFERENCE, '0614141', '1234567890');
    expect(problem(`${bits}${'0'.repeat(23)}1`)).toBe('the 24 reserved bits are not all zero');
    expect(problem(`${bits}1${'0'.repeat(23)}`)).toBe('the 24 reserved bits are not all zero');
  });
});

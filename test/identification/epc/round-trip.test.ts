import { describe, expect, it } from 'vitest';
import { decodeEpc, type EpcReading } from '../../../src/identification/epc/decode-epc.ts';
import { epcBits, paddedBytes, SCHEMES } from '../../support/epc-encoder.ts';
import { SeededRandom } from '../../support/random.ts';

const ROUNDS = 500;

/** What may stand in a URI after its scheme (TDS 1.13, section 5). */
const URI_BODY = /^(?:[0-9A-Za-z!'()*+,\-.:;=_]|%(?:22|23|25|26|2F|3C|3E|3F))*$/;

/** GS1 keys that end with a check digit, and where it stands in the element. */
const CHECKED: Readonly<Record<string, readonly [from: number, to: number]>> = {
  '00': [0, 18],
  '01': [0, 14],
  '253': [0, 13],
  '255': [0, 13],
  '414': [0, 13],
  '8003': [1, 14],
  '8006': [0, 14],
  '8017': [0, 18],
  '8018': [0, 18],
};

/** Weights 1 and 3 from the right, check digit included, come to a multiple of ten (GS1 General Specifications, section 7.9). */
function checks(digits: string): boolean {
  const sum = Array.from(digits).toReversed().reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
  return /^\d+$/.test(digits) && sum % 10 === 0;
}

/** What is wrong with a decoded EPC, in words. */
function differences(name: string, filter: number | undefined, values: readonly string[], epc: EpcReading): string[] {
  if (epc.kind !== 'decoded') return [JSON.stringify(epc)];
  const identity = `urn:epc:id:${name.replace(/-\w+$/, '')}:`;
  const body = epc.uri.slice(identity.length);
  const fields = [...(epc.companyPrefix === undefined ? [] : [epc.companyPrefix]), ...Object.values(epc.fields)];
  return [
    ...(epc.filter === filter ? [] : [`filter ${epc.filter}`]),
    ...(JSON.stringify(fields) === JSON.stringify(values) ? [] : [`fields ${JSON.stringify(fields)}`]),
    ...(epc.uri.startsWith(identity) && URI_BODY.test(body) && decodeURIComponent(body) === values.join('.') ? [] : [epc.uri]),
    ...(epc.tagUri === `urn:epc:tag:${name}:${filter === undefined ? '' : `${filter}.`}${body}` ? [] : [epc.tagUri]),
    ...epc.elements.filter(({ ai, value }) => CHECKED[ai] !== undefined && !checks(value.slice(...CHECKED[ai]))).map(({ ai, value }) => `(${ai})${value}`),
  ];
}

describe('an EPC that is encoded and decoded', () => {
  it.each(SCHEMES.map((scheme) => [scheme.name, scheme] as const))('is the same again: %s', (name, scheme) => {
    const random = new SeededRandom(scheme.header);
    const wrong = Array.from({ length: ROUNDS }, () => {
      const filter = random.below(2 ** scheme.filterBits);
      const values = scheme.values(random);
      const epc = decodeEpc({ epc: paddedBytes(epcBits(scheme, filter, values)) });
      return { values, differences: differences(name, scheme.filterBits === 0 ? undefined : filter, values, epc) };
    });
    expect(wrong.filter((each) => each.differences.length > 0)).toEqual([]);
  });

  it('covers every scheme', () => {
    expect(SCHEMES.map(({ header }) => header).sort((a, b) => a - b)).toEqual(Array.from({ length: 0x41 - 0x2c + 1 }, (_, at) => 0x2c + at));
  });
});

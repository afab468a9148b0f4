import { describe, expect, it } from 'vitest';
import { decodeEpc, type EpcReading } from '../../../src/identification/epc/decode-epc.ts';
import { BitReader } from '../../../src/identification/epc/bits.ts';
import { epcBits, paddedBytes, SCHEMES } from '../../support/epc-encoder.ts';
import { SeededRandom } from '../../support/random.ts';

const SGTIN = '3074257BF7194E4000001A85';

/** GRAI+, SGLN+, SGTIN+, SSCC+ and GIAI+. */
const PLUS = [0xf1, 0xf2, 0xf7, 0xf9, 0xfa];

function read(hex: string, pc?: number): EpcReading {
  return decodeEpc({ epc: Buffer.from(hex, 'hex'), pc });
}

describe('the control word', () => {
  it('is taken apart', () => {
    expect(read(SGTIN, 0x3000)).toMatchObject({ kind: 'decoded', pc: { epcBytes: 12, userMemory: false, extended: false, numbering: { of: 'epc', attributes: 0 } } });
    expect(read(SGTIN, 0x3400)).toMatchObject({ kind: 'decoded', pc: { userMemory: true } });
    expect(read(SGTIN, 0x3001)).toMatchObject({ kind: 'decoded', pc: { numbering: { of: 'epc', attributes: 1 } } });
  });

  it('stands in the tag URI where it says more than the length (TDS 1.13, section 15.2.4)', () => {
    const tagUri = (pc?: number): unknown => ({ ...read(SGTIN, pc) })['tagUri' as keyof EpcReading];
    expect(tagUri()).toBe('urn:epc:tag:sgtin-96:3.0614141.812345.6789');
    expect(tagUri(0x3000)).toBe('urn:epc:tag:sgtin-96:3.0614141.812345.6789');
    expect(tagUri(0x3001)).toBe('urn:epc:tag:[att=x01]:sgtin-96:3.0614141.812345.6789');
    expect(tagUri(0x3400)).toBe('urn:epc:tag:[umi=1]:sgtin-96:3.0614141.812345.6789');
    expect(tagUri(0x34ab)).toBe('urn:epc:tag:[att=xAB][umi=1]:sgtin-96:3.0614141.812345.6789');
  });

  it('says where the EPC ends, and all bytes are kept', () => {
    expect(read(`${SGTIN}DEADBEEF`, 0x3000)).toMatchObject({ kind: 'decoded', hex: `${SGTIN}DEADBEEF`, uri: 'urn:epc:id:sgtin:0614141.812345.6789' });
    expect(read(`${SGTIN}DEADBEEF`)).toMatchObject({ kind: 'invalid', hex: `${SGTIN}DEADBEEF`, problem: 'the bits after the end of the EPC are not all zero' });
  });

  it('promises no more than is there', () => {
    expect(read(SGTIN, 0x3800)).toMatchObject({ kind: 'invalid', hex: SGTIN, problem: 'the control word promises 14 bytes, and 12 are there' });
    expect(read('', 0x3000)).toMatchObject({ kind: 'invalid', hex: '', problem: 'the control word promises 12 bytes, and 0 are there' });
    expect(read(SGTIN, 0x2800)).toMatchObject({ kind: 'invalid', scheme: 'sgtin-96', problem: 'sgtin-96 takes 96 bits, and 80 are there' });
    expect(read(SGTIN, 0x0000)).toMatchObject({ kind: 'invalid', problem: 'the EPC is empty' });
  });

  it('with the toggle bit says that no EPC follows, whatever it looks like', () => {
    expect(read(SGTIN, 0x31a1)).toEqual({ kind: 'not-epc', afi: 0xa1, hex: SGTIN, pc: { epcBytes: 12, userMemory: false, extended: false, numbering: { of: 'iso', afi: 0xa1 } } });
    expect(read(SGTIN, 0x39a1)).toMatchObject({ kind: 'invalid', problem: 'the control word promises 14 bytes, and 12 are there' });
  });

  it('with the XPC bit is followed by words that are not the EPC', () => {
    expect(read(`0004${SGTIN}`, 0x3200)).toMatchObject({ kind: 'extended-pc', hex: `0004${SGTIN}`, pc: { extended: true } });
    expect(read(SGTIN, 0x3a00)).toMatchObject({ kind: 'extended-pc', hex: SGTIN });
    expect(read(SGTIN, 0x3ba1)).toMatchObject({ kind: 'not-epc', afi: 0xa1, hex: SGTIN });
  });
});

describe('a header', () => {
  it.each(Array.from({ length: 256 }, (_, header) => header))('%i has one meaning', (header) => {
    const expected = [...SCHEMES.map((scheme) => scheme.header), ...PLUS].includes(header)
      ? ['decoded', 'decoded-plus', 'invalid']
      : [header === 0xe2 ? 'tid-like' : header >= 0xe6 && header <= 0xfd ? 'newer-scheme' : 'unknown-header'];
    expect(expected).toContain(decodeEpc({ epc: Uint8Array.of(header, ...new Uint8Array(27)) }).kind);
  });

  it.each([
    ['F0', 'CPI+'],
    ['F3', 'ITIP+'],
    ['F8', 'SGCN+'],
    ['FB', 'DSGTIN+'],
    ['FC', 'DSGTIN++'],
    ['FD', 'SGTIN++'],
    ['EF', 'SSCC++'],
    ['E6', 'CPI++'],
  ])('%s is the newer %s', (header, scheme) => {
    const hex = `${header}00112233445566778899AA`;
    expect(read(hex, 0x3000)).toMatchObject({ kind: 'newer-scheme', scheme, hex });
  });

  it('E2 begins the identification of a tag', () => {
    expect(read('E2003412012E1700019C5A5D')).toEqual({ kind: 'tid-like', hex: 'E2003412012E1700019C5A5D' });
  });

  it('00 is that of a tag which nobody has programmed, or of a numbering of the user', () => {
    expect(read('000000000000000000000313')).toEqual({ kind: 'unknown-header', header: 0, hex: '000000000000000000000313' });
    expect(read('49440000000000000A000334')).toEqual({ kind: 'unknown-header', header: 0x49, hex: '49440000000000000A000334' });
  });
});

describe('bytes', () => {
  it('of no EPC at all are said to be none', () => {
    expect(read('')).toEqual({ kind: 'invalid', problem: 'the EPC is empty', hex: '' });
    expect(decodeEpc({ epc: new Uint8Array(63).fill(0x30) })).toMatchObject({ kind: 'invalid', problem: '63 bytes are more than the 62 a tag can have' });
  });

  it('may be a part of a larger buffer', () => {
    const frame = Buffer.from(`FFFF${SGTIN}FFFF`, 'hex');
    expect(decodeEpc({ epc: frame.subarray(2, 14) })).toMatchObject({ kind: 'decoded', hex: SGTIN });
  });

  it('never throw, and come back as they were, for 100,000 inputs', () => {
    const random = new SeededRandom(20_26);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 100_000; round += 1) {
      const { epc, pc } = hostile(random);
      const reading = decodeEpc({ epc, pc });
      if (reading.hex !== Buffer.from(epc).toString('hex').toUpperCase()) throw new Error(`${reading.hex} of ${epc.join()}`);
      if (reading.kind === 'decoded' && !/^[\x21-\x7e]+$/.test(reading.uri + reading.tagUri)) throw new Error(reading.uri);
      outcomes.set(reading.kind, (outcomes.get(reading.kind) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual(['decoded', 'decoded-plus', 'extended-pc', 'invalid', 'newer-scheme', 'not-epc', 'tid-like', 'unknown-header']);
    expect(outcomes.get('decoded')).toBeGreaterThan(10_000);
  });
});

/** Random bytes; bytes behind a header that exists; and good EPCs with a bit turned over, or cut. */
function hostile(random: SeededRandom): { epc: Uint8Array; pc?: number | undefined } {
  const pc = random.below(2) === 0 ? undefined : random.below(0x10000);
  const scheme = random.oneOf(SCHEMES);
  switch (random.below(3)) {
    case 0:
      return { epc: random.bytes(random.below(70)), pc };
    case 1: {
      const epc = random.bytes(1 + random.below(40));
      epc[0] = random.oneOf([scheme.header, ...PLUS]);
      return { epc, pc };
    }
    default: {
      const epc = paddedBytes(epcBits(scheme, 0, scheme.values(random)));
      if (random.below(2) === 0) return { epc, pc: (epc.length / 2) << 11 };
      const at = random.below(epc.length);
      epc[at] = (epc[at] ?? 0) ^ (1 << random.below(8));
      return { epc: epc.subarray(0, epc.length - random.below(4)) };
    }
  }
}

describe('the reader of bits', () => {
  it('reads any number of bits at any place', () => {
    const text = '0011000001110100001001010111101111110111000110010100111001000000000000000000000000011010100001011111000010101010';
    const bytes = paddedBytes(text);
    const wrong = Array.from({ length: text.length }, (_, from) => from).flatMap((from) =>
      Array.from({ length: text.length - from }, (_, more) => more + 1).filter((count) => {
        const bits = new BitReader(bytes);
        bits.takeZeros(from);
        const left = bits.left;
        return bits.takeNumeral(count) !== BigInt(`0b${text.slice(from, from + count)}`).toString() || left !== text.length - from || bits.left !== left - count;
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('reads nothing but zeros beyond the end, and has nothing left there', () => {
    const bits = new BitReader(Uint8Array.of(0xff).subarray(0, 1));
    expect(bits.take(12)).toBe(0xff0);
    expect(bits.left).toBe(0);
    expect(bits.takeNumeral(64)).toBe('0');
    expect(new BitReader(Buffer.from('00ff', 'hex').subarray(0, 1)).takeZeros(16)).toBe(true);
  });
});

import { describe, expect, test } from 'vitest';
import { type Decoded, decodedBit, decodedRegisters, type Order, type RegisterType, shortestFloat32 } from '../../../drivers/modbus/registers.ts';
import { Decimal } from '../../../src/core/decimal.ts';
import { bytesOfHex } from '../../../src/driver-kit/bytes.ts';

describe('integers', () => {
  test.each<[RegisterType, Order, string, string]>([
    ['int16', 'AB', 'FFD6', '-42'],
    ['int16', 'BA', 'D6FF', '-42'],
    ['uint16', 'AB', 'FFD6', '65494'],
    ['uint32', 'ABCD', '02A62190', '44442000'],
    ['uint32', 'CDAB', '219002A6', '44442000'],
    ['uint32', 'BADC', 'A6029021', '44442000'],
    ['uint32', 'DCBA', '9021A602', '44442000'],
    ['int32', 'ABCD', '80000000', '-2147483648'],
    ['uint64', 'ABCDEFGH', '0123456789ABCDEF', '81985529216486895'],
    ['uint64', 'GHEFCDAB', 'CDEF89AB45670123', '81985529216486895'],
    ['uint64', 'BADCFEHG', '23016745AB89EFCD', '81985529216486895'],
    ['uint64', 'HGFEDCBA', 'EFCDAB8967452301', '81985529216486895'],
    ['uint64', 'ABCD', 'FFFFFFFFFFFFFFFF', '18446744073709551615'],
    ['int64', 'CDAB', 'FFD6FFFFFFFFFFFF', '-42'],
  ])('%s in order %s: %s is %s', (type, order, wire, digits) => {
    expect(shown(decodedRegisters(bytesOfHex(wire), { type, order, noValue: [] }))).toEqual([digits, digits]);
  });

  test('a mask takes some bits and moves them down', () => {
    expect(shown(decodedRegisters(bytesOfHex('1AF3'), { type: 'uint16', order: 'AB', mask: 0x0ff0n, noValue: [] }))).toEqual(['175', '175']);
  });

  test('a code that means "no value" gives its words and its code, in every order', () => {
    const noValue = [
      { from: 0x8000n, to: 0x8000n, means: 'sensor fault' },
      { from: 0xfff8n, to: 0xffffn, means: 'not fitted' },
    ];
    const read = (wire: string, type: RegisterType, order: Order): Decoded => decodedRegisters(bytesOfHex(wire), { type, order, noValue });
    expect(read('8000', 'int16', 'AB')).toEqual({ value: { missing: 'sensor fault (0x8000)' }, raw: '-32768' });
    expect(read('0080', 'int16', 'BA')).toEqual({ value: { missing: 'sensor fault (0x8000)' }, raw: '-32768' });
    expect(read('FFFB', 'uint16', 'AB')).toEqual({ value: { missing: 'not fitted (0xFFF8..0xFFFF)' }, raw: '65531' });
    expect(shown(read('FFF7', 'uint16', 'AB'))).toEqual(['65527', '65527']);
  });
});

describe('floats', () => {
  test.each<[RegisterType, Order, string, string]>([
    ['float32', 'ABCD', '42F6E979', '123.456'],
    ['float32', 'CDAB', 'E97942F6', '123.456'],
    ['float32', 'DCBA', '79E9F642', '123.456'],
    ['float32', 'ABCD', '3DCCCCCD', '0.1'],
    ['float32', 'ABCD', '4B800001', '16777218'],
    ['float32', 'ABCD', '80000000', '0'],
    ['float32', 'ABCD', '00000001', '0.000000000000000000000000000000000000000000001'],
    ['float32', 'ABCD', '7F7FFFFF', '340282350000000000000000000000000000000'],
    ['float64', 'ABCDEFGH', '400921FB54442D18', '3.141592653589793'],
    ['float64', 'GHEFCDAB', '2D18544421FB4009', '3.141592653589793'],
  ])('%s in order %s: %s is %s, and raw keeps the bytes', (type, order, wire, digits) => {
    expect(shown(decodedRegisters(bytesOfHex(wire), { type, order, noValue: [] }))).toEqual([digits, wire]);
  });

  test.each<[RegisterType, string, string]>([
    ['float32', '7FC00000', 'not a number'],
    ['float32', 'FFFFFFFF', 'not a number'],
    ['float32', '7F800000', 'infinity'],
    ['float32', 'FF800000', 'minus infinity'],
    ['float64', '7FF8000000000000', 'not a number'],
    ['float64', 'FFF0000000000000', 'minus infinity'],
  ])('%s %s has no value: %s', (type, wire, missing) => {
    expect(decodedRegisters(bytesOfHex(wire), { type, order: 'ABCD', noValue: [] })).toEqual({ value: { missing }, raw: wire });
  });

  test('the digits of a 32-bit float lead back to it, and one digit less would not', () => {
    let seed = 7;
    const view = new DataView(new ArrayBuffer(4));
    for (let tried = 0; tried < 20_000; tried += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      view.setUint32(0, (seed * 2 + (tried & 1)) >>> 0);
      const value = view.getFloat32(0);
      if (!Number.isFinite(value)) continue;
      const text = shortestFloat32(value);
      const digits = Number(text).toExponential().replace(/e.*/, '').replaceAll(/\D/g, '').length;
      const withOneLess = digits === 1 ? Number.NaN : Math.fround(Number(value.toPrecision(digits - 1)));
      expect([Math.fround(Number(text)), withOneLess === value]).toEqual([value, false]);
    }
  });
});

describe('texts and bits', () => {
  test.each<[Order, string, unknown]>([
    ['AB', '4742453136372020', 'GBE167'],
    ['BA', '4247314536370000', 'GBE176'],
    ['CDAB', '47420000', 'GB'],
    ['AB', '00004142', { missing: 'empty text' }],
    ['AB', '20202020', { missing: 'empty text' }],
  ])('a string in order %s: %s', (order, wire, value) => {
    expect(decodedRegisters(bytesOfHex(wire), { type: 'string', order, noValue: [] })).toEqual({ value, raw: wire });
  });

  test('bit 0 of the first byte comes first', () => {
    const bits = Array.from({ length: 12 }, (_, at) => decodedBit(Uint8Array.of(0b1100_0101, 0b0000_1010), at).raw);
    expect(bits.join('')).toBe('101000110101');
  });
});

function shown({ value, raw }: Decoded): readonly string[] {
  return [value instanceof Decimal ? value.toString() : JSON.stringify(value), raw];
}

describe('bytes, decimal digits and 16-bit floats', () => {
  test.each<[RegisterType, Order, string, string]>([
    ['uint8L', 'AB', '180D', '13'],
    ['uint8H', 'AB', '180D', '24'],
    ['int8L', 'AB', '988D', '-115'],
    ['int8H', 'AB', '988D', '-104'],
    ['uint8H', 'BA', '180D', '13'],
    ['bcd16', 'AB', '0042', '42'],
    ['bcd16', 'BA', '4200', '42'],
    ['bcd32', 'ABCD', '12345678', '12345678'],
    ['bcd32', 'CDAB', '56781234', '12345678'],
  ])('%s in order %s: %s is %s', (type, order, wire, digits) => {
    expect(shown(decodedRegisters(bytesOfHex(wire), { type, order, noValue: [] }))).toEqual([digits, digits]);
  });

  test.each(['000A', 'FFFF', '00F0', 'A000'])('%s holds no decimal digits, and so no value', (wire) => {
    expect(decodedRegisters(bytesOfHex(wire), { type: 'bcd16', order: 'AB', noValue: [] })).toEqual({ value: { missing: 'no decimal digits' }, raw: wire });
  });

  test.each(['FFFFFFFF', 'FFFF', '0000', '2020FFFF', 'FFFF0000', '0000FFFF'])('a text that is only filling (%s) is none: it would be a serial number', (wire) => {
    expect(decodedRegisters(bytesOfHex(wire), { type: 'string', order: 'AB', noValue: [] })).toEqual({ value: { missing: 'empty text' }, raw: wire });
  });

  test('filling behind a text does not belong to it', () => {
    expect(decodedRegisters(bytesOfHex('4131FFFF'), { type: 'string', order: 'AB', noValue: [] }).value).toBe('A1');
    expect(decodedRegisters(bytesOfHex('FF31FFFF'), { type: 'string', order: 'AB', noValue: [] }).value).toBe('\u00ff1');
  });

  test('a code of a byte is compared with that byte only', () => {
    const coding = { type: 'uint8L', order: 'AB', noValue: [{ from: 0xffn, to: 0xffn, means: 'none' }] } as const;
    expect(decodedRegisters(bytesOfHex('12FF'), coding).value).toEqual({ missing: 'none (0xFF)' });
    expect(shown(decodedRegisters(bytesOfHex('FF12'), coding))).toEqual(['18', '18']);
  });

  test('a code of decimal digits says what it means', () => {
    const coding = { type: 'bcd16', order: 'AB', noValue: [{ from: 0xffffn, to: 0xffffn, means: 'not fitted' }] } as const;
    expect(decodedRegisters(bytesOfHex('FFFF'), coding)).toEqual({ value: { missing: 'not fitted (0xFFFF)' }, raw: 'FFFF' });
  });

  test.each([
    ['3C00', '1'],
    ['B814', '-0.51'],
    ['7BFF', '65500'],
    ['0001', '0.00000006'],
    ['0400', '0.00006104'],
    ['8000', '0'],
    ['5640', '100'],
    ['2E66', '0.1'],
  ])('float16 %s is %s', (wire, digits) => {
    expect(shown(decodedRegisters(bytesOfHex(wire), { type: 'float16', order: 'AB', noValue: [] }))[0]).toBe(digits);
  });

  test('every 16-bit float is told apart from its neighbours', () => {
    let last = -Infinity;
    const wrong: string[] = [];
    for (let bits = 0; bits < 0x7c00; bits += 1) {
      const wire = Uint8Array.of(bits >> 8, bits & 0xff);
      const value = Number(shown(decodedRegisters(wire, { type: 'float16', order: 'AB', noValue: [] }))[0]);
      if (!(value > last)) wrong.push(`0x${bits.toString(16)} is ${value}, not above ${last}`);
      last = value;
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ['7C00', 'infinity'],
    ['FC00', 'minus infinity'],
    ['7E00', 'not a number'],
  ])('float16 %s is %s', (wire, missing) => {
    expect(decodedRegisters(bytesOfHex(wire), { type: 'float16', order: 'AB', noValue: [] }).value).toEqual({ missing });
  });
});

import { describe, expect, test } from 'vitest';
import { candidatesOf } from '../../../drivers/modbus/candidates.ts';
import { ORDERS, REGISTERS_OF } from '../../../drivers/modbus/registers.ts';
import { decodings } from '../../../src/cli/modbus.ts';
import { bytesOfHex } from '../../../src/driver-kit/bytes.ts';

describe('the candidates', () => {
  test.each([1, 2, 4])('of %i registers are all types of that length in all orders', (registers) => {
    const types = Object.entries(REGISTERS_OF).filter(([name, size]) => size === registers && name !== 'bit').map(([name]) => name);
    const orders = Object.keys(ORDERS).filter((name) => name.length === 2 * registers);
    const found = candidatesOf(new Uint8Array(2 * registers)).filter(({ type }) => type !== 'string').map(({ type, order }) => `${type} ${order}`);
    expect(found.sort()).toEqual(types.flatMap((type) => orders.map((order) => `${type} ${order}`)).sort());
  });

  test('mark what a meter hardly means', () => {
    const doubt = (hex: string, type: string, order: string): string | undefined => candidatesOf(bytesOfHex(hex)).find((candidate) => candidate.type === type && candidate.order === order)?.doubt;
    expect(doubt('02A62190', 'uint32', 'ABCD')).toBeUndefined();
    expect(doubt('02A62190', 'uint32', 'DCBA')).toBe('very large');
    expect(doubt('02A62190', 'float32', 'ABCD')).toBe('hardly a measured size');
    expect(doubt('43666666', 'float32', 'ABCD')).toBeUndefined();
    expect(doubt('7FC00000', 'float32', 'ABCD')).toBe('no value');
    expect(doubt('12AB', 'bcd16', 'AB')).toBe('no value');
    expect(doubt('FFFF', 'uint16', 'AB')).toBe('often means "no value"');
    expect(doubt('4142', 'string', 'AB')).toBeUndefined();
    expect(doubt('0102', 'string', 'AB')).toBe('no plain text');
  });

  test('stand side by side in tables', () => {
    const lines = decodings(bytesOfHex('43666666'), 30);
    expect(lines).toContain('registers 30 to 31  (0x001E)  4366 6666');
    expect(lines.find((line) => line.startsWith('  float32'))).toMatch(/^ {2}float32 {2}230\.4 +\S+ +\S+/);
    expect(lines.filter((line) => line.startsWith('register'))).toHaveLength(3);
    expect(lines.at(-1)).toContain('compare with its own display');
  });
});

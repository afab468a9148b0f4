import { describe, expect, it } from 'vitest';
import { suggestedNames } from '../../src/cli/suggested-names.ts';

function names(addresses: readonly string[], taken: readonly string[] = []): readonly string[] {
  return suggestedNames(addresses.map((address) => ({ driver: 'bthome', address })), taken);
}

describe('the names that are suggested for devices in range', () => {
  it('say the driver and the end of the address', () => {
    expect(names(['C0:DE:C0:DE:00:01', 'C0:DE:C0:DE:00:A2'])).toEqual(['bthome-0001', 'bthome-00a2']);
  });

  it('say more of the addresses that end alike, until they differ', () => {
    expect(names(['C0:DE:C0:DE:00:01', 'C0:DE:C0:DF:00:01', 'C0:DE:C1:DF:00:01', 'C0:DE:C0:DE:00:02'])).toEqual(['bthome-de0001', 'bthome-c0df0001', 'bthome-c1df0001', 'bthome-0002']);
  });

  it('are alike for two drivers only in the address', () => {
    expect(suggestedNames([{ driver: 'bthome', address: 'C0:DE:C0:DE:00:01' }, { driver: 'atc', address: 'C0:DE:C0:DF:00:01' }], [])).toEqual(['bthome-0001', 'atc-0001']);
  });

  it('are none that the configuration has', () => {
    expect(names(['C0:DE:C0:DE:00:01'], ['bthome-0001'])).toEqual(['bthome-de0001']);
    expect(names(['C0:DE:C0:DE:00:01'], ['bthome-0001', 'bthome-de0001', 'bthome-c0de0001', 'bthome-dec0de0001', 'bthome-c0dec0de0001'])).toEqual(['bthome-c0dec0de0001-2']);
  });
});

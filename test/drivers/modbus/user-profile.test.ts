import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modbus } from '../../../drivers/modbus/driver.ts';
import { checkCommand } from '../../../src/cli/check.ts';
import { temporaryFolder } from '../../support/folders.ts';

const WHOLE = 'brand: B\nmodel: M\nsource: [the manual]\nnotation: zero-based\nfunction: 3\n';

/** What `tailgate check` says of a configuration with this profile beside it. */
async function checked(profile: string, device = ''): Promise<{ code: number; text: string }> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'profiles'));
  writeFileSync(join(folder, 'profiles', 'own.yaml'), profile);
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, `gateway: g\nsite: s\nmqtt: { url: "mqtt://localhost" }\noutbox: { directory: ${folder} }\ndevices:\n  m: { driver: modbus, port: /dev/ttyS0, address: 1, profile: own${device} }\n`);
  let text = '';
  const code = await checkCommand({ file, drivers: { modbus: () => Promise.resolve(modbus) }, profileFolder: () => new URL('../../../drivers/modbus/profiles/', import.meta.url).pathname, write: (line) => (text += `${line}\n`) });
  return { code, text: text.replaceAll(`${folder}/`, '') };
}

describe('a profile of one\'s own', () => {
  test('is read from the folder profiles, and what nobody compared is said', async () => {
    const { code, text } = await checked(`${WHOLE}unverified: true\nmeters:\n  hours: { address: 1, type: uint32, quantity: operating-time, kind: counter }\n`);
    expect(text).toContain('profile own, unverified: nobody compared it with a second source or a device');
    expect(code).toBe(0);
  });

  test.each<[string, string, string | RegExp]>([
    ['a type that is misspelt', '  hours: { address: 1, type: uint23, quantity: operating-time, kind: counter }\n', /profiles\/own\.yaml:7:30 {2}meters\.hours\.type: found "uint23"; .*did you mean "uint32"\?/],
    ['a key that is misspelt', '  hours: { adress: 1, type: uint32, quantity: operating-time, kind: counter }\n', 'profiles/own.yaml:7:12  meters.hours.adress: unknown key; did you mean "address"?'],
    ['a quantity that is misspelt', '  hours: { address: 1, type: uint32, quantity: operating-tme, kind: counter }\n', /profiles\/own\.yaml:7:48 {2}meters\.hours\.quantity: found "operating-tme"; .*did you mean "operating-time"\?/],
    ['an order that does not fit', '  hours: { address: 1, type: uint32, order: AB, quantity: operating-time, kind: counter }\n', 'profiles/own.yaml:7:45  meters.hours.order: found "AB"; AB is no order of uint32; write ABCD, CDAB, BADC, DCBA'],
    ['a scale that is none', '  hours: { address: 1, type: uint32, scale: 1/0, quantity: operating-time, kind: counter }\n', 'profiles/own.yaml:7:45  meters.hours.scale: found "1/0"; write a decimal number'],
    ['a mask on decimal digits', '  hours: { address: 1, type: bcd32, mask: 1, quantity: operating-time, kind: counter }\n', 'profiles/own.yaml:7:43  meters.hours.mask: found 1; only for integers'],
  ])('with %s is refused with file, line and column', async (_, meters, words) => {
    const { code, text } = await checked(`${WHOLE}meters:\n${meters}`);
    expect(text).toMatch(typeof words === 'string' ? new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : words);
    expect(code).toBe(78);
  });

  test('has its meters known to the configuration', async () => {
    const meters = 'meters:\n  hours: { address: 1, type: uint32, quantity: operating-time, kind: counter }\n';
    expect((await checked(WHOLE + meters, ', only: [ours]')).text).toContain('the profile has no meter "ours". It has hours');
    expect((await checked(WHOLE + meters, ', meters: { hour: { meter: H } }')).text).toContain('the device has no meter "hour"; did you mean "hours"?');
  });

  test('two devices of one port speak one protocol', async () => {
    const meters = 'meters:\n  hours: { address: 1, type: uint32, quantity: operating-time, kind: counter }\n';
    const other = (rest: string): string => ` }\n  n: { driver: modbus, port: /dev/ttyS0, address: 2, profile: own${rest}`;
    expect((await checked(WHOLE + meters, other(''))).code).toBe(0);
    const { text, code } = await checked(WHOLE + meters, other(', protocol: tcp'));
    expect([code, text]).toEqual([78, expect.stringContaining('devices.n.port: /dev/ttyS0 is the port of "m" too; on one line all speak alike, but only "n" has "protocol: tcp"')]);
  });

  test('all devices of one port have one echo', async () => {
    const meters = 'meters:\n  hours: { address: 1, type: uint32, quantity: operating-time, kind: counter }\n';
    const others = (...echoes: readonly string[]): string => echoes.map((echo, at) => ` }\n  n${at}: { driver: modbus, port: /dev/ttyS0, address: ${at + 2}, profile: own${echo}`).join('');
    expect((await checked(WHOLE + meters, `, echo: true${others(', echo: true')}`)).code).toBe(0);
    const { text, code } = await checked(WHOLE + meters, others(', echo: false', ', echo: true'));
    expect([code, text]).toEqual([78, expect.stringContaining('devices.n1.port: /dev/ttyS0 is the port of "m" too; on one line all hear the same adapter, but only "n1" has "echo: true"; write it at both, or at neither')]);
    expect(text).toContain('gateway.yaml: 1 problem');
  });

  test('address 0 needs protocol tcp', async () => {
    const meters = 'meters:\n  hours: { address: 1, type: uint32, quantity: operating-time, kind: counter }\n';
    expect((await checked(WHOLE + meters, ', protocol: tcp')).code).toBe(0);
    expect((await checked(WHOLE + meters)).code).toBe(0);
    expect(modbus.options.safeParse({ address: 0, protocol: 'tcp', profile: 'p' }).success).toBe(true);
    expect(modbus.options.safeParse({ address: 0, profile: 'p' }).success).toBe(false);
    expect(modbus.options.safeParse({ address: 255, profile: 'p' }).success).toBe(false);
  });
});

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../drivers/index.ts';
import { profile } from '../../drivers/modbus/profile.ts';
import type { MeterConfiguration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { parseYaml } from '../../src/config/yaml-source.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { folderOf, HEAD, problems, WHOLE } from './support.ts';

const profiles = (driver: string): string => fileURLToPath(new URL(`../../drivers/${driver}/profiles/`, import.meta.url));

async function meter(settings: string): Promise<MeterConfiguration | undefined> {
  const folder = folderOf({ 'gateway.yaml': `${HEAD}devices:\n  gen: { driver: modbus, port: /dev/ttyUSB0, address: 1, profile: deep-sea-genset, meters: { engine-hours: { ${settings} } } }\n` });
  return (await loadConfiguration({ file: join(folder, 'gateway.yaml'), drivers: catalogue, profileFolder: profiles })).devices[0]?.meters['engine-hours'];
}

const refusal = (quoted: string): string => `has more digits than are kept of a number; write it in quotes: "${quoted}"`;

describe('a number with more digits than a binary one holds', () => {
  it.each([
    ['18446744073709551616', '18446744073709551616'],
    ['0x10000000000000001', '18446744073709551617'],
    ['0.10000000000000000001', '0.10000000000000000001'],
    ['99999999.99999999999', '99999999.99999999999'],
    ['1e-400', '1e-400'],
    ['1e309', '1e309'],
  ])('is refused where a meter is configured, and kept in quotes: %s', async (written, quoted) => {
    for (const key of ['rolloverAt', 'rateMax', 'min', 'max', 'deadband']) {
      const refused: unknown = await meter(`${key}: ${written}`).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ConfigurationError);
      expect((refused as ConfigurationError).message).toContain(`devices.gen.meters.engine-hours.${key}: ${refusal(quoted)}`);
    }
    const { counter, limits, policy } = (await meter(`rolloverAt: "${quoted}", rateMax: "${quoted}", min: "${quoted}", max: "${quoted}", deadband: "${quoted}"`)) ?? {};
    const exact = Decimal.parse(quoted)?.toString();
    expect([counter?.modulus, counter?.rateMaxPerHour, limits?.min, limits?.max, policy?.deadband].map(String)).toEqual([exact, exact, exact, exact, exact]);
  });

  it('is refused in a profile, and kept in quotes', () => {
    const digits = '0.10000000000000000001';
    const text = `brand: B
model: M
source: [S]
notation: zero-based
function: 3
meters:
  a: { address: 1, type: uint64, quantity: count, kind: counter, scale: ${digits}, offset: ${digits}, minimum: ${digits}, maximum: 18446744073709551615, noValue: { 18446744073709551615: none, 0x8000000000000001: fault } }
  b: { terms: [{ address: 1, weight: ${digits} }, { address: 2 }], type: uint16, quantity: count, kind: counter }
`;
    const complaints = parseYaml('p.yaml', Buffer.from(text)).problems.map(({ key, what }) => `${key}: ${what}`);
    expect(complaints).toEqual([...['a.scale', 'a.offset', 'a.minimum'].map((key) => `meters.${key}: ${refusal(digits)}`), `meters.a.maximum: ${refusal('18446744073709551615')}`, `meters.b.terms[0].weight: ${refusal(digits)}`]);
    const quoted = text.replaceAll(digits, `"${digits}"`).replace('maximum: 18446744073709551615', 'maximum: "18446744073709551615"');
    const [a, b] = profile.parse(parseYaml('p.yaml', Buffer.from(quoted)).source?.value).points;
    expect([a?.scale, a?.offset, a?.minimum, b?.terms[0]?.weight].map((fraction) => fraction?.numerator.toString())).toEqual([digits, digits, digits, digits]);
    expect(a?.maximum?.numerator.toString()).toBe('18446744073709551615');
    expect(a?.terms[0]?.noValue.map(({ from }) => from)).toEqual([0xffff_ffff_ffff_ffffn, 0x8000_0000_0000_0001n]);
  });

  it('leaves every other number alone', () => {
    const numbers = ['0', '-0', '-0.5', '1e3', '1.50E+2', '0x1F', '0o17', '+7', '0.10000000000000000000', '.5', '9007199254740991', '0x10000000000000', '1e22', '1e999', '.inf', '-.inf', '.nan'];
    for (const text of numbers) expect(parseYaml('f.yaml', Buffer.from(`x: ${text}\n`)).problems).toEqual([]);
  });

  it('is told too where a whole number or a text is wanted', async () => {
    expect(await problems(`${WHOLE}    baudRate: 18446744073709551616\n`)).toEqual([`:9:15  devices.cab.baudRate: ${refusal('18446744073709551616')}`, ':9:15  devices.cab.baudRate: found 18446744073709551616; expected at most 9007199254740991', expect.stringContaining('at most 4000000')]);
    expect(await problems(WHOLE.replace('truck-17', '18446744073709551616'))).toEqual([expect.stringContaining('write it in quotes: "18446744073709551616"'), expect.stringContaining('write it in quotes')]);
  });
});

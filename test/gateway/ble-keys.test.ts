import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { count, gatewayInAir, PEER } from '../support/ble/gateway-in-air.ts';
import { temporaryFolder } from '../support/folders.ts';

const within = { timeout: 15_000, interval: 20 };
const PROGRAM = fileURLToPath(new URL('../../dist/tailgate.js', import.meta.url));
/** Counters 42, 43 and 1 of one tag: see drivers/bthome/fixtures/encrypted.transcript. */
const [AT_42, AT_43, AT_1] = ['41DDCC7B71D42A00000080AB434F', '416C5460D3172B00000023099558', '41EC71FDA9CC01000000C375E7BB'].map((payload) => Buffer.from(`1116D2FC${payload}`, 'hex')) as [Buffer, Buffer, Buffer];

it('a tag with a key is believed with a rising counter only, over a restart too, until a person says that it counts anew', async () => {
  const keyFile = join(temporaryFolder(), 'pump.key');
  writeFileSync(keyFile, '00112233445566778899AABBCCDDEEFF\n', { mode: 0o600 });
  const { air, gateway, events, start, untilHearing } = await gatewayInAir({ pump: `driver: bthome, keyFile: ${keyFile}, port: { ble: { address: "${PEER}" } }` });
  const readings = (): readonly unknown[] => events.filter(({ type }) => type === 'tailgate.reading.v1').map(({ data: { value, authenticated } }) => [Number(value), authenticated]);
  const refused = (data: Buffer, why: string): Promise<void> =>
    gateway.until(({ devices }) => {
      air.inject({ address: PEER, data });
      expect(devices[0]?.why).toContain(why);
    });
  start();
  await untilHearing();
  air.inject({ address: PEER, data: AT_42 });
  await vi.waitFor(() => expect(readings()).toEqual([[123_456, undefined]]), within);
  await refused(count(7, 99), 'in clear');
  air.inject({ address: 'C0:DE:C0:DE:00:02', data: AT_43 }); // from another address, which is not on the list

  await gateway.end('SIGKILL');
  start();
  await untilHearing();
  await refused(AT_1, 'a recording that is played back, or a new battery. Run `tailgate tag reset`');
  expect(spawnSync(process.execPath, [PROGRAM, 'tag', 'reset', 'nobody', '--file', gateway.configurationFile], { encoding: 'utf8' }).stdout).toContain('nobody: not reset');
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'tag', 'reset', 'pump', '--file', gateway.configurationFile], { encoding: 'utf8' });
  expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining('pump')]);
  air.inject({ address: PEER, data: AT_1 });
  await vi.waitFor(() => expect(readings()).toHaveLength(2), within);
  expect(readings().every((reading) => Array.isArray(reading) && reading[1] === undefined)).toBe(true);
});

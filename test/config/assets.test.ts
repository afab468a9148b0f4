import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../drivers/index.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { assetOf } from '../../src/metering/meter-content.ts';
import { folderOf, HEAD, load, problems, WHOLE } from './support.ts';

const LIST = 'device,meter,asset,site,organization,name,min,max\n';
const genset = (name: string, ...lines: string[]): string => `  ${name}:\n    driver: meter\n    port: /dev/ttyUSB0\n    address: 1\n    profile: genset\n${lines.map((line) => `    ${line}\n`).join('')}`;
const file = (assets: string, ...devices: string[]): string => `${HEAD}assets: { ${assets} }\ndevices:\n${devices.join('')}`;

async function withList(list: string, text = file('list: assets.csv, complete: false', genset('gen'))): Promise<readonly string[]> {
  return problems(text, folderOf({ 'assets.csv': list }));
}

describe('a list of assets', () => {
  it('says which asset a meter belongs to, and what is plausible; what stands at the device outweighs it', async () => {
    const folder = folderOf({ 'assets.csv': `${LIST}gen,hours,"11450 ""A""",BEDFORD,EAGLENA,RUNHOURS,0,99999.9\n` });
    const listed = (await load(file('list: assets.csv, complete: false', genset('gen')), folder)).devices[0];
    expect(assetOf('hours', { device: 'gen', meters: listed?.meters ?? {} })).toEqual({ number: '11450 "A"', site: 'BEDFORD', organization: 'EAGLENA', meter: 'RUNHOURS' });
    expect(listed?.meters['hours']?.limits).toEqual({ min: Decimal.of(0), max: new Decimal(999_999n, -1) });
    const written = (await load(file('list: assets.csv, complete: false', genset('gen', 'asset: { number: "9" }', 'meters: { hours: { meter: HRS, max: 5, asset: { number: "8" } } }')), folder)).devices[0];
    expect(assetOf('hours', { device: 'gen', asset: written?.asset, meters: written?.meters ?? {} })).toEqual({ number: '8', meter: 'HRS' });
    expect(written?.meters['hours']?.limits).toEqual({ min: Decimal.of(0), max: Decimal.of(5) });
  });

  it('may have its columns in any order, with semicolons, and need not name all', async () => {
    const folder = folderOf({ 'assets.csv': 'Asset;Meter;Device\r\n7;hours;gen\r\n\r\n' });
    const [device] = (await load(file('list: assets.csv, complete: false', genset('gen')), folder)).devices;
    expect(assetOf('hours', { device: 'gen', asset: { number: '1' }, meters: device?.meters ?? {} })).toMatchObject({ number: '7' });
  });

  it.each([
    ['an unknown device', 'gne,hours,1,,,,,\n', 'assets.csv:2:1  there is no device "gne"; did you mean "gen"?'],
    ['an unknown meter', 'gen,huors,1,,,,,\n', 'assets.csv:2:1  device "gen" has no meter "huors"; did you mean "hours"?'],
    ['a line without its asset', 'gen,hours,,,,,,\n', 'assets.csv:2:1  a line without asset'],
    ['a meter twice', 'gen,hours,1,,,,,\ngen,hours,2,,,,,\n', 'assets.csv:3:1  gen/hours stands in the list twice'],
    ['a limit that is no number', 'gen,hours,1,,,,"0,5",\n', 'assets.csv:2:1  "0,5" is no decimal number; write it with a point, such as 0.5'],
    ['limits that are crossed', 'gen,hours,1,,,,5,1\n', 'assets.csv:2:1  min is above max'],
    ['too many values', 'gen,hours,1,,,,,,,\n', 'assets.csv:2:1  10 values for 8 columns; put a value that holds the separator in quotation marks'],
    ['an open quotation mark', 'gen,hours,"1,,,,,\n', 'assets.csv:2:1  a quotation mark that is not closed on its line; write one within a value twice'],
  ])('with %s is refused with its line', async (_, lines, expected) => {
    expect(await withList(LIST + lines)).toContain(expected);
  });

  it('with a column that is misspelt or missing is refused', async () => {
    expect(await withList('device,meter,assett\n')).toEqual(['assets.csv:1:1  there is no column "assett"; did you mean "asset"?', 'assets.csv:1:1  the first line names no column "asset"; it needs device, meter, asset']);
  });

  it('that is not there is refused where it is named', async () => {
    const [problem] = await problems(file('list: nowhere.csv', genset('gen')));
    expect(problem).toContain(':5:17  assets.list: ');
  });

  it('feeds a meter of an asset once, whether it stands in the list or at the device', async () => {
    const both = file('list: assets.csv, complete: false', genset('a', 'asset: { number: "1" }', 'meters: { hours: { meter: RUN } }'), genset('b'));
    expect(await withList('device,meter,asset,name\nb,hours,1,RUN\n', both)).toEqual(['assets.csv:2:1  "RUN" of the same asset is already fed by "a.hours"']);
  });
});

describe('assets that have to be complete', () => {
  it('are not asked for the battery of a BLE meter that is read though nobody named it, and are where somebody did', async () => {
    const meter = (read: string): string => `  sensor: { driver: gatt-meter, port: { ble: { address: "C0:01:02:03:04:05" } }, asset: { number: "1", site: S, organization: O }, read: [${read}], meters: { energy: { meter: KWH } } }\n`;
    const problemsOf = async (text: string): Promise<string> => {
      const path = join(folderOf({ 'gateway.yaml': text, 'assets.csv': 'device,meter,asset,site,organization,name\nsensor,battery,1,S,O,BATTERY\n' }), 'gateway.yaml');
      return loadConfiguration({ file: path, drivers: catalogue, profileFolder: () => 'nowhere' }).then(() => '', (error: unknown) => String(error));
    };
    expect(await problemsOf(file('complete: true', meter('energy')))).toBe('');
    expect(await problemsOf(file('complete: true', meter('energy, battery')))).toContain('meter "battery" has no name in the work management system');
    expect(await problemsOf(file('list: assets.csv', meter('energy')))).toBe('');
  });

  it('say what a meter lacks, and where to write it', async () => {
    expect(await problems(file('complete: true', genset('gen')))).toEqual([':7:3  devices.gen: meter "hours" has no asset, which "assets.complete" asks for; write it at the device, leave the meter out with "only", or write "assets: { complete: false }"']);
    expect(await problems(file('complete: true', genset('gen', 'asset: { number: "1", site: S }', 'meters: { hours: { max: 7 } }')))).toEqual([
      ':13:15  devices.gen.meters.hours: meter "hours" has no organization, no name in the work management system, which "assets.complete" asks for; write it at the device, leave the meter out with "only", or write "assets: { complete: false }"',
    ]);
    expect(await withList('device,meter,asset,site\ngen,hours,1,S\n', file('complete: true, list: assets.csv', genset('gen')))).toEqual([
      'assets.csv:2:1  meter "hours" has no organization, no name in the work management system, which "assets.complete" asks for; write it in the list of assets or at the device, leave the meter out with "only", or write "assets: { complete: false }"',
    ]);
  });

  it('are asked for as soon as there is a list, unless the file says otherwise', async () => {
    const folder = folderOf({ 'assets.csv': 'device,meter,asset,site\ngen,hours,1,S\n' });
    const two = (assets: string): string => file(assets, genset('gen'), genset('gen2').replace('ttyUSB0', 'ttyUSB1'));
    expect(await problems(two('list: assets.csv'), folder)).toEqual([
      ':12:3  devices.gen2: meter "hours" has no asset, which every meter needs where there is a list of assets; write it in the list of assets or at the device, leave the meter out with "only", or write "assets: { complete: false }"',
      'assets.csv:2:1  meter "hours" has no organization, no name in the work management system, which every meter needs where there is a list of assets; write it in the list of assets or at the device, leave the meter out with "only", or write "assets: { complete: false }"',
    ]);
    await expect(load(two('list: assets.csv, complete: false'), folder)).resolves.toBeDefined();
    await expect(load(WHOLE)).resolves.toBeDefined();
    await expect(load(`${HEAD}devices:\n${genset('gen')}`)).resolves.toBeDefined();
  });

  it('are not missed in a list that cannot be read', async () => {
    expect(await problems(file('list: nowhere.csv', genset('gen')))).toHaveLength(1);
    expect(await withList('device,meter,assett\n')).toHaveLength(2);
  });

  it('are taken when every meter has all', async () => {
    await expect(load(file('complete: true', genset('gen', 'asset: { number: "1", site: S, organization: O }', 'meters: { hours: { meter: H } }')))).resolves.toBeDefined();
  });
});

describe('settings of a meter', () => {
  const profiles = (driver: string): string => fileURLToPath(new URL(`../../drivers/${driver}/profiles/`, import.meta.url));
  const loaded = async (meters: string): Promise<unknown> => {
    const folder = folderOf({ 'gateway.yaml': `${HEAD}devices:\n  gen: { driver: modbus, port: /dev/ttyUSB0, address: 1, profile: deep-sea-genset, meters: { ${meters} } }\n` });
    try {
      return (await loadConfiguration({ file: join(folder, 'gateway.yaml'), drivers: catalogue, profileFolder: profiles })).devices[0]?.meters;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.message;
    }
  };

  it('are exact and in milliseconds', async () => {
    expect(await loaded('engine-hours: { every: 1 d, deadband: 0.1 h, heartbeat: 2 d, rateMax: 1.05, rolloverAt: 99999.9, reset: never, max: 90000 }')).toMatchObject({
      'engine-hours': {
        policy: { everyMs: 86_400_000, deadband: new Decimal(1n, -1), heartbeatMs: 172_800_000 },
        counter: { rateMaxPerHour: new Decimal(105n, -2), modulus: new Decimal(999_999n, -1), reset: false },
        limits: { max: Decimal.of(90_000) },
      },
    });
  });

  it.each([
    ['power: { rateMax: 5 }', 'devices.gen.meters.power.rateMax: only for counters; "power" is a gauge'],
    ['engine-hours: { deadband: 1 min }', 'write the unit as the readings have it'],
    ['engine-hours: { deadband: 1 kW.h }', 'devices.gen.meters.engine-hours.deadband: the unit of "engine-hours" is h'],
    ['engine-hours: { bits: 16, rolloverAt: 5 }', 'give bits or rolloverAt, not both'],
    ['engine-hours: { rollover: never, rolloverAt: 5 }', 'rolloverAt has no meaning with "rollover: never"'],
    ['engine-hours: { rateMax: 0 }', 'write a number above 0'],
    ['engine-hours: { every: 1 }', 'write a duration with its unit'],
  ])('that do not fit are refused: %s', async (meters, expected) => {
    expect(await loaded(meters)).toContain(expected);
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brought, folderOf, HEAD, load, problems } from './support.ts';

const named = (profile: string): string => `${HEAD}devices:\n  a: { driver: meter, port: /dev/ttyS0, address: 1, profile: ${profile} }\n`;

describe('a profile', () => {
  it('is one that the driver brings', async () => {
    const { devices } = await load(named('genset'));
    expect(devices[0]?.profile).toEqual({ name: 'genset', file: join(brought, 'genset.yaml'), unverified: 'No device was read.' });
    expect(devices[0]?.options).toMatchObject({ address: 1, profile: { meters: { hours: { register: 6 } } } });
  });

  it('may stand beside the configuration, in the folder profiles or without', async () => {
    const folder = folderOf({ 'own.yaml': 'meters: { beside: { register: 1 } }\n' });
    expect((await load(named('own'), folder)).devices[0]?.options).toMatchObject({ profile: { meters: { beside: { register: 1 } } } });
    mkdirSync(join(folder, 'profiles'));
    writeFileSync(join(folder, 'profiles', 'mine.yaml'), 'meters: { within: { register: 1 } }\n');
    expect((await load(named('mine'), folder)).devices[0]?.options).toMatchObject({ profile: { meters: { within: { register: 1 } } } });
  });

  it('of a name that the driver brings too, or in two places, is refused: neither wins in silence', async () => {
    const folder = folderOf({ 'genset.yaml': 'meters: { beside: { register: 1 } }\n', 'own.yaml': 'meters: { beside: { register: 1 } }\n' });
    expect(await problems(named('genset'), folder)).toEqual([':6:62  devices.a.profile: there are two profiles of this name: genset.yaml and BROUGHT/genset.yaml; rename your own']);
    mkdirSync(join(folder, 'profiles'));
    writeFileSync(join(folder, 'profiles', 'own.yaml'), 'meters: { within: { register: 1 } }\n');
    expect(await problems(named('own'), folder)).toEqual([':6:62  devices.a.profile: there are two profiles of this name: profiles/own.yaml and own.yaml; rename your own']);
  });

  it('is never the configuration file itself', async () => {
    expect(await problems(named('gateway'))).toEqual([
      ':6:62  devices.a.profile: there is no gateway.yaml in profiles, ., BROUGHT; there is energy, genset',
    ]);
  });

  it('that does not exist is refused with what is near and where it was looked for', async () => {
    expect(await problems(named('gen-sett'))).toEqual([
      ':6:62  devices.a.profile: there is no gen-sett.yaml in profiles, ., BROUGHT; did you mean "genset"?',
    ]);
  });

  it.each(['../genset', '/etc/passwd', 'genset/..', '..', '.hidden', 'genset.yaml/'])('cannot lead to another folder: %s', async (name) => {
    expect(await problems(named(`"${name}"`))).toEqual([`:6:62  devices.a.profile: found "${name}"; write the name of a profile, without folder and ".yaml"`]);
  });

  it('has its problems said in its own file, once for all devices, together with those of the configuration', async () => {
    const folder = folderOf({ 'own.yaml': 'function: 6\nmeters:\n  hours: { registr: 0x10 }\n  hours: {}\n' });
    const found = await problems(`${named('own')}  b: { driver: meter, port: /dev/ttyS1, address: 0, profile: own }\n`, folder);
    expect(found).toEqual([
      ':7:50  devices.b.address: found 0; expected at least 1',
      'own.yaml:1:11  function: found 6; expected one of 3, 4',
      'own.yaml:3:3  meters.hours.register: missing (Where it stands)',
      'own.yaml:3:12  meters.hours.registr: unknown key; did you mean "register"?',
      'own.yaml:4:3  meters.hours: stands here a second time, first in line 3; keep one',
    ]);
  });

  it('that is no YAML, empty or a folder says so', async () => {
    const folder = folderOf({ 'torn.yaml': 'meters: {\n', 'empty.yaml': '' });
    mkdirSync(join(folder, 'folder.yaml'));
    expect(await problems(named('torn'), folder)).toEqual(['torn.yaml:2:1  the indentation fits no line above, or a bracket above is not closed']);
    expect(await problems(named('empty'), folder)).toEqual(['empty.yaml  the file is empty']);
    expect(await problems(named('folder'), folder)).toEqual(['folder.yaml  is a folder']);
  });

  it('must be named', async () => {
    expect(await problems(`${HEAD}devices:\n  a: { driver: meter, port: /dev/ttyS0, address: 1 }\n`)).toEqual([':6:3  devices.a.profile: missing (The model of meter)']);
  });
});

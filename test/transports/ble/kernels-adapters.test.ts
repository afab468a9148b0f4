import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kernelsAdapters } from '../../../src/transports/ble/child/kernels-adapters.ts';
import { temporaryFolder } from '../../support/folders.ts';

it('the kernel\'s adapters are its own numbers, with the address of each where it stands there', () => {
  const folder = temporaryFolder();
  for (const [name, address] of [['hci0', '00:1a:7d:da:71:13\n'], ['hci1', '00:00:00:00:00:00\n'], ['hci12', undefined], ['hci0:64', '00:00:00:00:00:01\n'], ['rfcomm0', undefined]] as const) {
    mkdirSync(join(folder, name));
    if (address !== undefined) writeFileSync(join(folder, name, 'address'), address);
  }
  expect(kernelsAdapters(folder)).toEqual([{ number: 0, address: '00:1A:7D:DA:71:13' }, { number: 1, address: undefined }, { number: 12, address: undefined }]);
  expect(kernelsAdapters(join(folder, 'none'))).toEqual([]);
});

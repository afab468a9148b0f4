import type { Driver } from '../src/driver-kit/define-driver.ts';
import { lineScanner } from './line-scanner/driver.ts';
import { modbus } from './modbus/driver.ts';
import { proglove } from './proglove/driver.ts';
import { rdm6300 } from './rdm6300/driver.ts';
import { thingmagic } from './thingmagic/driver.ts';
import { tslAscii } from './tsl-ascii/driver.ts';
import { uhfBb7e } from './uhf-bb7e/driver.ts';
import { uhfChafon } from './uhf-chafon/driver.ts';
import { zebraSsi } from './zebra-ssi/driver.ts';

/** Every driver that ships, one line each; a folder's name is its driver's name. */
export const drivers: readonly Driver[] = [
  lineScanner,
  modbus,
  proglove,
  rdm6300,
  thingmagic,
  tslAscii,
  uhfBb7e,
  uhfChafon,
  zebraSsi,
];

import type { Driver } from '../src/driver-kit/define-driver.ts';
import { lineScanner } from './line-scanner/driver.ts';
import { modbus } from './modbus/driver.ts';
import { rdm6300 } from './rdm6300/driver.ts';
import { zebraSsi } from './zebra-ssi/driver.ts';

/** Every driver that ships, one line each; a folder's name is its driver's name. */
export const drivers: readonly Driver[] = [
  lineScanner,
  modbus,
  rdm6300,
  zebraSsi,
];

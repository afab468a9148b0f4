import type { Driver } from '../src/driver-kit/define-driver.ts';
import { lineScanner } from './line-scanner/driver.ts';
import { modbus } from './modbus/driver.ts';

/** Every driver that ships, one line each; a folder's name is its driver's name. */
export const drivers: readonly Driver[] = [
  lineScanner,
  modbus,
];

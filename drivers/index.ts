import type { Driver } from '../src/driver-kit/define-driver.ts';
import { atc } from './atc/driver.ts';
import { bthome } from './bthome/driver.ts';
import { eddystoneTlm } from './eddystone-tlm/driver.ts';
import { elaPuck } from './ela-puck/driver.ts';
import { gattMeter } from './gatt-meter/driver.ts';
import { ibeacon } from './ibeacon/driver.ts';
import { lineScanner } from './line-scanner/driver.ts';
import { modbus } from './modbus/driver.ts';
import { proglove } from './proglove/driver.ts';
import { rdm6300 } from './rdm6300/driver.ts';
import { ruuvi } from './ruuvi/driver.ts';
import { teltonikaEye } from './teltonika-eye/driver.ts';
import { thingmagic } from './thingmagic/driver.ts';
import { tslAscii } from './tsl-ascii/driver.ts';
import { uhfBb7e } from './uhf-bb7e/driver.ts';
import { uhfChafon } from './uhf-chafon/driver.ts';
import { zebraSsi } from './zebra-ssi/driver.ts';

/** Every driver that ships, one line each; a folder's name is its driver's name. */
export const drivers: readonly Driver[] = [
  atc,
  bthome,
  eddystoneTlm,
  elaPuck,
  gattMeter,
  ibeacon,
  lineScanner,
  modbus,
  proglove,
  rdm6300,
  ruuvi,
  teltonikaEye,
  thingmagic,
  tslAscii,
  uhfBb7e,
  uhfChafon,
  zebraSsi,
];

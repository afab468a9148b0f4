import type { Driver, DriverCatalogue } from '../src/driver-kit/define-driver.ts';

/** Every driver that ships, one line each, by its name, which is its folder's too. */
export const catalogue: DriverCatalogue = {
  atc: async () => (await import('./atc/driver.ts')).atc,
  bthome: async () => (await import('./bthome/driver.ts')).bthome,
  'eddystone-tlm': async () => (await import('./eddystone-tlm/driver.ts')).eddystoneTlm,
  'ela-puck': async () => (await import('./ela-puck/driver.ts')).elaPuck,
  'gatt-meter': async () => (await import('./gatt-meter/driver.ts')).gattMeter,
  ibeacon: async () => (await import('./ibeacon/driver.ts')).ibeacon,
  'line-scanner': async () => (await import('./line-scanner/driver.ts')).lineScanner,
  modbus: async () => (await import('./modbus/driver.ts')).modbus,
  proglove: async () => (await import('./proglove/driver.ts')).proglove,
  rdm6300: async () => (await import('./rdm6300/driver.ts')).rdm6300,
  ruuvi: async () => (await import('./ruuvi/driver.ts')).ruuvi,
  'teltonika-eye': async () => (await import('./teltonika-eye/driver.ts')).teltonikaEye,
  thingmagic: async () => (await import('./thingmagic/driver.ts')).thingmagic,
  'tsl-ascii': async () => (await import('./tsl-ascii/driver.ts')).tslAscii,
  'uhf-bb7e': async () => (await import('./uhf-bb7e/driver.ts')).uhfBb7e,
  'uhf-chafon': async () => (await import('./uhf-chafon/driver.ts')).uhfChafon,
  'zebra-ssi': async () => (await import('./zebra-ssi/driver.ts')).zebraSsi,
};

/** All of them, for who cannot know which are needed. */
export function everyDriver(): Promise<readonly Driver[]> {
  return Promise.all(Object.values(catalogue).map((load) => load()));
}

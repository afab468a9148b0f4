import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bthome } from '../../drivers/bthome/driver.ts';
import { gattMeter } from '../../drivers/gatt-meter/driver.ts';
import { ibeacon } from '../../drivers/ibeacon/driver.ts';
import { lineScanner } from '../../drivers/line-scanner/driver.ts';
import { modbus } from '../../drivers/modbus/driver.ts';
import { checkCommand } from '../../src/cli/check.ts';
import { whomOf } from '../../src/config/ble-whom.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { brought, catalogueOf, folderOf } from './support.ts';

const drivers = catalogueOf([bthome, gattMeter, ibeacon, lineScanner, modbus]);
const IRK = 'EC0234A357C8AD05341010A60A397D9B';

function fileWith(device: string, ble = ''): string {
  const folder = folderOf({ 'gateway.yaml': `gateway: truck-17\nsite: bedford\nmqtt: { url: "mqtt://localhost" }\n${ble === '' ? '' : `ble: { ${ble} }\n`}devices:\n  thing: { ${device} }\n` });
  return join(folder, 'gateway.yaml');
}

async function loaded(device: string, ble?: string) {
  return loadConfiguration({ file: fileWith(device, ble), drivers, profileFolder: () => brought });
}

describe('a BLE port', () => {
  it('is the Nordic UART service unless told otherwise', async () => {
    const { devices } = await loaded('driver: line-scanner, port: { ble: { address: "c0:de:c0:de:00:01" } }');
    expect(devices[0]?.port).toEqual({
      kind: 'ble',
      address: 'C0:DE:C0:DE:00:01',
      silentAfterMs: 600_000,
      stream: { kind: 'plain', service: '6e400001b5a3f393e0a9e50e24dcca9e', write: '6e400002b5a3f393e0a9e50e24dcca9e', notify: '6e400003b5a3f393e0a9e50e24dcca9e' },
    });
  });

  it('of a scanner is told by the check to bring the level of its battery too', async () => {
    const written: string[] = [];
    await checkCommand({ file: fileWith('driver: line-scanner, port: { ble: { address: "C0:DE:C0:DE:00:01" } }'), drivers, profileFolder: () => brought, write: (text) => written.push(text) });
    expect(written.join('\n')).toContain('publishes to tailgate/v1/bedford/truck-17/scan/thing\n           and the level of its battery, where it tells it, to tailgate/v1/bedford/truck-17/reading/thing');
  });

  it('can have UUIDs of its own, in part too, or be Terminal I/O', async () => {
    const own = await loaded('driver: line-scanner, port: { ble: { address: "C0:DE:C0:DE:00:01", service: "FFE0", write: "0000ffe1-0000-1000-8000-00805f9b34fb", notify: "ffe1" } }');
    expect(own.devices[0]?.port).toMatchObject({ stream: { kind: 'plain', service: 'ffe0', write: 'ffe1', notify: 'ffe1' } });
    const terminalIo = await loaded('driver: line-scanner, port: { ble: { address: "C0:DE:C0:DE:00:01", stream: terminal-io } }');
    expect(terminalIo.devices[0]?.port).toMatchObject({ stream: { kind: 'terminal-io' } });
  });

  it.each([
    ['driver: bthome, port: { ble: { id: x, address: "C0:DE:C0:DE:00:01" } }', 'give one of address, id and irkFile'],
    ['driver: bthome, port: { ble: { silentAfter: 5 min } }', 'give one of address, id and irkFile'],
    ['driver: bthome, port: { ble: { irkFile: /a, address: "C0:DE:C0:DE:00:01" } }', 'give one of address, id and irkFile'],
    ['driver: bthome, port: { ble: { irkFile: keys/a } }', 'write the whole path, or the name of a systemd credential'],
    ['driver: bthome, port: { ble: { irk: ec0234a357c8ad05341010a60a397d9b } }', 'this does not stand in the configuration itself; write it into a file of its own and name that file under "irkFile"'],
    ['driver: bthome, port: { ble: { address: "C0:DE:C0:DE:00" } }', 'write the six bytes of the address as they are printed'],
    ['driver: bthome, port: { ble: { id: x } }', 'bthome has no id in its payload: write the address'],
    ['driver: bthome, port: /dev/ttyUSB0', 'bthome is a BLE device: write { ble:'],
    ['driver: gatt-meter, port: { ble: { id: x } }, read: [battery]', 'needs the address or the irkFile of the device'],
    ['driver: line-scanner, port: { ble: { id: x } }', 'needs the address or the irkFile of the device'],
    ['driver: line-scanner, port: { ble: { address: "C0:DE:C0:DE:00:01", stream: terminal-io, notify: "ffe1" } }', 'terminal-io has UUIDs of its own'],
    ['driver: line-scanner, port: { ble: { address: "C0:DE:C0:DE:00:01", service: "ff" } }', 'write four hexadecimal digits or a whole UUID'],
  ])('is refused as %s', async (device, what) => {
    await expect(loaded(device)).rejects.toThrow(what);
  });

  it('takes a key for all that can be heard or connected to', async () => {
    for (const device of ['driver: bthome', 'driver: ibeacon', 'driver: gatt-meter, read: [battery]', 'driver: line-scanner']) {
      const { devices } = await loaded(`${device}, port: { ble: { irkFile: /etc/tailgate/tag.irk } }`);
      expect(devices[0]?.port).toMatchObject({ irkFile: '/etc/tailgate/tag.irk', address: undefined });
    }
  });

  it('cannot be scanned for passively through BlueZ', async () => {
    const device = 'driver: bthome, port: { ble: { address: "C0:DE:C0:DE:00:01" } }';
    expect((await loaded(device, 'scan: passive, adapter: { uart: /dev/ttyACM0 }')).ble.isPassive).toBe(true);
    expect((await loaded(device, 'adapter: { uart: /dev/ttyACM0 }')).ble.isPassive).toBe(false);
    await expect(loaded(device, 'scan: passive')).rejects.toThrow('BlueZ has no switch for it');
  });
});

describe('the key of a changing address', () => {
  const keyIn = (text: string): string => {
    const file = join(folderOf(), 'tag.irk');
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };

  it.each([[IRK], [`${IRK.toLowerCase()}\n`], ['EC:02:34:A3:57:C8:AD:05:34:10:10:A6:0A:39:7D:9B']])('is read as %j', async (text) => {
    expect(await whomOf({ irkFile: keyIn(text) })).toEqual({ kind: 'irk', irk: new Uint8Array(Buffer.from(IRK, 'hex')) });
  });

  it.each([['ec0234'], [`${IRK}00`], ['x'.repeat(32)], ['']])('is not %j', async (text) => {
    await expect(whomOf({ irkFile: keyIn(text) })).rejects.toThrow(ConfigurationError);
  });

  it('is looked at by the check, as the keys of drivers are', async () => {
    const file = keyIn(IRK);
    chmodSync(file, 0o644);
    const written: string[] = [];
    const configuration = fileWith(`driver: bthome, keyFile: /nowhere/key, port: { ble: { irkFile: ${file} } }`);
    expect(await checkCommand({ file: configuration, drivers, profileFolder: () => brought, write: (text) => written.push(text) })).toBe(0);
    const output = written.join('');
    expect(output).toContain('warning: devices.thing.keyFile: /nowhere/key does not exist on this machine');
    expect(output).toContain('warning: devices.thing.port.ble.irkFile: everybody on this machine may read this secret');
    expect(output).not.toContain(IRK);
  });
});

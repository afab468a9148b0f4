import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { complaint, fakes, HEAD, load, problems, WHOLE } from './support.ts';

const device = (name: string, ...lines: string[]): string => [`  ${name}:`, ...lines.map((line) => `    ${line}`), ''].join('\n');
const withMqtt = (...lines: string[]): string => WHOLE.replace('devices:', `${lines.map((line) => `  ${line}\n`).join('')}devices:`);

describe('a whole file', () => {
  it('becomes plain data with every default, milliseconds and bytes', async () => {
    const { file, ...configuration } = await load(WHOLE);
    expect(file).toMatch(/gateway\.yaml$/);
    expect(configuration).toEqual({
      hash: createHash('sha256').update(WHOLE).digest('hex').slice(0, 12),
      gateway: 'truck-17',
      site: 'bedford',
      owner: undefined,
      mqtt: {
        url: 'mqtts://broker.example.com',
        clientId: 'truck-17',
        root: 'tailgate/v1/bedford/truck-17',
        acknowledgedBy: 'broker',
        version: 'auto',
        window: 50,
        keepaliveMs: 60_000,
        publishDeadlineMs: 30_000,
        receiverOverdueMs: 600_000,
        clockWaitMs: 120_000,
        noSubscribers: 'keep',
      },
      outbox: { directory: '/var/lib/tailgate', limits: { bytesMax: 2 * 1024 ** 3, freeBytesMin: 64 * 1024 ** 2, keepMs: 7 * 86_400_000, keepBytesMax: 100 * 1024 ** 2 }, commitsPerSecond: 50 },
      log: { level: 'info' },
      ble: { adapter: { kind: 'bluez' }, connectionsMax: 3, silenceMs: 60_000, isPassive: false },
      scans: { rules: [], contextTimeoutMs: 12 * 3_600_000 },
      devices: [
        {
          name: 'cab',
          driver: fakes[0],
          options: { terminator: 'CR', gap: 50 },
          profile: undefined,
          port: { kind: 'path', path: '/dev/ttyUSB0' },
          line: { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
          asset: undefined,
          repeatWindowMs: 300,
          departAfterMs: 5000,
          meters: {},
        },
      ],
    });
  });

  it('may say everything', async () => {
    const { mqtt, outbox, owner, devices } = await load(`gateway: truck-17
site: bedford
owner: { name: Field Services, contact: fs@example.com }
mqtt:
  url: mqtts://broker.example.com:8884
  username: truck
  passwordFile: mqtt-password
  caFile: /etc/ca.pem
  certificateFile: /etc/own.pem
  keyFile: /etc/own.key
  clientId: g:org:type:id
  root: plant/{gateway}/x
  acknowledgedBy: receiver
  version: 5
  window: 20
  keepalive: 5 min
  publishDeadline: 1.5 s
  receiverOverdue: 1 h
  clockWait: 0 s
  drainPerSecond: 20
  noSubscribers: accept
outbox: { directory: /data, sizeMax: 100 MiB, commitsPerSecond: 10 }
devices:
  generator:
    driver: meter
    port: { usb: { vendor: "0403", product: "6001", serial: A5 }, topology: 1-1.4 }
    baudRate: 9600
    dataBits: 7
    stopBits: 2
    address: 1
    profile: genset
    every: 10 min
    asset: { number: "11450", site: BEDFORD, organization: EAGLENA }
    meters: { hours: { meter: RUNHOURS } }
`);
    expect(owner).toEqual({ name: 'Field Services', contact: 'fs@example.com' });
    expect(mqtt).toEqual({
      url: 'mqtts://broker.example.com:8884',
      username: 'truck',
      passwordFile: 'mqtt-password',
      caFile: '/etc/ca.pem',
      certificateFile: '/etc/own.pem',
      keyFile: '/etc/own.key',
      clientId: 'g:org:type:id',
      root: 'plant/truck-17/x',
      acknowledgedBy: 'receiver',
      version: '5',
      window: 20,
      keepaliveMs: 300_000,
      publishDeadlineMs: 1500,
      receiverOverdueMs: 3_600_000,
      clockWaitMs: 0,
      drainPerSecond: 20,
      noSubscribers: 'accept',
    });
    expect(outbox).toMatchObject({ directory: '/data', limits: { bytesMax: 100 * 1024 ** 2 }, commitsPerSecond: 10 });
    expect(devices).toMatchObject([
      {
        name: 'generator',
        options: { address: 1, every: 600_000, profile: { meters: { hours: { register: 6 } } } },
        profile: { name: 'genset', unverified: 'No device was read.' },
        port: { kind: 'match', usb: { vendor: '0403', product: '6001', serial: 'A5' }, topology: '1-1.4' },
        line: { baudRate: 9600, dataBits: 7, parity: 'even', stopBits: 2 },
        asset: { number: '11450', site: 'BEDFORD', organization: 'EAGLENA' },
        meters: { hours: { meter: 'RUNHOURS' } },
      },
    ]);
  });

  it('changes its hash with every byte', async () => {
    const [a, b] = [await load(WHOLE), await load(`${WHOLE}#\n`)];
    expect(a.hash).not.toBe(b.hash);
  });

  it.each([
    ['tcp://moxa.example.com:4001', { kind: 'tcp', host: 'moxa.example.com', port: 4001 }],
    ['tcp://[fe80::1]:23', { kind: 'tcp', host: 'fe80::1', port: 23 }],
    ['/dev/serial/by-id/usb-FTDI', { kind: 'path', path: '/dev/serial/by-id/usb-FTDI' }],
    ['{ byId: usb-FTDI* }', { kind: 'match', byId: 'usb-FTDI*' }],
    ['{ usb: { vendor: "0C2E", product: 0b6a } }', { kind: 'match', usb: { vendor: '0c2e', product: '0b6a' } }],
  ])('takes the port %s', async (port, expected) => {
    const { devices } = await load(WHOLE.replace('/dev/ttyUSB0', port));
    expect(devices[0]?.port).toEqual(expected);
  });

  it('may use anchors and aliases, byte order marks and Windows line ends', async () => {
    const { devices } = await load(`\uFEFF${HEAD}devices:\n  a: &scanner { driver: scanner, port: /dev/ttyS0, gap: &gap 20 ms }\n  b: { driver: scanner, port: /dev/ttyS1, gap: *gap }\n`.replaceAll('\n', '\r\n'));
    expect(devices.map(({ options }) => options)).toEqual([
      { terminator: 'CR', gap: 20 },
      { terminator: 'CR', gap: 20 },
    ]);
  });
});

describe('what is wrong with a file', () => {
  it('is all said at once, in the order of the file, each with its line', async () => {
    const text = `gateway: truck 17
site: bedford
mqtt:
  url: ws://broker.example.com
  windows: 5
outbox:
  sizeMax: 2048
devices:
  cab:
    driver: scanner
    port: /dev/ttyUSB0
    terminater: CR
  generator:
    driver: metre
    port: ttyUSB1
`;
    expect(await complaint(text)).toBe(`gateway.yaml: 7 problems
gateway.yaml:1:10  gateway: found "truck 17"; use 1 to 64 letters, digits, "_" and "-", since it becomes part of MQTT topics
     1 | gateway: truck 17
       |          ^^^^^^^^
gateway.yaml:4:8  mqtt.url: found "ws://broker.example.com"; write mqtts://HOST or mqtt://HOST; other ways to a broker are not supported
     4 |   url: ws://broker.example.com
       |        ^^^^^^^^^^^^^^^^^^^^^^^
gateway.yaml:5:3  mqtt.windows: unknown key; did you mean "window"?
     5 |   windows: 5
       |   ^^^^^^^
gateway.yaml:7:12  outbox.sizeMax: found 2048; write a size with its unit, like "512 B", "4 KiB", "100 MiB" or "2 GiB"
     7 |   sizeMax: 2048
       |            ^^^^
gateway.yaml:12:5  devices.cab.terminater: unknown key; did you mean "terminator"?
    12 |     terminater: CR
       |     ^^^^^^^^^^
gateway.yaml:14:13  devices.generator.driver: there is no driver "metre"; did you mean "meter"?
    14 |     driver: metre
       |             ^^^^^
gateway.yaml:15:11  devices.generator.port: found "ttyUSB1"; write the whole path: /dev/ttyUSB1
    15 |     port: ttyUSB1
       |           ^^^^^^^`);
  });

  it('is listed up to fifty times', async () => {
    const unknown = Array.from({ length: 60 }, (_, at) => `x${at}: 1\n`).join('');
    const text = await complaint(`${WHOLE}${unknown}`);
    expect(text).toMatch(/^gateway\.yaml: 60 problems\n/);
    expect(text).toMatch(/\nand 10 more$/);
  });

  it.each([
    ['an unknown key', `${WHOLE}logg: {}\n`, ':9:1  logg: unknown key; did you mean "log"?'],
    ['an unknown key far from all', `${WHOLE}banana: 1\n`, ':9:1  banana: unknown key; there is gateway, site, owner, mqtt, outbox, scans, ble, led, log, assets, devices'],
    ['another spelling', WHOLE.replace('site:', 'Site:'), ':2:1  Site: unknown key; did you mean "site"?'],
    ['a missing key', WHOLE.replace(/site.*\n/, ''), '  site: missing (Where the gateway belongs: a yard, plant or fleet)'],
    ['a key that stands twice', `${WHOLE}site: york\n`, ':9:1  site: stands here a second time, first in line 2; keep one'],
    ['a device that stands twice', `${WHOLE}  cab:\n    driver: scanner\n`, ':9:3  devices.cab: stands here a second time, first in line 6; keep one'],
    ['a bare duration', withMqtt('keepalive: 30'), ':5:14  mqtt.keepalive: found 30; write a duration with its unit, like "500 ms", "10 s", "5 min", "2 h" or "7 d"'],
    ['a unit that is none', withMqtt('keepalive: 30 sec'), ':5:14  mqtt.keepalive: found "30 sec"; write a duration with its unit, like "500 ms", "10 s", "5 min", "2 h" or "7 d"'],
    ['too short a duration', withMqtt('keepalive: 1 s'), ':5:14  mqtt.keepalive: found "1 s"; at least 5 s is needed'],
    ['too large a window', withMqtt('window: 70000'), ':5:11  mqtt.window: found 70000; expected at most 65535'],
    ['half a message in flight', withMqtt('window: 0.5'), ':5:11  mqtt.window: found 0.5; expected a whole number'],
    ['a choice that is none', withMqtt('acknowledgedBy: reciever'), ':5:19  mqtt.acknowledgedBy: found "reciever"; expected one of broker, receiver; did you mean "receiver"?'],
    ['an MQTT version', withMqtt('version: 3.1'), ':5:12  mqtt.version: found 3.1; expected one of auto, 5, 3.1.1'],
    ['a number for a text', WHOLE.replace('truck-17', '017'), ':1:10  gateway: found 017; write it in quotes: "017"'],
    ['a truth value for a text', WHOLE.replace('truck-17', 'true'), ':1:10  gateway: found true; write it in quotes: "true"'],
    ['a list for a map', WHOLE.replace(/mqtt:\n.*\n/, 'mqtt: [1]\n'), ':3:7  mqtt: found a list; expected a map of keys and values'],
    ['nothing for a map', WHOLE.replace(/mqtt:\n.*\n/, 'mqtt:\n'), ':3:1  mqtt: found nothing; expected a map of keys and values'],
    ['devices that are not indented', `${HEAD}devices:\n`, ':5:1  devices: found nothing; expected a map of keys and values'],
    ['no device', `${HEAD}devices: {}\n`, ':5:10  devices: found a map; expected at least one device, indented below this key'],
    ['a missing url', WHOLE.replace('url: mqtts://broker.example.com', 'window: 5'), ':3:1  mqtt.url: missing (Where the broker is: mqtts://HOST with TLS or mqtt://HOST without; :8883 or :1883 unless a port is given)'],
    ['a root with an empty level', withMqtt('root: a//b'), ':5:9  mqtt.root: found "a//b"; write 1 to 6 levels with "/" between'],
    ['a root with seven levels', withMqtt('root: a/b/c/d/e/f/g'), ':5:9  mqtt.root: found "a/b/c/d/e/f/g"; write 1 to 6 levels with "/" between'],
    ['a root with a wildcard', withMqtt('root: a/+'), ':5:9  mqtt.root: found "a/+"; use letters, digits, "_" and "-" in each level, or {site} and {gateway}'],
    ['a broker without a host', WHOLE.replace('broker.example.com', ''), ':4:8  mqtt.url: found "mqtts://"; the name of the host is missing; write mqtts://HOST'],
    ['a path behind the broker', WHOLE.replace('.com', '.com/mqtt'), ':4:8  mqtt.url: found "mqtts://broker.example.com/mqtt"; nothing may follow host and port'],
    ['a relative outbox', `${WHOLE}outbox: { directory: data }\n`, ':9:22  outbox.directory: found "data"; write the whole path, beginning with "/"'],
    ['a device without a port', WHOLE.replace(/ {4}port.*\n/, ''), ':6:3  devices.cab.port: missing (Where the device is plugged in: a path, a match for a USB adapter, tcp://HOST:PORT for a serial device server, or { ble: ... } for a BLE device)'],
    ['a device that is no map', `${WHOLE}  b: scanner\n`, ':9:6  devices.b: found "scanner"; expected a map of keys and values'],
    ['a device with a name that is no level', `${WHOLE}  back door: { driver: scanner, port: /dev/ttyS1 }\n`, ':9:3  devices.back door: use 1 to 64 letters, digits, "_" and "-", since it becomes part of MQTT topics'],
    ['a Windows port', WHOLE.replace('/dev/ttyUSB0', 'COM3'), ':8:11  devices.cab.port: found "COM3"; this is the name of a port on Windows; here it is something like /dev/ttyUSB0'],
    ['a tcp port without a number', WHOLE.replace('/dev/ttyUSB0', 'tcp://moxa'), ':8:11  devices.cab.port: found "tcp://moxa"; write tcp://HOST:PORT with a port from 1 to 65535'],
    ['a tcp port out of range', WHOLE.replace('/dev/ttyUSB0', 'tcp://moxa:70000'), ':8:11  devices.cab.port: found "tcp://moxa:70000"; write tcp://HOST:PORT with a port from 1 to 65535'],
    ['a number for a port', WHOLE.replace('/dev/ttyUSB0', '4001'), ':8:11  devices.cab.port: found 4001; expected text or a map of keys and values'],
    ['an empty match', WHOLE.replace('/dev/ttyUSB0', '{}'), ':8:11  devices.cab.port: found a map; give at least one of byId, usb and topology'],
    ['a vendor that YAML takes for a number', WHOLE.replace('/dev/ttyUSB0', '{ usb: { vendor: 0403, product: "6001" } }'), ':8:28  devices.cab.port.usb.vendor: found 0403; write it in quotes: "0403"'],
    ['a misspelt match', WHOLE.replace('/dev/ttyUSB0', '{ by-id: usb-FTDI }'), ':8:13  devices.cab.port.by-id: unknown key; did you mean "byId"?'],
    ['an option of the driver', `${WHOLE}    gap: 1 min\n`, ':9:10  devices.cab.gap: found "1 min"; at most 1 s is allowed'],
    ['a choice in a list', `${WHOLE}    terminator: [CR, FF]\n`, ':9:22  devices.cab.terminator[1]: found "FF"; expected one of CR, LF; did you mean "LF"?'],
    ['a choice outside a list', `${WHOLE}    terminator: FF\n`, ':9:17  devices.cab.terminator: found "FF"; expected one of CR, LF; did you mean "LF"?'],
    ['a limit that is no number', `${WHOLE}    meters: { hours: { min: low } }\n`, ':9:29  devices.cab.meters.hours.min: found "low"; write a decimal number, such as 0.1'],
    ['limits that are crossed', `${WHOLE}    meters: { hours: { min: 2, max: 1 } }\n`, ':9:29  devices.cab.meters.hours.min: found 2; "min" is above "max"'],
    ['a deadband in a unit that there is not', `${WHOLE}    meters: { hours: { deadband: 1 hour } }\n`, ':9:34  devices.cab.meters.hours.deadband: found "1 hour"; write the unit as the readings have it (UCUM), such as "0.1 h" or "5 kW.h"'],
  ])('names %s', async (_, text, expected) => {
    expect(await problems(text)).toContain(expected);
  });

  it('does not hide that one device is wrong behind the wrong name of another', async () => {
    expect(await problems(`${WHOLE}  b c: { driver: scanner }\n`)).toEqual([
      ':9:3  devices.b c: use 1 to 64 letters, digits, "_" and "-", since it becomes part of MQTT topics',
      ':9:3  devices.b c.port: missing (Where the device is plugged in: a path, a match for a USB adapter, tcp://HOST:PORT for a serial device server, or { ble: ... } for a BLE device)',
    ]);
  });

  it('takes no key named __proto__ and is not fooled by names that objects have', async () => {
    expect(await problems(`${WHOLE}  __proto__: { driver: scanner, port: /dev/ttyS1 }\n  constructor: { driver: toString }\n`)).toEqual([
      ':9:3  devices: a key cannot be named "__proto__"',
      ':10:3  devices.constructor.port: missing (Where the device is plugged in: a path, a match for a USB adapter, tcp://HOST:PORT for a serial device server, or { ble: ... } for a BLE device)',
      ':10:26  devices.constructor.driver: there is no driver "toString"; there is scanner, meter',
    ]);
  });

  it('prints nothing that a terminal would obey', async () => {
    const text = await complaint(WHOLE.replace('/dev/ttyUSB0', '"\\e[31mred\\u202E"'));
    expect(text).toContain('found "\\u{1b}[31mred\\u{202e}"; write a path');
    expect(['\u001B', '\u202E'].filter((character) => text.includes(character))).toEqual([]);
  });
});

describe('a secret in the file', () => {
  it('is refused with the right way, and not repeated', async () => {
    const text = await complaint(withMqtt('username: truck', 'password: hunter2'));
    expect(text).toContain('gateway.yaml:6:3  mqtt.password: this does not stand in the configuration itself; write it into a file of its own and name that file under "passwordFile"');
    expect(text).not.toContain('hunter2');
  });

  it('is refused in the address of the broker, and not repeated', async () => {
    const text = await complaint(WHOLE.replace('//broker', '//truck:hunter2@broker'));
    expect(text).toContain('gateway.yaml:4:8  mqtt.url: user and password do not stand in the address; use "username" and "passwordFile"');
    expect(text).not.toContain('hunter2');
  });

  it('is not repeated when it stands in place of a file name, or beside a slip in the YAML', async () => {
    expect(await complaint(withMqtt('username: truck', 'passwordFile: "hunter2 #"'))).not.toContain('hunter2');
    expect(await complaint(withMqtt('password: hunter2: x'))).not.toContain('hunter2');
  });
});

describe('fields that are right by themselves', () => {
  it.each([
    ['a user without a password', withMqtt('username: truck'), ':5:3  mqtt.username: needs "passwordFile" beside it'],
    ['a password without a user', withMqtt('passwordFile: /p'), ':5:3  mqtt.passwordFile: needs "username" beside it'],
    ['a certificate without its key', withMqtt('certificateFile: /c'), ':5:3  mqtt.certificateFile: needs "keyFile" beside it'],
    ['a key without its certificate', withMqtt('keyFile: /k'), ':5:3  mqtt.keyFile: needs "certificateFile" beside it'],
    ['an authority without TLS', withMqtt('caFile: /c').replace('mqtts:', 'mqtt:'), ':5:3  mqtt.caFile: has no effect without TLS; write "mqtts://" in "url", or leave this out'],
  ])('are compared: %s', async (_, text, expected) => {
    expect(await problems(text)).toEqual([expected]);
  });

  it('are compared although others are wrong', async () => {
    expect(await problems(withMqtt('username: truck', 'window: 0'))).toEqual([':5:3  mqtt.username: needs "passwordFile" beside it', ':6:11  mqtt.window: found 0; expected at least 1']);
  });

  const modbus = (address: number, ...lines: string[]): string[] => ['driver: meter', `address: ${address}`, 'profile: genset', ...lines];

  it('let devices that are asked share a line with equal parameters', async () => {
    const { devices } = await load(`${HEAD}devices:\n${device('a', ...modbus(1, 'port: /dev/serial/by-id/x'))}${device('b', ...modbus(2, 'port: { byId: x }', 'baudRate: 19200'))}`);
    expect(devices).toHaveLength(2);
  });

  it('do not let them share one with other parameters', async () => {
    const text = `${HEAD}devices:\n${device('a', ...modbus(1, 'port: tcp://moxa:1'))}${device('b', ...modbus(2, 'port: tcp://MOXA:1', 'parity: none'))}`;
    expect(await problems(text)).toEqual([':15:11  devices.b.port: tcp://moxa:1 is the port of "a" too; on one line all speak alike, but "a" has 19200 8E1 and "b" has 19200 8N1']);
  });

  it('do not let a device that sends by itself share its line, even when other things are wrong', async () => {
    const text = `${WHOLE}${device('b', ...modbus(300, 'port: /dev/ttyUSB0'))}`;
    expect(await problems(text)).toEqual([
      ':11:14  devices.b.address: found 300; expected at most 247',
      ':13:11  devices.b.port: /dev/ttyUSB0 is the port of "cab" too; "cab" (scanner) sends by itself and needs a port of its own',
    ]);
  });

  it('finds a meter that the device has not, since its booking would silently be lost', async () => {
    const meter = 'devices:\n  gen:\n    driver: meter\n    port: /dev/ttyUSB0\n    address: 1\n    profile: genset\n    asset: { number: "7" }\n';
    expect(await problems(`${HEAD}${meter}    meters: { huors: { meter: RUNHOURS } }\n`)).toEqual([
      ':12:15  devices.gen.meters.huors: the device has no meter "huors"; did you mean "hours"?',
    ]);
  });

  it('name no meter of an asset without the asset', async () => {
    expect(await problems(`${WHOLE}    meters: { hours: { meter: H } }\n`)).toEqual([':9:5  devices.cab.meters: needs "asset" beside it, which says whose meters these are']);
  });

  it('feed a meter of an asset once', async () => {
    const asset = ['asset: { number: "7" }', 'meters: { hours: { meter: H } }'];
    const text = `${HEAD}devices:\n${device('a', ...modbus(1, 'port: /dev/ttyS0', ...asset))}${device('b', ...modbus(2, 'port: /dev/ttyS0', ...asset))}`;
    expect(await problems(text)).toEqual([':19:31  devices.b.meters.hours.meter: "H" of the same asset is already fed by "a.hours"']);
  });
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { spokenPort } from '../../src/config/port.ts';
import { attachedPorts } from '../../src/transports/attached-ports.ts';
import { matchPort, type PortMatch, spokenMatch } from '../../src/transports/port-match.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

interface Adapter {
  readonly name: string;
  /** The USB device's folder and the interface's, as the kernel names them. */
  readonly at: readonly [device: string, usbInterface: string];
  readonly vendor: string;
  readonly product: string;
  readonly serial?: string;
  readonly byId?: string;
}

/** A truck's ports: a scanner, an FTDI adapter, a four-port adapter, two CH340 without serial numbers, UARTs. */
const TRUCK: readonly Adapter[] = [
  { name: 'ttyACM0', at: ['1-1.1', '1-1.1:1.0'], vendor: '0c2e', product: '0b6a', serial: 'S21', byId: 'usb-Honeywell_1981i_S21-if00' },
  { name: 'ttyUSB0', at: ['1-1.4', '1-1.4:1.0'], vendor: '0403', product: '6001', serial: 'A502', byId: 'usb-FTDI_FT232R_A502-if00-port0' },
  { name: 'ttyUSB1', at: ['1-1.2', '1-1.2:1.0'], vendor: '0403', product: '6011', serial: 'FT4', byId: 'usb-FTDI_Quad_FT4-if00-port0' },
  { name: 'ttyUSB2', at: ['1-1.2', '1-1.2:1.1'], vendor: '0403', product: '6011', serial: 'FT4', byId: 'usb-FTDI_Quad_FT4-if01-port0' },
  { name: 'ttyUSB3', at: ['1-1.3', '1-1.3:1.0'], vendor: '1a86', product: '7523' },
  { name: 'ttyUSB4', at: ['1-2', '1-2:1.0'], vendor: '1a86', product: '7523', byId: 'usb-1a86_USB_Serial-if00-port0' },
];

function tree(adapters: readonly Adapter[] = TRUCK) {
  const root = mkdtempSync('/tmp/tailgate-tree-');
  made.push(root);
  const roots = { sys: join(root, 'sys'), dev: join(root, 'dev') };
  mkdirSync(join(roots.sys, 'class/tty'), { recursive: true });
  mkdirSync(join(roots.dev, 'serial/by-id'), { recursive: true });
  for (const { name, at, vendor, product, serial, byId } of adapters) {
    const device = join(roots.sys, 'devices/pci0000:00/usb1', at[0]);
    // USB serial drivers put a folder of the port's name in between; CDC ACM does not.
    const port = name.startsWith('ttyACM') ? join(device, at[1]) : join(device, at[1], name);
    addTty(roots.sys, name, port, '');
    writeFileSync(join(device, 'idVendor'), `${vendor}\n`);
    writeFileSync(join(device, 'idProduct'), `${product}\n`);
    if (serial !== undefined) writeFileSync(join(device, 'serial'), `${serial}\n`);
    if (byId !== undefined) symlinkSync(`../../${name}`, join(roots.dev, 'serial/by-id', byId));
  }
  addTty(roots.sys, 'ttyS0', join(roots.sys, 'devices/platform/serial8250'), '4');
  addTty(roots.sys, 'ttyS1', join(roots.sys, 'devices/platform/serial8250'), '0');
  addTty(roots.sys, 'ttymxc2', join(roots.sys, 'devices/soc/30880000.serial'), '');
  mkdirSync(join(roots.sys, 'class/tty/tty1'));
  return roots;
}

function addTty(sys: string, name: string, port: string, type: string): void {
  const folder = join(port, 'tty', name);
  mkdirSync(folder, { recursive: true });
  symlinkSync(port, join(folder, 'device'));
  if (type !== '') writeFileSync(join(folder, 'type'), `${type}\n`);
  symlinkSync(folder, join(sys, 'class/tty', name));
}

function found(match: PortMatch, adapters = TRUCK): string {
  const roots = tree(adapters);
  return matchPort(match, 'serial match', roots).path.slice(roots.dev.length + 1);
}

describe('matching a port', () => {
  it.each<[string, PortMatch, string]>([
    ['its name in by-id', { byId: 'usb-FTDI_FT232R_A502-if00-port0' }, 'ttyUSB0'],
    ['a glob of its name', { byId: 'usb-Honeywell_*' }, 'ttyACM0'],
    ['vendor and product, in any case', { usb: { vendor: '0C2E', product: '0B6A' } }, 'ttyACM0'],
    ['the serial number alone', { usb: { serial: 'A502' } }, 'ttyUSB0'],
    ['its socket', { topology: '1-1.4' }, 'ttyUSB0'],
    ['one interface of an adapter with several ports', { topology: '1-1.2:1.1' }, 'ttyUSB2'],
    ['all of it together', { byId: '*Quad*', usb: { vendor: '0403' }, topology: '1-1.2:1.0' }, 'ttyUSB1'],
    ['the socket of an adapter without a serial number', { usb: { vendor: '1a86' }, topology: '1-1.3' }, 'ttyUSB3'],
  ])('finds it by %s', (_, match, name) => {
    expect(found(match)).toBe(name);
  });

  it('takes no part of a name for the name, and no dot for any character', () => {
    expect(() => found({ byId: 'usb-FTDI' })).toThrow('no attached port fits');
    expect(() => found({ byId: 'usb.FTDI_FT232R_A502-if00-port0' })).toThrow('no attached port fits');
    expect(() => found({ topology: '1-1' })).toThrow('no attached port fits');
  });

  it('refuses a match that several fit, and lists them with what tells them apart', () => {
    expect(() => found({ usb: { vendor: '1a86' } })).toThrow(
      /^serial match: 2 attached ports fit\. Add `serial` or `topology` to the match; there are \S+ttyUSB3 \(usb 1a86:7523 serial none, 1-1\.3:1\.0\), \S+ttyUSB4 /,
    );
    expect(() => found({ topology: '1-1.2' })).toThrow('2 attached ports fit');
  });

  it('lists everything that is there when nothing fits', () => {
    const lists = /no attached port fits.*ttyACM0 .*usb-Honeywell_1981i_S21-if00.*ttyUSB4.*ttymxc2 \(not USB\)/;
    expect(() => found({ usb: { vendor: 'ffff' } })).toThrow(lists);
    expect(() => found({ usb: { vendor: 'ffff' } })).not.toThrow(/ttyS1|tty1 /);
  });

  it('says so when nothing is attached at all', () => {
    const root = mkdtempSync('/tmp/tailgate-tree-');
    made.push(root);
    expect(() => matchPort({ byId: '*' }, 'x', { sys: root, dev: root })).toThrow('no serial port is attached');
  });

  it('finds the adapter under its new name after a replug', () => {
    const replugged = TRUCK.map((adapter) => (adapter.name === 'ttyUSB0' ? { ...adapter, name: 'ttyUSB9' } : adapter));
    expect(found({ usb: { serial: 'A502' } }, replugged)).toBe('ttyUSB9');
  });

  it('reads the machine it runs on without failing', () => {
    expect(attachedPorts()).toBeInstanceOf(Array);
  });

  it('can be said', () => {
    expect(spokenMatch({ usb: { vendor: '0c2e', serial: 'S21' }, topology: '1-1' })).toBe('usb 0c2e:* serial S21 at usb socket 1-1');
    expect(spokenMatch({ byId: 'usb-*' })).toBe('by-id usb-*');
  });

  it('is said in the words of the configuration', () => {
    const match = { byId: 'usb-*', usb: { vendor: '0c2e', product: '0b6a', serial: 'S21' }, topology: '1-1.4' };
    expect(spokenMatch(match)).toBe(spokenPort({ kind: 'match', ...match }));
  });
});

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hardwareFingerprint } from '../../src/operations/hardware.ts';
import { isOtherHardware } from '../../src/outbox/file/fingerprint.ts';
import { temporaryFolder } from '../support/folders.ts';

/** A machine's files under a root of their own; adapters by the place of their device. */
function machine(parts: { readonly files?: Readonly<Record<string, string>>; readonly adapters?: Readonly<Record<string, { readonly at: string; readonly address: string; readonly assigned?: string }>> }): string {
  const root = temporaryFolder();
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(parts.files ?? {})) write(path, text);
  for (const [name, { at, address, assigned = '0' }] of Object.entries(parts.adapters ?? {})) {
    write(`sys/class/net/${name}/address`, `${address}\n`);
    write(`sys/class/net/${name}/addr_assign_type`, `${assigned}\n`);
    mkdirSync(join(root, at), { recursive: true });
    symlinkSync(join(root, at), join(root, `sys/class/net/${name}/device`));
  }
  return root;
}

const SERIAL = { 'proc/device-tree/serial-number': '100000003d1d1c36\0' };

describe('the fingerprint of a machine', () => {
  it('is made of its serial number and its built-in adapter, and holds neither in clear', () => {
    const text = hardwareFingerprint(machine({ files: SERIAL, adapters: { eth0: { at: 'sys/devices/platform/eth', address: 'dc:a6:32:01:02:03' } } }));
    expect(text).toMatch(/^dt:[0-9a-f]{12} mac:[0-9a-f]{12}$/);
    expect(text).not.toContain('3d1d1c36');
  });

  it('does not change with an adapter that is plugged in, nor with a made-up address', () => {
    const before = hardwareFingerprint(machine({ adapters: { eth0: { at: 'sys/devices/platform/eth', address: 'dc:a6:32:01:02:03' } } }));
    const now = hardwareFingerprint(
      machine({
        adapters: {
          eth0: { at: 'sys/devices/platform/eth', address: 'dc:a6:32:01:02:03' },
          usb0: { at: 'sys/devices/pci/usb1/net', address: '00:11:22:33:44:55' },
          wlan0: { at: 'sys/devices/platform/wlan', address: '02:00:00:00:00:01', assigned: '1' },
        },
      }),
    );
    expect(now).toBe(before);
  });

  it('leaves out numbers that the maker did not set, and is empty where there is nothing', () => {
    expect(hardwareFingerprint(machine({ files: { 'sys/class/dmi/id/product_uuid': '00000000-0000-0000-0000-000000000000' } }))).toBe('');
    expect(hardwareFingerprint(machine({}))).toBe('');
  });
});

describe('two fingerprints', () => {
  it.each([
    ['of one machine', 'dt:a mac:b', 'dt:a mac:b', false],
    ['of one board with another adapter', 'dt:a mac:b', 'dt:a mac:c', false],
    ['of two boards', 'dt:a mac:b', 'dt:c mac:b', true],
    ['of two machines of which only adapters are known', 'mac:b', 'mac:c', true],
    ['with nothing in common', 'dmi:a', 'mac:b', false],
    ['of which one is not known', '', 'mac:b', false],
  ])('%s', (_, before, now, other) => {
    expect(isOtherHardware(before, now)).toBe(other);
  });
});

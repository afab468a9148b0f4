import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue, everyDriver } from '../../drivers/index.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { temporaryFolder } from '../support/folders.ts';

const drivers = await everyDriver();
const WIRED = drivers.filter(({ form, reports }) => reports === 'scans' && (form === 'listening' || form === 'polling'));

function sectionOf(readme: string, heading: RegExp): string {
  return readme.split(/^## /m).find((section) => heading.test(section)) ?? '';
}

describe.each(WIRED.map(({ name }) => name))('the README of %s', (name) => {
  const readme = readFileSync(new URL(`../../drivers/${name}/README.md`, import.meta.url), 'utf8');

  it('says how the device is set up and wired, what it cannot do, from which sources, and that nobody tried it', () => {
    expect(sectionOf(readme, /^Set up the /)).toMatch(/^Wiring\b/m);
    expect(sectionOf(readme, /^Limits/)).toMatch(/^- /m);
    expect(readme).toMatch(/\]\(https:\/\//);
    expect(readme).toMatch(/\*\*Never tried on hardware by the project\.\*\* (?:It was|.*from)/);
    expect(sectionOf(readme, /^Options/)).toContain('| key | what it is |');
  });

  it('has an example that works as it stands', async () => {
    const yaml = /```yaml\n([^]*?)```/.exec(sectionOf(readme, /^Example/))?.[1] ?? '';
    const file = join(temporaryFolder(), 'gateway.yaml');
    writeFileSync(file, `gateway: g\nsite: s\nmqtt: { url: "mqtt://h" }\n${yaml}`);
    const { devices } = await loadConfiguration({ file, drivers: catalogue, profileFolder: () => '/nowhere' });
    expect(devices.map(({ driver }) => driver.name)).toEqual([name]);
  });

  it('shows bytes to send whose checks are right', () => {
    for (const [, frame = ''] of readme.matchAll(/`(BB(?: [0-9A-F]{2})+ 7E)`/g)) {
      const bytes = Buffer.from(frame.replaceAll(' ', ''), 'hex');
      expect(bytes.at(-2)).toBe(bytes.subarray(1, -2).reduce((sum, byte) => sum + byte, 0) & 0xff);
      expect(bytes.readUInt16BE(3)).toBe(bytes.length - 7);
    }
  });
});

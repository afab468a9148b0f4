import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { catalogue, everyDriver } from '../../drivers/index.ts';
import { generatedFiles, staleFiles } from '../../scripts/generated-files.ts';
import { configurationJsonSchema } from '../../scripts/json-schema.ts';
import { checkCommand } from '../../src/cli/check.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { definePollingDriver } from '../../src/driver-kit/define-driver.ts';
import { z } from '../../src/driver-kit/options.ts';
import { fakes, folderOf } from './support.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const EXAMPLES = ['config/gateway.example.yaml', ...readdirSync(join(ROOT, 'config/examples')).filter((name) => name.endsWith('.yaml')).map((name) => `config/examples/${name}`)];
const drivers = await everyDriver();
const profileFolder = (driver: string): string => join(ROOT, 'drivers', driver, 'profiles');
const validator = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(configurationJsonSchema(drivers));

describe('the generated files', () => {
  it('are current', () => {
    const { files, problems } = generatedFiles(ROOT, drivers);
    expect(problems).toEqual([]);
    expect(staleFiles(ROOT, files), 'run `npm run generate`').toEqual([]);
  });

  it('are named when they are stale, and keep what stands around the options in a README', () => {
    const root = folderOf();
    for (const { name } of fakes) {
      mkdirSync(join(root, 'drivers', name), { recursive: true });
      writeFileSync(join(root, 'drivers', name, 'README.md'), `# ${name}\n<!-- options -->old<!-- /options -->\nafter\n`);
    }
    const { files } = generatedFiles(root, fakes);
    expect(staleFiles(root, files)).toEqual(['config/gateway.schema.json', 'docs/configuration.md', 'drivers/scanner/README.md', 'drivers/meter/README.md']);
    expect(files.at(-1)?.content).toBe(`# meter
<!-- options -->

A meter for tests.

| key | what it is | written as | default |
|---|---|---|---|
| \`address\` | The address. It is set at the device. | whole number, 1 to 247 | required |
| \`profile\` | The model of meter. | text | required |
| \`every\` | How often it is read. | duration with its unit: \`ms\`, \`s\`, \`min\`, \`h\`, \`d\` | \`1 min\` |

Line: 19200 8E1 unless \`baudRate\`, \`dataBits\`, \`parity\` or \`stopBits\` say otherwise.

<!-- /options -->
after
`);
  });

  it('cannot be made of a README without marks', () => {
    expect(generatedFiles(folderOf(), fakes).problems[0]).toBe('drivers/scanner/README.md needs the lines "<!-- options -->" and "<!-- /options -->", between which its options are written');
  });

  it('cannot be made of a driver whose option is a key that every device has', () => {
    const clash = definePollingDriver({
      name: 'clash',
      summary: 'Clash', reports: 'meters',
      options: z.strictObject({ port: z.string().describe('Taken.') }),
      schedule: () => ({ address: '1', everyMs: 1, responseTimeoutMs: 1, silenceMs: 1, retries: 0, echo: false }),
      meters: () => [],
      poll: () => Promise.resolve(),
    });
    expect(() => configurationJsonSchema([clash])).toThrow('drivers/clash: every device has a key "port"; choose another name');
  });
});

describe.each(EXAMPLES)('%s', (example) => {
  const text = readFileSync(join(ROOT, example), 'utf8');

  it('passes tailgate check', async () => {
    const written: string[] = [];
    const code = await checkCommand({ file: join(ROOT, example), drivers: catalogue, profileFolder, write: (line) => written.push(line) });
    expect({ code, written: written.join('') }).toMatchObject({ code: 0, written: expect.stringMatching(/\nOK$/) as string });
  });

  it('fits the schema that its first line names', () => {
    expect(text.split('\n')[0]).toBe(`# yaml-language-server: $schema=${example.includes('examples/') ? '..' : '.'}/gateway.schema.json`);
    validator(parse(text));
    expect(validator.errors ?? []).toEqual([]);
  });
});

describe('the schema for editors', () => {
  const example = parse(readFileSync(join(ROOT, 'config/gateway.example.yaml'), 'utf8')) as { devices: Record<string, Record<string, unknown>> };

  it.each([
    ['an unknown key', { ...example, sight: 'x' }],
    ['a bare duration', { ...example, mqtt: { url: 'mqtt://x', keepalive: 30 } }],
    ['an option of another driver', { ...example, devices: { cab: { ...example.devices['cab-scanner'], address: 1 } } }],
    ['an unknown driver', { ...example, devices: { cab: { driver: 'nothing', port: '/dev/x' } } }],
  ])('refuses %s', (_, content) => {
    expect(validator(content)).toBe(false);
  });

  it('gives every default in the form in which it is written', async () => {
    const wrong: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      if ('default' in schema && !new Ajv({ strict: false }).validate(schema, schema.default)) wrong.push(path);
      for (const [name, inner] of Object.entries(schema)) walk(inner, `${path}/${name}`);
    };
    walk(configurationJsonSchema(drivers), '');
    expect(wrong).toEqual([]);
    await expect(loadConfiguration({ file: join(ROOT, 'config/gateway.example.yaml'), drivers: catalogue, profileFolder })).resolves.toBeDefined();
  });

  it('describes every key', () => {
    const undescribed: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, inner] of Object.entries(schema)) {
        if (name === 'properties') {
          for (const [key, field] of Object.entries(inner as Record<string, { description?: string }>)) if ((field.description ?? '') === '') undescribed.push(`${path}/${key}`);
        }
        walk(inner, `${path}/${name}`);
      }
    };
    walk(configurationJsonSchema(drivers), '');
    expect(undescribed).toEqual([]);
  });
});

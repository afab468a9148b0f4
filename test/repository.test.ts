import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyDriver } from '../drivers/index.ts';

const drivers = await everyDriver();
const ROOT = new URL('../', import.meta.url).pathname;

/** Which folders of src/ a folder may import from, beside itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'driver-kit': ['core'],
  identification: ['core'],
  metering: ['core'],
  transports: ['driver-kit', 'core'],
  acquisition: ['driver-kit', 'identification', 'metering', 'core'],
  outbox: ['core'],
  delivery: ['outbox', 'core'],
  config: ['driver-kit', 'core'],
  operations: ['core'],
  cli: ['core', 'config', 'operations', 'delivery', 'driver-kit', 'acquisition', 'outbox', 'identification', 'transports'],
};

/** Folders that may import types of everybody, since they show what the others know. */
const TYPES_OF_ALL = ['operations'];

/** Third-party libraries and the one file or folder that imports each. */
const IMPORTERS: Readonly<Record<string, string>> = {
  '@stoprocent/noble': 'src/transports/ble/child/',
  'serialport/dist/serialport.js': 'src/transports/',
  'better-sqlite3': 'src/outbox/',
  commander: 'src/cli/',
  'bwip-js/node': 'src/cli/barcode.ts',
  mqtt: 'src/delivery/mqtt-publisher.ts',
  pino: 'src/operations/log.ts',
  yaml: 'src/config/',
  zod: 'src/driver-kit/options.ts',
};

/** What a driver may not touch: the world. */
const NOT_IN_DRIVERS = /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|Date\.now|new Date\b|performance\.now|Math\.random|process\.|console\.|fetch\()/;

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typeOnly: boolean;
}

function filesUnder(folder: string, end: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(end) && statSync(join(ROOT, name)).isFile());
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)';|\bimport\('([^']+)'\)/gm);
  return [...found].map(([, type, from, dynamic]) => ({ file, from: from ?? dynamic ?? '', typeOnly: type !== undefined }));
}

/** The repository path that a relative import leads to. */
function target({ file, from }: Import): string {
  return relative(ROOT, resolve(ROOT, file, '..', from));
}

const sources = [...filesUnder('src', '.ts'), ...filesUnder('drivers', '.ts')];
const imports = sources.flatMap(importsOf);

describe('the folders are the architecture', () => {
  it('finds imports at all', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it('lets each folder import only what the design allows', () => {
    const wrong = imports
      .filter(({ from, file }) => from.startsWith('.') && file.startsWith('src/'))
      .filter((line) => {
        const own = line.file.split('/')[1] ?? '';
        const path = target(line);
        if (own === 'gateway.ts' || own === 'main.ts') return false;
        if (line.typeOnly && TYPES_OF_ALL.includes(own)) return false;
        if (path.startsWith('drivers/')) return own !== 'cli';
        const other = path.split('/')[1] ?? '';
        if (other === 'gateway.ts') return own !== 'cli';
        return other !== own && !(ALLOWED[own] ?? []).includes(other);
      });
    expect(wrong).toEqual([]);
  });

  it('lets drivers import the driver kit and their own folder only', () => {
    const wrong = imports
      .filter(({ file }) => file.startsWith('drivers/') && file !== 'drivers/index.ts')
      .filter((line) => {
        const own = line.file.split('/').slice(0, 2).join('/');
        const path = target(line);
        return !line.from.startsWith('.') || !(path.startsWith(`${own}/`) || path.startsWith('src/driver-kit/'));
      });
    expect(wrong).toEqual([]);
  });

  it('keeps clock, timers, randomness, environment and console out of drivers and pure folders', () => {
    const pure = ['drivers/', 'src/core/', 'src/driver-kit/', 'src/identification/', 'src/metering/'];
    const wrong = sources
      .filter((file) => pure.some((folder) => file.startsWith(folder)))
      .filter((file) => NOT_IN_DRIVERS.test(withoutComments(readFileSync(join(ROOT, file), 'utf8'))));
    expect(wrong).toEqual([]);
  });

  it('lets only the stamp read wall time', () => {
    const readers = sources.filter((file) => /\bDate\.now\(|\bnew Date\(\)/.test(withoutComments(readFileSync(join(ROOT, file), 'utf8'))));
    expect(readers).toEqual(['src/acquisition/stamp.ts']);
  });

  it('gives each third-party library one importer', () => {
    const wrong = imports.filter(({ from, file }) => {
      if (from.startsWith('.') || from.startsWith('node:')) return false;
      const importer = IMPORTERS[from];
      return importer === undefined || !file.startsWith(importer);
    });
    expect(wrong).toEqual([]);
  });

  it('gives a reason in CONTRIBUTING.md for every dependency', () => {
    const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    const missing = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((name) => !text.includes(`| ${name} |`));
    expect(missing).toEqual([]);
  });
});

describe('every driver', () => {
  const folders = readdirSync(join(ROOT, 'drivers'), { withFileTypes: true }).filter((entry) => entry.isDirectory());

  it('is listed under its folder\'s name', () => {
    expect(drivers.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it.each(drivers.map(({ name }) => name))('%s has a README and transcripts, good and bad', (name) => {
    expect(existsSync(join(ROOT, 'drivers', name, 'README.md'))).toBe(true);
    const transcripts = filesUnder(`drivers/${name}/fixtures`, '.transcript').map((file) => readFileSync(join(ROOT, file), 'utf8'));
    expect(transcripts.some((text) => /^error: /m.test(text) || /^discard: /m.test(text))).toBe(true);
    expect(transcripts.some((text) => /^\{"kind"/m.test(text))).toBe(true);
  });

  it.each(drivers.map((driver) => [driver.name, driver] as const))('%s describes every option', (_, driver) => {
    const undescribed = Object.entries(driver.options.shape).filter(([, field]) => (field as { description?: string }).description === undefined);
    expect(undescribed.map(([key]) => key)).toEqual([]);
  });
});

describe('the repository', () => {
  it('stands on its own', () => {
    const text = [...sources, ...filesUnder('test', '.ts'), ...filesUnder('scripts', '.ts'), ...filesUnder('demo', '.ts'), ...filesUnder('bench', '.ts'), ...filesUnder('docs', '.md')]
      .filter((file) => file !== 'test/repository.test.ts')
      .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('../shared'));
    expect(text).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const wrong = [...sources, ...filesUnder('test', '.ts')].filter((file) => !file.split('/').every((part) => /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*$/.test(part)));
    expect(wrong).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

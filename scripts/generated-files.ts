import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver } from '../src/driver-kit/define-driver.ts';
import { configurationPage, driverOptions } from './configuration-page.ts';
import { configurationJsonSchema } from './json-schema.ts';

/** A file that is written by a program, by its path in the repository. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** Every file that follows from the configuration's schema and the drivers' options, and why one cannot be made. */
export function generatedFiles(root: string, drivers: readonly Driver[]): { readonly files: readonly GeneratedFile[]; readonly problems: readonly string[] } {
  const readmes = drivers.map((driver) => readmeOf(root, driver));
  return {
    files: [
      { path: 'config/gateway.schema.json', content: `${JSON.stringify(configurationJsonSchema(drivers), null, 2)}\n` },
      { path: 'docs/configuration.md', content: configurationPage(drivers) },
      ...readmes.filter((readme) => typeof readme !== 'string'),
    ],
    problems: readmes.filter((readme) => typeof readme === 'string'),
  };
}

/** The generated files that are not on the disk as they should be. */
export function staleFiles(root: string, files: readonly GeneratedFile[]): readonly string[] {
  return files.filter(({ path, content }) => textOf(join(root, path)) !== content).map(({ path }) => path);
}

const OPTIONS = '<!-- options -->';
const END = '<!-- /options -->';

/** The README with its options, or why there is none. */
function readmeOf(root: string, driver: Driver): GeneratedFile | string {
  const path = `drivers/${driver.name}/README.md`;
  const text = textOf(join(root, path)) ?? '';
  const [from, to] = [text.indexOf(OPTIONS), text.indexOf(END)];
  if (from < 0 || to < from) return `${path} needs the lines "${OPTIONS}" and "${END}", between which its options are written`;
  return { path, content: `${text.slice(0, from)}${OPTIONS}\n\n${driverOptions(driver)}\n\n${text.slice(to)}` };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // not there yet: then it is stale
  }
}

import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** A program of the bench as the gateway is: in one file, without what the development runner adds to each function. */
export interface BuiltProgram {
  readonly path: string;
  remove(): void;
}

/** Builds one beside this file into `dist/`: in the repository, so that it finds the libraries. */
export function builtProgram(name: string): BuiltProgram {
  const path = fileOf(`../dist/bench-${name}.${process.pid}.js`);
  mkdirSync(fileOf('../dist'), { recursive: true });
  buildSync({ entryPoints: [fileOf(`${name}.ts`)], outfile: path, bundle: true, platform: 'node', target: 'node20.19', format: 'esm', packages: 'external', logLevel: 'warning' });
  return { path, remove: () => rmSync(path, { force: true }) };
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

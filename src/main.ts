#!/usr/bin/env -S node --enable-source-maps
import { readFileSync } from 'node:fs';
import { runCommandLine } from './cli/index.ts';

/** In dist/, the worker, the drivers' profiles and package.json lie beside this file; scripts/build.ts puts them there. */
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

process.exitCode = await runCommandLine(process.argv.slice(2), {
  version,
  workerFile: new URL('outbox-worker.js', import.meta.url),
  driversFolder: new URL('drivers/', import.meta.url),
});

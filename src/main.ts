#!/usr/bin/env -S node --enable-source-maps
import { readFileSync } from 'node:fs';
import { runCommandLine } from './cli/index.ts';

/** In dist/, the worker, the drivers' profiles and package.json lie beside this file; scripts/build.ts puts them there. */
const { version, built } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string; built: string };

/** At once: a thread or a socket of something that failed half-way must not keep a dead gateway alive. */
const exitCode = await runCommandLine(process.argv.slice(2), {
  version,
  builtMs: Date.parse(built),
  workerFile: new URL('outbox-worker.js', import.meta.url),
  radioFile: new URL('ble-radio.js', import.meta.url),
  driversFolder: new URL('drivers/', import.meta.url),
});
await flushed(process.stdout);
await flushed(process.stderr);
process.exit(exitCode);

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.once('drain', () => resolve());
  });
}

import { chmod, copyFile, cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

/**
 * Left out of the bundle because nothing can reach it, and because loading it takes a third of the start-up time: MQTT
 * over WebSockets and through SOCKS proxies, which the configuration does not offer, its timers for browsers, the log's
 * threads, and zod's messages in 60 languages. Node's own streams stand in for the copy of them that is made for browsers.
 */
const unreachable: Plugin = {
  name: 'unreachable',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^readable-stream$/ }, () => ({ path: 'node:stream', external: true }));
    pluginBuild.onResolve({ filter: /^(?:ws|socks|worker-timers|thread-stream)$/ }, ({ path }) => ({ path, namespace: 'unreachable' }));
    pluginBuild.onResolve({ filter: /\/locales\/index\.js$/ }, ({ path }) => ({ path, namespace: 'unreachable' }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'unreachable' }, () => ({ contents: 'export {};' }));
  },
};

/**
 * Bundles the gateway into dist/: one file for the process, one for the outbox's thread, one for the radio's process, with source maps. Native
 * modules stay outside. Why a bundle: docs/decisions/0003-bundle.md.
 */
const root = new URL('../', import.meta.url).pathname;
const dist = `${root}dist.${process.pid}`;

await build({
  absWorkingDir: root,
  entryPoints: { tailgate: 'src/main.ts', 'outbox-worker': 'src/outbox/worker.ts', 'ble-radio': 'src/transports/ble/child/main.ts' },
  outdir: dist,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  sourcemap: true,
  sourcesContent: false,
  external: ['@serialport/bindings-cpp', 'better-sqlite3'],
  banner: { js: 'import { createRequire as tailgateRequire } from "node:module"; const require = tailgateRequire(import.meta.url);' },
  plugins: [unreachable],
  logLevel: 'warning',
});
await copyFile(`${root}src/outbox/file/schema.sql`, `${dist}/schema.sql`);
await writeFile(`${dist}/package.json`, JSON.stringify({ ...(JSON.parse(await readFile(`${root}package.json`, 'utf8')) as object), built: buildTime() }, null, 2));
await chmod(`${dist}/tailgate.js`, 0o755);
await cp(`${root}drivers`, `${dist}/drivers`, { recursive: true, filter: (path) => !/\.(ts|transcript|md)$/.test(path) });
// In one step, as far as it goes: what starts from dist/ meanwhile has it whole, old or new.
await rename(`${root}dist`, `${dist}.old`).catch(() => undefined); // there was none before
await rename(dist, `${root}dist`);
await rm(`${dist}.old`, { recursive: true, force: true });

/** A clock that shows less than this is wrong. SOURCE_DATE_EPOCH (reproducible-builds.org) makes two builds equal. */
function buildTime(): string {
  const seconds = process.env['SOURCE_DATE_EPOCH'];
  return (seconds === undefined ? new Date() : new Date(Number(seconds) * 1000)).toISOString();
}

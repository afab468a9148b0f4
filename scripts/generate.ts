import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { everyDriver } from '../drivers/index.ts';
import { generatedFiles, staleFiles } from './generated-files.ts';

const drivers = await everyDriver();

/**
 * Writes the files that follow from the configuration's schema and the drivers' options. With `--check` it writes
 * nothing, names what is stale and ends with 1.
 */
const root = new URL('../', import.meta.url).pathname;
const { files, problems } = generatedFiles(root, drivers);
const stale = new Set(staleFiles(root, files));
const check = process.argv.includes('--check');

for (const { path, content } of files) {
  if (!stale.has(path)) continue;
  if (!check) writeFileSync(join(root, path), content);
  console.log(check ? `${path} is stale; run \`npm run generate\`` : `wrote ${path}`);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0 || (check && stale.size > 0)) process.exitCode = 1;

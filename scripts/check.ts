import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `npm run check`: types, lint, generated files and tests, all of them even if one fails, so that one run tells
 * everything. The last line is the count; what was skipped is named above it.
 */
const root = new URL('../', import.meta.url).pathname;
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'tailgate-check-'));
const resultFile = join(folder, 'vitest.json');

let passed = 0;
let failed = 0;

step('types', bin('tsc'), ['--project', '.']);
step('lint', bin('oxlint'), ['--type-aware', '--deny-warnings']);
step('generated files are current', process.execPath, ['--import', 'tsx', 'scripts/generate.ts', '--check']);
run('tests', bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`, ...process.argv.slice(2)]);

const skipped = countTests();
if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((name) => `  - ${name}`).join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

function step(name: string, program: string, args: readonly string[]): void {
  if (run(name, program, args)) passed += 1;
  else failed += 1;
}

function run(name: string, program: string, args: readonly string[]): boolean {
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(error.message);
  const fine = status === 0;
  console.log(fine ? `${name}: fine` : `${name}: FAILED`);
  return fine;
}

/** Adds the tests to the counts and returns the names of those that were skipped. */
function countTests(): readonly string[] {
  const names: string[] = [];
  let files: { name: string; status: string; message: string; assertionResults: { fullName: string; status: string }[] }[];
  try {
    files = (JSON.parse(readFileSync(resultFile, 'utf8')) as { testResults: typeof files }).testResults;
  } catch (error) {
    console.error(`the tests left no result: ${String(error)}`);
    failed += 1;
    return names;
  }
  for (const { name, status, message, assertionResults } of files) {
    if (status === 'failed' && assertionResults.every((result) => result.status !== 'failed')) {
      console.error(`${name}: ${message}`);
      failed += 1;
    }
    for (const result of assertionResults) {
      if (result.status === 'passed') passed += 1;
      else if (result.status === 'failed') failed += 1;
      else names.push(result.fullName);
    }
  }
  return names;
}

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run soak -- --minutes N`: the soak of test/faults for so long, with random faults all the while. */
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('write the minutes as a number above 0, such as npm run soak -- --minutes 60');
  process.exit(2);
}
const root = new URL('../', import.meta.url).pathname;
const { status } = spawnSync(`${root}node_modules/.bin/vitest`, ['run', 'test/faults/soak.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TAILGATE_SOAK_MINUTES: String(minutes) },
});
process.exitCode = status ?? 1;

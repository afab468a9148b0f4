import { execFileSync } from 'node:child_process';

/** Builds dist/ once: what the tests start as a process or a worker thread is what is shipped. */
export default function setup(): void {
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: new URL('../../', import.meta.url).pathname, stdio: 'inherit' });
}

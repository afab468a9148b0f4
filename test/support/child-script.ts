import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a script of this folder runs as a process of its own. */
export interface ChildParts {
  /** Its file in test/support. */
  readonly script: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Pragmas that get other values than the product gives them. */
  readonly pragmas?: Readonly<Record<string, string>>;
}

/** Runs it to its end and resolves with its exit code, or the signal that ended it. */
export function runChild({ script, parameters, environment, pragmas = {} }: ChildParts): Promise<number | string | null> {
  const changed = new URL('other-pragmas.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', changed, fileURLToPath(new URL(script, import.meta.url)), ...parameters], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TAILGATE_TEST_PRAGMAS: JSON.stringify(pragmas), ...environment },
  });
  return new Promise((resolve) => void child.once('exit', (code, signal) => resolve(code ?? signal)));
}

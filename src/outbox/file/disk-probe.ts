import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a disk takes anything at all: while it does not, an open file had better stay open, since it can be read. */
export function takesWrites(directory: string): boolean {
  const probe = join(directory, 'probe');
  try {
    const file = openSync(probe, 'w', 0o600);
    try {
      writeSync(file, 'x');
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
    return true;
  } catch {
    return false; // that is the answer
  }
}

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder that is removed when the test is over. */
export function temporaryFolder(under = tmpdir()): string {
  const folder = mkdtempSync(join(under, 'tailgate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The same in memory where the system has a place for that: for tests that write much and prove nothing about the disk. */
export function memoryFolder(): string {
  return temporaryFolder(existsSync(MEMORY) ? MEMORY : tmpdir());
}

const MEMORY = '/dev/shm';

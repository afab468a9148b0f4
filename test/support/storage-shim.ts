import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folders.ts';
import { ShimControl } from './storage-shim-control.ts';

/** A C compiler of this machine, if it is a Linux; tests that need the shim are skipped by name where there is none. */
export const COMPILER = process.platform === 'linux' ? ['cc', 'gcc', 'clang'].find((program) => spawnSync(program, ['--version']).status === 0) : undefined;

/**
 * The preloaded library between a child process and the files of one folder (storage-shim/storage-shim.c): traces its
 * writes and syncs, and fails or delays them, switched while the child runs.
 */
export class StorageShim {
  /** The folder that the shim watches. */
  readonly folder: string;
  /** What the child wrote to the folder's files, for readTrace. */
  readonly traceFile: string;
  /** What the child writes to this file goes into the trace as a mark. */
  readonly marksFile: string;
  /** The control file, for a child that switches its own faults. */
  readonly controlFile: string;
  readonly control: ShimControl;

  private constructor(folder: string, state: string) {
    this.folder = folder;
    this.traceFile = join(state, 'trace');
    this.marksFile = join(state, 'marks');
    this.controlFile = join(state, 'control');
    writeFileSync(this.marksFile, '');
    writeFileSync(this.controlFile, ShimControl.EMPTY);
    const file = openSync(this.controlFile, 'r+');
    onTestFinished(() => closeSync(file));
    this.control = new ShimControl(file);
  }

  /** Makes one for the running test, for an existing folder. */
  static over(folder: string): StorageShim {
    return new StorageShim(realpathSync(folder), temporaryFolder());
  }

  /** What a child's environment needs; the trace only where somebody reads it, since it holds every byte. */
  environment({ traced = false }: { readonly traced?: boolean } = {}): Record<string, string> {
    return {
      LD_PRELOAD: builtLibrary(),
      TAILGATE_SHIM_DIR: this.folder,
      TAILGATE_SHIM_CONTROL: this.controlFile,
      ...(traced && { TAILGATE_SHIM_TRACE: this.traceFile, TAILGATE_SHIM_MARKS: this.marksFile }),
    };
  }
}

let library: string | undefined;

/** Compiles it once a process. */
function builtLibrary(): string {
  if (library !== undefined) return library;
  const folder = mkdtempSync(join(tmpdir(), 'tailgate-shim-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'storage-shim.so');
  const source = fileURLToPath(new URL('storage-shim/storage-shim.c', import.meta.url));
  const { status, stderr } = spawnSync(COMPILER ?? 'cc', ['-Wall', '-Wextra', '-O1', '-shared', '-fPIC', '-pthread', '-o', file, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the storage shim does not compile: ${stderr}`);
  library = file;
  return file;
}

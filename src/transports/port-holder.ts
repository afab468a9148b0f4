import { readFileSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A program that has a port. */
export interface PortHolder {
  readonly pid: number;
  /** The program's short name, such as "minicom". */
  readonly program: string;
}

/**
 * Who holds the advisory lock on a device file, as /proc/locks tells it; undefined when nobody, or when it is hidden. The
 * kernel lets that file be read only when no processor takes a lock, which can take 20 ms: not on this thread.
 */
export async function lockHolder(path: string): Promise<PortHolder | undefined> {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  const hex = (number: number): string => number.toString(16).padStart(2, '0');
  const suffix = `${hex(major(file.dev))}:${hex(minor(file.dev))}:${file.ino}`;
  const locks = await readFile('/proc/locks', 'utf8').catch(() => ''); // hidden by a sandbox
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, inode] = line.split(/\s+/);
    if (kind === 'FLOCK' && inode === suffix) return holder(Number(pid));
  }
  return undefined;
}

/** Who has a device file open; sees only the processes that this user may look into. It reads all of /proc: for errors. */
export function openHolder(path: string): PortHolder | undefined {
  const file = realPath(path);
  for (const pid of folder('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of folder(`/proc/${pid}/fd`)) {
      if (linkTarget(`/proc/${pid}/fd/${descriptor}`) === file) return holder(Number(pid));
    }
  }
  return undefined;
}

/** Remembers for a minute what `openHolder` found, since a port that stays taken is tried every few seconds. */
export class RememberedHolder {
  readonly #search: (path: string) => PortHolder | undefined;
  readonly #nowMs: () => number;
  #last: { readonly file: string; readonly atMs: number; readonly found: PortHolder | undefined } | undefined;

  constructor(search = openHolder, nowMs = () => performance.now()) {
    this.#search = search;
    this.#nowMs = nowMs;
  }

  /** Who has the device file open, as it was at most a minute ago. */
  of(path: string): PortHolder | undefined {
    const file = `${path} ${statSync(path, { throwIfNoEntry: false })?.ino ?? 'none'}`;
    const nowMs = this.#nowMs();
    if (this.#last?.file === file && nowMs - this.#last.atMs < REMEMBERED_MS) return this.#last.found;
    this.#last = { file, atMs: nowMs, found: this.#search(path) };
    return this.#last.found;
  }
}

/** The words for an error: "minicom (process 812)". */
export function spokenHolder(found: PortHolder | undefined): string {
  if (found === undefined) return 'another program';
  if (found.pid === process.pid) return 'another device of this gateway';
  return `${found.program} (process ${found.pid})`;
}

function holder(pid: number): PortHolder {
  return { pid, program: lines(`/proc/${pid}/comm`)[0] ?? 'a program' };
}

/** Linux's encoding of a device number (gnu_dev_major and gnu_dev_minor of glibc), the 32 bits in use. */
function major(device: number): number {
  return (device >>> 8) & 0xfff;
}

function minor(device: number): number {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return []; // hidden by a sandbox, or the process has gone
  }
}

function folder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // another user's process
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // gone meanwhile, so nobody is found
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // closed meanwhile
  }
}

const REMEMBERED_MS = 60_000;

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { codeOf, ConfigurationError, messageOf } from '../core/errors.ts';
import { printable } from '../core/printable.ts';

/** A file's bytes and its mode. */
export interface FileContent {
  readonly bytes: Uint8Array;
  /** Permission bits, such as 0o640. */
  readonly mode: number;
}

/** Reads a whole file of at most `bytesMax` bytes; throws a ConfigurationError that says why it cannot be read. */
export async function readFileBounded(file: string, bytesMax: number): Promise<FileContent> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe that nobody writes to would never return.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode } = await handle.stat();
    const bytes = await readAtMost(handle, bytesMax + 1);
    if (bytes.length <= bytesMax) return { bytes, mode: mode & 0o777 };
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    await handle?.close();
  }
  throw new ConfigurationError({ where: printable(file), what: `is larger than ${bytesMax} bytes`, remedy: 'Check that this is the right file' });
}

async function readAtMost(handle: FileHandle, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let left = bytesMax; left > 0; ) {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(Math.min(left, CHUNK_BYTES)), 0, null, null);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
  return Buffer.concat(chunks);
}

function unreadable(file: string, cause: unknown): ConfigurationError {
  const [what, remedy] = WORDS.get(codeOf(cause) ?? '') ?? [`cannot be read: ${printable(messageOf(cause))}`, undefined];
  return new ConfigurationError({ where: printable(file), what, remedy, cause });
}

const CHUNK_BYTES = 16 * 1024;

const WORDS = new Map<string, readonly [what: string, remedy: string]>([
  ['ENOENT', ['there is no such file', 'Check the path']],
  ['ENOTDIR', ['there is no such file', 'Check the path']],
  ['EISDIR', ['is a folder', 'Name a file']],
  ['EACCES', ['this user may not read it', 'Give the file to the user that Tailgate runs as, or read it with sudo']],
  ['EPERM', ['this user may not read it', 'Give the file to the user that Tailgate runs as, or read it with sudo']],
  ['EAGAIN', ['is a pipe that holds nothing', 'Name a file']],
]);

import { isAbsolute, join } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { readFileBounded } from './read-file.ts';

/**
 * The secret in a file, without the line break at its end: a password or a private key. An absolute path is taken as
 * it is; a bare name is a systemd credential. Throws a ConfigurationError, also when everybody may read the file.
 */
export async function readSecret(file: string): Promise<string> {
  const path = secretPath(file);
  const { bytes, mode } = await readFileBounded(path, SECRET_BYTES_MAX);
  if (readableByAll(mode)) {
    throw new ConfigurationError({ where: printable(path), what: READABLE_BY_ALL, remedy: `Run \`chmod o-r ${printable(path)}\`` });
  }
  return textOf(path, bytes);
}

/** The text of a file that is no secret, such as a certificate; the name is resolved as a secret's. */
export async function readPublic(file: string): Promise<string> {
  const path = secretPath(file);
  return textOf(path, (await readFileBounded(path, SECRET_BYTES_MAX)).bytes);
}

/** Where a file named in a key that ends in `File` is; throws a ConfigurationError when that cannot be told. */
export function secretPath(file: string, environment: Readonly<Record<string, string | undefined>> = process.env): string {
  if (isAbsolute(file)) return file;
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (folder === undefined) {
    throw new ConfigurationError({
      where: printable(file),
      what: 'a name without a folder is a systemd credential, and this process was given none',
      remedy: 'Write the whole path, or start Tailgate as a service with LoadCredential=',
    });
  }
  if (file.includes('/')) throw new ConfigurationError({ where: printable(file), what: 'is a relative path', remedy: 'Write the whole path' });
  return join(folder, file);
}

/** Whether everybody on this machine may read a file of this mode. */
export function readableByAll(mode: number): boolean {
  return (mode & 0o004) !== 0;
}

/** What is wrong with a secret of such a mode. */
export const READABLE_BY_ALL = 'everybody on this machine may read this secret';

/** A bundle of all public certificate authorities has about 230 KB. */
const SECRET_BYTES_MAX = 1024 * 1024;

function textOf(path: string, bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigurationError({ where: printable(path), what: 'is not text', remedy: 'A certificate or key is wanted in PEM form, a password in UTF-8', cause: error });
  }
  const trimmed = text.replace(/\r?\n$/, '');
  if (trimmed === '') throw new ConfigurationError({ where: printable(path), what: 'is empty', remedy: 'Write the secret into it' });
  return trimmed;
}

import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readPublic, readSecret } from '../../src/config/secret.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { folderOf } from './support.ts';

function secretFile(content: string | Uint8Array, mode = 0o600): string {
  const file = join(folderOf({ secret: content }), 'secret');
  chmodSync(file, mode);
  return file;
}

async function refusal(reading: Promise<string>): Promise<string> {
  const error: unknown = await reading.catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigurationError)) throw new Error('not refused', { cause: error });
  return error.message;
}

afterEach(() => vi.unstubAllEnvs());

describe('a secret', () => {
  it.each([
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n', 's3cret'],
    ['s3cret', 's3cret'],
    [' s3 cret \n\n', ' s3 cret \n'],
  ])('loses one line break at its end and nothing else: %j', async (content, expected) => {
    expect(await readSecret(secretFile(content))).toBe(expected);
  });

  it('with a bare name is a systemd credential', async () => {
    const file = secretFile('s3cret\n', 0o440);
    vi.stubEnv('CREDENTIALS_DIRECTORY', join(file, '..'));
    expect(await readSecret('secret')).toBe('s3cret');
    expect(await refusal(readSecret('a/secret'))).toBe('a/secret: is a relative path. Write the whole path');
  });

  it('with a bare name is refused where there are no credentials', async () => {
    vi.stubEnv('CREDENTIALS_DIRECTORY', undefined);
    expect(await refusal(readSecret('mqtt-password'))).toBe(
      'mqtt-password: a name without a folder is a systemd credential, and this process was given none. Write the whole path, or start Tailgate as a service with LoadCredential=',
    );
  });

  it('that everybody may read is refused with the remedy, a certificate is not', async () => {
    const file = secretFile('s3cret\n', 0o644);
    expect(await refusal(readSecret(file))).toBe(`${file}: everybody on this machine may read this secret. Run \`chmod o-r ${file}\``);
    expect(await readPublic(file)).toBe('s3cret');
  });

  it('that is missing, empty, too large or no text is refused in words', async () => {
    expect(await refusal(readSecret('/nowhere/secret'))).toBe('/nowhere/secret: there is no such file. Check the path');
    expect(await refusal(readSecret('/dev'))).toBe('/dev: is a folder. Name a file');
    const [empty, large, binary] = [secretFile('\n'), secretFile('x'.repeat(1024 * 1024 + 1)), secretFile(new Uint8Array([0xff, 0xfe]))];
    expect(await refusal(readSecret(empty))).toBe(`${empty}: is empty. Write the secret into it`);
    expect(await refusal(readSecret(large))).toBe(`${large}: is larger than 1048576 bytes. Check that this is the right file`);
    expect(await refusal(readSecret(binary))).toBe(`${binary}: is not text. A certificate or key is wanted in PEM form, a password in UTF-8`);
  });
});

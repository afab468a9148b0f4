import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether openssl is installed; tests that make certificates are skipped by name where it is not. */
export const OPENSSL = spawnSync('openssl', ['version']).error === undefined;

/** An authority with a certificate for a broker on this machine and one for a gateway; values are file names. */
export interface Certificates {
  readonly authority: string;
  readonly broker: { readonly certificate: string; readonly key: string };
  readonly gateway: { readonly certificate: string; readonly key: string };
}

/** Makes them in a folder. */
export function makeCertificates(folder: string): Certificates {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const at = (name: string): string => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'authority.key', '-out', 'authority.pem', '-days', '2', '-subj', '/CN=Tailgate test authority');
  for (const [name, subject, extension] of [
    ['broker', '/CN=localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ['gateway', '/CN=truck-17', 'extendedKeyUsage=clientAuth'],
  ] as const) {
    writeFileSync(at(`${name}.ext`), extension);
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`);
  }
  const pair = (name: string): { certificate: string; key: string } => ({ certificate: at(`${name}.pem`), key: at(`${name}.key`) });
  return { authority: at('authority.pem'), broker: pair('broker'), gateway: pair('gateway') };
}

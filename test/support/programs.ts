import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from './folders.ts';

/** A folder with fake programs, by name and shell script, to be put into a PATH; what the scripts call is found too. */
export function fakePrograms(scripts: Readonly<Record<string, string>>): { readonly folder: string; readonly path: string } {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(scripts)) writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { folder, path: `${folder}${delimiter}/usr/bin${delimiter}/bin` };
}

/** A folder with fake programs and nothing else, as where neither systemd nor chrony is installed. */
export function onlyPrograms(scripts: Readonly<Record<string, string>>): string {
  return fakePrograms(scripts).folder;
}

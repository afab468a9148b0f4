import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowIdentity } from '../calls.ts';
import { FILE_NAME } from '../file/store.ts';
import type { NamedStream } from './streams-file.ts';

/** A damaged outbox that was put aside. */
export interface PutAside extends WhatIsKnown {
  readonly folder: string;
}

/** What is known of a file without reading it. */
export interface WhatIsKnown {
  /** The streams that it held. */
  readonly streams: readonly NamedStream[];
  /** From this row of its own stream on, readings were told as not stored, whatever the file says. */
  readonly untoldFrom?: RowIdentity | undefined;
}

/** Moves a damaged file and its log into a folder of their own, named after the time. It is never deleted. */
export function putAside(directory: string, nowMs: number, known: WhatIsKnown): void {
  const name = `${DAMAGED}${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`;
  let folder = join(directory, name);
  for (let count = 2; existsSync(folder); count += 1) folder = join(directory, `${name}-${count}`);
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, KNOWN), JSON.stringify(known));
  // The log last: a file without its log would be opened as whole if the power went in between.
  for (const end of ['', '-shm', '-wal']) {
    const from = join(directory, FILE_NAME + end);
    if (existsSync(from)) renameSync(from, join(folder, FILE_NAME + end));
  }
}

/** What was put aside and is not salvaged yet. */
export function waitingForSalvage(directory: string): readonly PutAside[] {
  // A folder without its file was made right before the power went: there is nothing in it yet.
  const names = readdirSync(directory).filter((name) => name.startsWith(DAMAGED) && existsSync(join(directory, name, FILE_NAME)));
  return names.sort().map((name) => ({ folder: join(directory, name), ...readKnown(join(directory, name, KNOWN)) }));
}

/** The salvage is over; the folder stays, under another name, until a person removes it. */
export function salvaged({ folder }: PutAside): void {
  renameSync(folder, folder.replace(DAMAGED, SALVAGED));
}

/** The folders that a person may remove. */
export function salvagedFolders(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(SALVAGED))
    .map((name) => join(directory, name));
}

const DAMAGED = 'damaged-';
const SALVAGED = 'salvaged-';
const KNOWN = 'known.json';

/** What a power cut tore counts as not known. */
function readKnown(file: string): WhatIsKnown {
  try {
    const known: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof known === 'object' && known !== null && 'streams' in known && Array.isArray(known.streams) ? (known as WhatIsKnown) : { streams: [] };
  } catch {
    return { streams: [] };
  }
}
